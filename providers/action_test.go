package providers

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestActionTable(t *testing.T) {
	type action struct{ name, gate string }
	table := ActionTable[action]{
		Surface: "fax", All: []action{{"send", "pages"}, {"tear", "paper"}},
		About: func(a action) (name, gate string) { return a.name, a.gate },
	}
	shut := Switches{"paper": false}
	if got := table.Names(shut); !slices.Equal(got, []string{"send"}) {
		t.Errorf("names %v", got)
	}
	if a, err := table.Find("tear", nil); err != nil || a.gate != "paper" {
		t.Errorf("%+v, %v", a, err)
	}
	for name, want := range map[string]string{"tear": "fax tear: switched off (fax.actions.paper)", "100%": "fax 100%: there is no such action; there are send"} {
		_, err := table.Find(name, shut)
		var se *SendError
		if !errors.As(err, &se) || se.Class != Permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	var o struct{ To string }
	if err := ReadOrders([]byte(" "), &o); err != nil {
		t.Error(err)
	}
	if err := ReadOrders([]byte("{"), &o); err == nil {
		t.Error("half an object was read")
	}
}
