package web_test

import (
	"strings"
	"testing"
)

// hostile is text that runs code in a page which builds markup from strings.
var hostile = []string{
	`<script>window.pwned = 1</script>`,
	`<img src=x onerror="window.pwned = 1">`,
	`<svg onload="window.pwned = 1"><a xlink:href="javascript:window.pwned=1">x</a></svg>`,
	`[click](javascript:window.pwned=1) [click]( jAvAsCrIpT:window.pwned=1 ) [click](data:text/html,<script>window.pwned=1</script>)`,
	"[click](java\tscript:window.pwned=1) [click](vbscript:x) <javascript:window.pwned=1> [x](file:///etc/passwd) [x](blob:abc)",
	`![x](javascript:window.pwned=1) ![x](data:image/svg+xml;base64,PHN2Zy8+) ![x"onerror="window.pwned=1](https://evil.example/a.png)`,
	`[x](https://good.example" onclick="window.pwned=1)`,
	`**bold <iframe src="javascript:window.pwned=1"></iframe>**`,
	"```html\"><script>window.pwned=1</script>\n</code></pre><script>window.pwned = 1</script>\n```",
	"| <b onmouseover=window.pwned=1>a</b> | b |\n| --- | --- |\n| <script>window.pwned=1</script> | c |",
	`<a href="https://x" style="position:fixed;inset:0">overlay</a>`,
	`[good](https://good.example/path) and https://bare.example/x. Mail [me](mailto:me@example.org).`,
}

func TestHostileTextNeverRuns(t *testing.T) {
	t.Parallel()
	all := strings.Join(hostile, "\n\n")
	g := newFake(t)
	g.sessions = append(g.sessions, object{"key": `<img src=x onerror="window.pwned=1">`, "kind": "group", "displayName": hostile[1], "surface": hostile[0], "updatedAt": 1})
	g.add("user", all)
	g.add("assistant", []object{{"type": "text", "text": all}, {"type": "thinking", "thinking": all}, {"type": "toolCall", "id": "t<b>", "name": hostile[0], "arguments": object{hostile[1]: hostile[0]}}})
	g.add("toolResult", text(all), "toolCallId", "t<b>", "toolName", "x", "isError", true)
	g.add("bashExecution", text(all))
	g.add("assistant", []object{{"type": "image", "data": `"><script>window.pwned=1</script>`, "mimeType": "image/png"}, {"type": "image", "data": "AAAA", "mimeType": "image/svg+xml"}}, "errorMessage", hostile[0])
	g.onSend = func(c *fakeCall) {
		c.begin()
		for i := 1; i <= len(all); i += 97 { // also half-written markup
			c.delta(all[:i])
		}
		c.gw.emit("chat", object{"runId": c.Params.Key, "sessionKey": "main", "seq": 3, "state": "error", "errorMessage": hostile[1]})
		c.fail("UNAVAILABLE", hostile[1], object{"runId": c.Params.Key, "status": "error"})
	}
	p := open(t, g)
	p.WaitText("[data-role=assistant]", "<script>window.pwned = 1</script>")
	p.Eval(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`, nil)
	p.WaitText(".tool .part", "onerror")
	p.Send(hostile[1])
	p.WaitText(".note[data-tone=bad]", "Failed: <img")
	p.Eval(`document.querySelectorAll('#messages a, #sessions button').forEach((a) => a.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))`, nil)
	var got struct {
		Pwned   bool
		Bad     []string
		Schemes []string
		Rel     []string
		Hosts   string
	}
	p.Eval(`({
		Pwned: 'pwned' in window,
		Bad: [...document.querySelectorAll('#messages script, #messages iframe, #messages style, #messages object, #sessions img, #messages svg a, #messages img')].map((e) => e.outerHTML)
			.concat([...document.querySelectorAll('body *')].flatMap((e) => e.getAttributeNames().filter((n) => n.startsWith('on')).map((n) => e.tagName + ' ' + n)))
			.concat([...document.querySelectorAll('#messages [style]')].map((e) => e.outerHTML)),
		Schemes: [...new Set([...document.querySelectorAll('#messages a')].map((a) => a.protocol))].sort(),
		Rel: [...new Set([...document.querySelectorAll('#messages a')].map((a) => a.rel + ' ' + a.target))],
		Hosts: [...document.querySelectorAll('#messages .host')].map((e) => e.textContent).join(),
	})`, &got)
	if got.Pwned {
		t.Error("hostile text ran")
	}
	if len(got.Bad) > 0 {
		t.Errorf("elements and attributes that a message made: %q", got.Bad)
	}
	if s := strings.Join(got.Schemes, " "); s != "http: https: mailto:" && s != "https: mailto:" {
		t.Errorf("link schemes %q", s)
	}
	if len(got.Rel) != 1 || !strings.Contains(got.Rel[0], "noopener") || !strings.HasSuffix(got.Rel[0], "_blank") {
		t.Errorf("links have %q", got.Rel)
	}
	if !strings.Contains(got.Hosts, "good.example") {
		t.Errorf("the target of a link is not shown: %q", got.Hosts)
	}
}

// TestMarkdownStaysFast feeds the parser what makes naive ones quadratic.
func TestMarkdownStaysFast(t *testing.T) {
	t.Parallel()
	p := open(t, newFake(t))
	for name, expr := range map[string]string{
		"stars":      `'*a '.repeat(60000)`,
		"bold":       `'**a'.repeat(60000)`,
		"mixed":      `'*_~~**a'.repeat(30000)`,
		"brackets":   `'['.repeat(150000) + ']('`,
		"images":     `'!['.repeat(80000)`,
		"backticks":  "Array.from({length: 600}, (_, i) => '`'.repeat(i)).join(' ')",
		"spaces":     `'# ' + ' '.repeat(150000) + 'x'`,
		"table":      `'a|b\n-' + ' '.repeat(150000) + 'x'`,
		"rules":      `'- '.repeat(60000) + 'x'`,
		"quotes":     `'>'.repeat(50000) + ' x'`,
		"nesting":    `Array.from({length: 400}, (_, i) => ' '.repeat(2 * i) + '- x').join('\n')`,
		"urls":       `'https://a.b/' + '('.repeat(100000)`,
		"link title": `'[a](' + ' '.repeat(100000) + '"x)'`,
		"lines":      `'word\n'.repeat(60000)`,
	} {
		const limit = 3000 // ms; a quadratic parser takes minutes
		ms := float64(limit) + 1
		for try := 0; try < 3 && ms > limit; try++ { // a busy machine is slow once, a bad parser each time
			p.Eval(`import('/assets/markdown.js').then(({renderMarkdown}) => {
				const text = `+expr+`;
				const start = performance.now();
				renderMarkdown(document.createElement('div'), text);
				return performance.now() - start;
			})`, &ms)
		}
		t.Logf("%s: %.0f ms", name, ms)
		if ms > limit {
			t.Errorf("%s: %.0f ms, three times", name, ms)
		}
	}
}
