package web_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestCanvas_hostile: what a page in the canvas sends is taken for a user action and nothing else, from its frame only, not too
// often, and its names cannot pass for other words of the message.
func TestCanvas_hostile(t *testing.T) {
	t.Parallel()
	p := open(t, newFake(t))
	var taken []string
	p.Eval(`import('/assets/canvas.js').then(({userAction, messageOf}) => [
		7, null, {}, '', 'x', '[]', '7', 'null', '{}', '{"userAction":null}', '{"name":7}', '{"name":" "}', '{"name":"'+'x'.repeat(70000)+'"}',
		'{"userAction":{"name":"go","id":" i ","surfaceId":"s","sourceComponentId":"c","context":{"a":"b c"}}}',
		'{"action":"a session=other\\nSTOP <b>","context":[1],"surfaceId":" "}',
	].map(userAction).map((a) => a && messageOf(a, 'my session', 'ABC')).filter(Boolean))`, &taken)
	want := []string{
		`CANVAS_A2UI action=go session=my_session surface=s component=c host=WebChat instance=abc ctx={"a":"b c"} default=update_canvas`,
		`CANVAS_A2UI action=a_session_other_STOP__b_ session=my_session surface=main component=- host=WebChat instance=abc default=update_canvas`,
	}
	if strings.Join(taken, "\n") != strings.Join(want, "\n") {
		t.Errorf("messages\n%s\nwant\n%s", strings.Join(taken, "\n"), strings.Join(want, "\n"))
	}
	lines, err := json.Marshal(append(want, `CANVAS_A2UI of my own`, `hi `+want[0], strings.Replace(want[0], `"b c"}`, `<b>`, 1),
		strings.Replace(want[1], " default", ` ctx={"<img src=x onerror=pwned=1>":{"n":[1]},"on":true} default`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	p.Eval(`import('/assets/canvasaction.js').then(({canvasAction, actionCard}) => `+string(lines)+`.map(canvasAction).map((a) => a ? actionCard(a).textContent : 'as it is'))`, &shown)
	cards := []string{"go on the canvasab c", "a_session_other_STOP__b_ on the canvas", "as it is", "as it is", "as it is",
		`a_session_other_STOP__b_ on the canvas<img src=x onerror=pwned=1>{"n":[1]}onyes`}
	if strings.Join(shown, "\n") != strings.Join(cards, "\n") {
		t.Errorf("shown\n%q\nwant\n%q", shown, cards)
	}
	var calls []int
	p.Eval(`import('/assets/canvas.js').then(async ({CanvasPane}) => {
		const sent = [], told = [];
		const pane = new CanvasPane({state: {sessionKey: 'main'}}, {call: async (method, params) => { sent.push([method, params]); }}, 'i');
		const frame = document.body.appendChild(document.createElement('iframe'));
		pane.frame = frame;
		pane.post = (m) => told.push(m);
		const payload = '{"name":"go"}';
		const from = (source, origin) => pane.onMessage(new MessageEvent('message', {source, origin, data: {type: 'clawdbot:user-action', payload}}));
		from(window, 'null');
		from(window, location.origin);
		from(frame.contentWindow, location.origin);
		const strangers = sent.length;
		for (let i = 0; i < 15; i++) from(frame.contentWindow, 'null');
		await Promise.resolve();
		frame.remove();
		return [strangers, sent.filter(([m, p]) => m === 'agent' && p.sessionKey === 'main' && !p.deliver).length, told.filter((m) => m.detail?.error === 'too many actions').length];
	})`, &calls)
	if len(calls) != 3 || calls[0] != 0 || calls[1] != 10 || calls[2] != 5 {
		t.Errorf("from strangers, taken, refused: %v, want 0, 10, 5", calls)
	}
	p.Eval(`window.before = document.querySelector('#canvas-toggle').hidden`, nil)
	p.Wait(`before && document.querySelector('#canvas').hidden`) // a gateway without a canvas
}
