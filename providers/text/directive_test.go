package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDirectives(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, rest string
		refs     []string
	}{
		{"no files", "no files", nil},
		{"MEDIA:/tmp/a.png", "", []string{"/tmp/a.png"}},
		{"Look:\nMEDIA: https://x.org/a.png ./b.png\n\n\nDone.", "Look:\nDone.", []string{"https://x.org/a.png", "./b.png"}},
		{"a MEDIA:`/tmp/a.png` later", "a later", []string{"/tmp/a.png"}},
		{"`MEDIA:\"/tmp/a b.png\"", "b.png\"", []string{"/tmp/a"}},
		{"MEDIA:file:///tmp/a.png", "", []string{"/tmp/a.png"}},
		{"MEDIA: nothing here", "MEDIA: nothing here", nil},
		{"SOCIALMEDIA:/tmp/a", "SOCIALMEDIA:/tmp/a", nil},
		{"MEDIA:/", "MEDIA:/", nil},
		{"```\nMEDIA:/tmp/a\n```\nMEDIA:/tmp/b", "```\nMEDIA:/tmp/a\n```", []string{"/tmp/b"}},
	} {
		rest, refs := Directives(tt.in)
		if diff := cmp.Diff(tt.refs, refs); diff != "" || rest != tt.rest {
			t.Errorf("%q: rest %q, want %q; refs %s", tt.in, rest, tt.rest, diff)
		}
	}
}
