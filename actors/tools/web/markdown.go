package web

import (
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Markdown makes a readable text of a web page: headings, paragraphs, lists, links, tables, code. base is the page's address,
// which links are made whole with. plain leaves out the marks and the links.
func Markdown(page string, base *url.URL, plain bool) (title, text string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil { // elements within elements without end
		return "", strings.Join(strings.Fields(bare(page)), " ")
	}
	if n := find(root, atom.Title); n != nil {
		title = strings.Join(strings.Fields(content(n)), " ")
	}
	if b := find(root, atom.Base); b != nil {
		if u, err := base.Parse(attr(b, "href")); err == nil {
			base = u
		}
	}
	w := &writer{base: base, plain: plain}
	w.walk(body(root), 0)
	return title, strings.TrimSpace(w.b.String())
}

// bare is the text of a page that has no structure to speak of.
func bare(page string) string {
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		default:
			b.WriteByte(' ')
		}
	}
}

// deepest is how far elements are followed into each other.
const deepest = 500

// body is the part of the page that is about something: its main part if that has most of the text.
func body(root *html.Node) *html.Node {
	whole := find(root, atom.Body)
	if whole == nil {
		return root
	}
	for _, a := range []atom.Atom{atom.Main, atom.Article} {
		if n := find(whole, a); n != nil && 3*len(content(n)) > len(content(whole)) {
			return n
		}
	}
	return whole
}

// find is the first element of a kind.
func find(n *html.Node, a atom.Atom) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.DataAtom == a {
			return d
		}
	}
	return nil
}

// content is the bare text below a node.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && !hidden(d.Parent) {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// hidden tells elements whose content nobody reads.
func hidden(n *html.Node) bool {
	if n == nil || n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Iframe, atom.Head, atom.Object, atom.Canvas, atom.Select:
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "aria-hidden" && a.Val == "true" {
			return true
		}
	}
	return false
}

// writer writes Markdown. Blocks are kept apart by as many line ends as they need and no more.
type writer struct {
	b      strings.Builder
	base   *url.URL
	plain  bool
	breaks int    // line ends that the next text needs before it
	gap    string // begins a line that stays empty for them
	space  bool   // a space is due before the next word
	indent string // of lists and quotes, at the beginning of each line
	code   bool   // inside of pre
}

// apart begins a new line, or a new paragraph with n 2.
func (w *writer) apart(n int) {
	if w.breaks == 0 || len(w.indent) < len(w.gap) {
		w.gap = w.indent
	}
	w.breaks, w.space = max(w.breaks, n), false
}

func (w *writer) raw(s string) {
	if s == "" {
		return
	}
	if w.breaks > 0 {
		if w.b.Len() > 0 {
			w.b.WriteString("\n")
			for range min(w.breaks, 2) - 1 {
				w.b.WriteString(strings.TrimRight(w.gap, " ") + "\n")
			}
		}
		w.b.WriteString(w.indent)
		w.breaks = 0
	} else if w.space {
		w.b.WriteByte(' ')
	}
	w.space = false
	w.b.WriteString(s)
}

func (w *writer) text(s string) {
	if w.code {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.b.WriteString("\n" + w.indent)
			}
			w.raw(line)
		}
		return
	}
	words := strings.Fields(s)
	if len(words) == 0 {
		w.space = w.space || s != "" && w.breaks == 0
		return
	}
	w.space = w.space || w.breaks == 0 && strings.ContainsAny(s[:1], " \t\n\r\f")
	w.raw(strings.Join(words, " "))
	w.space = strings.ContainsAny(s[len(s)-1:], " \t\n\r\f")
}

func (w *writer) children(n *html.Node, depth int) {
	for c := range n.ChildNodes() {
		w.walk(c, depth+1)
	}
}

func (w *writer) walk(n *html.Node, depth int) {
	switch {
	case depth > deepest || hidden(n):
		return
	case n.Type == html.TextNode:
		w.text(n.Data)
		return
	case n.Type != html.ElementNode && n.Type != html.DocumentNode:
		return
	}
	switch a := n.DataAtom; a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.apart(2)
		if level, _ := strconv.Atoi(n.Data[1:]); !w.plain {
			w.raw(strings.Repeat("#", level) + " ")
		}
		w.children(n, depth)
		w.apart(2)
	case atom.P, atom.Figure, atom.Dl, atom.Form, atom.Fieldset, atom.Table:
		w.apart(2)
		w.children(n, depth)
		w.apart(2)
	case atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Nav, atom.Aside, atom.Figcaption, atom.Address, atom.Dt, atom.Details, atom.Summary, atom.Caption:
		w.apart(1)
		w.children(n, depth)
		w.apart(1)
	case atom.Br:
		w.apart(1)
	case atom.Hr:
		w.apart(2)
		w.raw("---")
		w.apart(2)
	case atom.Ul, atom.Ol:
		w.list(n, depth)
	case atom.Dd:
		w.item(n, "  ", "", depth)
	case atom.Blockquote:
		w.apart(2)
		w.item(n, "> ", "", depth)
		w.apart(2)
	case atom.Pre:
		w.pre(n, depth)
	case atom.Tr:
		w.row(n, depth)
	default:
		w.inline(n, depth)
	}
}

func (w *writer) inline(n *html.Node, depth int) {
	mark := map[atom.Atom]string{atom.B: "**", atom.Strong: "**", atom.Em: "*", atom.I: "*", atom.Code: "`", atom.Kbd: "`"}[n.DataAtom]
	switch {
	case n.DataAtom == atom.A:
		w.link(n, depth)
	case n.DataAtom == atom.Img:
		if alt := strings.Join(strings.Fields(attr(n, "alt")), " "); alt != "" {
			w.raw("[picture: " + alt + "]")
			w.space = true
		}
	case mark != "" && !w.plain && !w.code && strings.TrimSpace(content(n)) != "":
		w.raw(mark)
		w.children(n, depth)
		w.space = false
		w.raw(mark)
	default:
		w.children(n, depth)
	}
}

func (w *writer) link(n *html.Node, depth int) {
	u, err := w.base.Parse(strings.TrimSpace(attr(n, "href")))
	said := strings.TrimSpace(content(n)) != ""
	if w.plain || w.code || !said || err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" || attr(n, "href") == "" || strings.HasPrefix(attr(n, "href"), "#") {
		w.children(n, depth)
		return
	}
	w.raw("[")
	w.children(n, depth)
	w.space = false
	w.raw("](" + u.String() + ")")
}

func (w *writer) list(n *html.Node, depth int) {
	w.apart(1)
	number := 0
	for c := range n.ChildNodes() {
		if c.DataAtom != atom.Li {
			w.walk(c, depth+1)
			continue
		}
		number++
		mark := "- "
		if n.DataAtom == atom.Ol {
			mark = strconv.Itoa(number) + ". "
		}
		w.item(c, strings.Repeat(" ", len(mark)), mark, depth)
	}
	w.apart(1)
}

// item writes a block that is set in by indent, its first line by mark.
func (w *writer) item(n *html.Node, indent, mark string, depth int) {
	w.apart(1)
	before := w.indent
	w.raw(mark)
	w.indent += indent
	w.children(n, depth)
	w.indent = before
	w.apart(1)
}

func (w *writer) pre(n *html.Node, depth int) {
	w.apart(2)
	if !w.plain {
		w.raw("```")
		w.apart(1)
	}
	w.code = true
	w.children(n, depth)
	w.code = false
	if !w.plain {
		w.apart(1)
		w.raw("```")
	}
	w.apart(2)
}

// row writes a line of a table, cells side by side.
func (w *writer) row(n *html.Node, depth int) {
	w.apart(1)
	first := true
	for c := range n.ChildNodes() {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		if !first {
			w.space = false
			w.raw(" | ")
		}
		first = false
		cell := &writer{base: w.base, plain: w.plain}
		cell.children(c, depth)
		w.raw(strings.Join(strings.Fields(cell.b.String()), " "))
	}
	w.apart(1)
}
