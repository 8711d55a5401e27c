package a2ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Surfaces is what a renderer would have after the messages so far. The zero value is empty. Not safe for concurrent use.
type Surfaces struct{ all map[string]surface }

type surface struct {
	root       string
	components map[string][]string // the children of each
}

// Check judges a push for a renderer of which nothing is known.
func Check(messages []Message) error {
	_, err := (&Surfaces{}).after(messages, false)
	return err
}

// Apply takes a push in, or changes nothing and says why it could not be drawn.
func (s *Surfaces) Apply(messages []Message) error {
	next, err := s.after(messages, true)
	if err == nil {
		s.all = next
	}
	return err
}

// Names lists the surfaces that are there.
func (s *Surfaces) Names() []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(s.all))))
}

// after is what there would be after a push. whole says that nothing is there but what is known here, so that a component
// that is named and missing is missing.
func (s *Surfaces) after(messages []Message, whole bool) (map[string]surface, error) {
	next, touched := maps.Clone(s.all), map[string]bool{}
	if next == nil {
		next = map[string]surface{}
	}
	for _, m := range messages {
		if m.Kind == DeleteSurface {
			delete(next, m.Surface)
			delete(touched, m.Surface)
			continue
		}
		f := next[m.Surface]
		if !touched[m.Surface] { // what is kept must stay as it is
			f.components = maps.Clone(f.components)
			touched[m.Surface] = true
		}
		if f.components == nil {
			f.components = map[string][]string{}
		}
		if m.Kind == BeginRendering {
			f.root = m.root
		}
		for _, c := range m.components {
			f.components[c.id] = c.children
		}
		next[m.Surface] = f
	}
	r := report{at: "surfaces"}
	if len(next) > maxSurfaces {
		r.add("%d of them, at most %d are there at once", len(next), maxSurfaces)
	}
	for _, name := range slices.Sorted(maps.Keys(touched)) {
		r.at = "surface " + quoted(name)
		r.graph(next[name], whole)
	}
	return next, r.err()
}

// graph judges how the components of a surface hang together.
func (r *report) graph(s surface, whole bool) {
	if n := len(s.components); n > MaxComponents {
		r.add("%d components, a surface has at most %d", n, MaxComponents)
		return
	}
	w := walk{s: s, seen: make(map[string]*visit, len(s.components))}
	for _, id := range slices.Sorted(maps.Keys(s.components)) {
		if w.visit(id, nil); w.problem != "" {
			r.add("%s", w.problem)
			return
		}
	}
	if !whole || s.root == "" {
		return
	}
	if _, there := s.components[s.root]; !there && len(s.components) > 0 {
		r.add("the root %s is not there", quoted(s.root))
	}
	for _, id := range slices.Sorted(maps.Keys(s.components)) {
		for _, child := range s.components[id] {
			if _, there := s.components[child]; !there {
				r.add("component %s names %s, which is not there", quoted(id), quoted(child))
			}
		}
	}
}

// walk goes through the components once, children first.
type walk struct {
	s       surface
	seen    map[string]*visit
	problem string
}

// visit is what was found of one component.
type visit struct {
	open         bool // on the way to itself
	depth, drawn int  // of it and all below
}

func (w *walk) visit(id string, path []string) *visit {
	if v := w.seen[id]; v != nil {
		if v.open && w.problem == "" {
			w.problem = "components go in a circle: " + circle(append(path, id))
		}
		return v
	}
	v := &visit{open: true, depth: 1, drawn: 1}
	w.seen[id] = v
	path = append(path, id)
	for _, child := range w.s.components[id] {
		if len(path) > MaxComponents || w.problem != "" {
			return v
		}
		below := w.visit(child, path)
		v.depth = max(v.depth, below.depth+1)
		v.drawn = min(v.drawn+below.drawn, MaxDrawn+1)
	}
	v.open = false
	switch {
	case w.problem != "":
	case v.depth > MaxDepth:
		w.problem = fmt.Sprintf("components lie deeper than %d within each other, below %s", MaxDepth, quoted(id))
	case v.drawn > MaxDrawn:
		w.problem = fmt.Sprintf("more than %d components would be drawn, below %s", MaxDrawn, quoted(id))
	}
	return v
}

// circle is the part of a path that comes back to its end.
func circle(path []string) string {
	last := path[len(path)-1]
	path = path[slices.Index(path, last):]
	if len(path) > 8 {
		path = append(slices.Clone(path[:7]), "…", last)
	}
	names := make([]string, len(path))
	for i, p := range path {
		names[i] = quoted(p)
	}
	return strings.Join(names, " → ")
}

// Outdated tells whether older, which came before newer, has no effect any more once newer is there: a renderer that gets
// newer need not have got older.
func Outdated(older, newer Message) bool {
	if older.Surface != newer.Surface {
		return false
	}
	switch {
	case newer.Kind == DeleteSurface:
		return true
	case older.Kind != newer.Kind:
		return false
	case newer.Kind == SurfaceUpdate:
		ids := make(map[string]bool, len(newer.components))
		for _, c := range newer.components {
			ids[c.id] = true
		}
		return !slices.ContainsFunc(older.components, func(c component) bool { return !ids[c.id] })
	case newer.Kind == DataModelUpdate:
		at := place(newer.path)
		return at == "/" || place(older.path) == at || strings.HasPrefix(place(older.path), at+"/")
	}
	return true // of two roots the last one counts
}

// place is a path of the data model in the form that the renderer makes of it.
func place(path string) string {
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '.' })
	return "/" + strings.Join(parts, "/")
}
