package providers

import (
	"strings"
	"testing"
)

func TestTextLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ limit, most, want int }{{0, 0, 4000}, {0, 2000, 2000}, {100, 2000, 100}, {9000, 4096, 4096}, {9000, 0, 9000}} {
		if got, err := TextLimit("x", c.limit, 4000, c.most); err != nil || got != c.want {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
	}
	if _, err := TextLimit("x", -1, 4000, 0); err == nil || !strings.Contains(err.Error(), "x.textChunkLimit") {
		t.Errorf("below 0: %v", err)
	}
}

func TestMediaLimit(t *testing.T) {
	t.Parallel()
	for given, want := range map[float64]float64{0: 5, 0.5: 0.5, 20: 20} {
		if got, err := MediaLimit("x", given, 5); err != nil || got != want {
			t.Errorf("%v: %v, %v", given, got, err)
		}
	}
	if _, err := MediaLimit("x", -1, 5); err == nil || !strings.Contains(err.Error(), "x.mediaMaxMb") {
		t.Errorf("below 0: %v", err)
	}
}

func TestReactionMode(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "own", "off": "off", "own": "own", "all": "all", "allowlist": "allowlist"} {
		if got, err := ReactionMode("x", given); err != nil || got != want {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
	if _, err := ReactionMode("x.y", "some"); err == nil || !strings.Contains(err.Error(), `x.y.reactionNotifications: "some"`) {
		t.Errorf("unknown: %v", err)
	}
}
