package config

import "testing"

// TestProfile: a profile has a workspace of its own, unless the file names one.
func TestProfile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ profile, file, want string }{
		{"", "{}", "/h/clawd"}, {"default", "{}", "/h/clawd"}, {"work", "{}", "/h/clawd-work"},
		{"work", "{agent: {model: 'm'}}", "/h/clawd-work"}, {"work", "{agent: {workspace: '~/clawd'}}", "/h/clawd"},
	} {
		d := Parse("x.json", c.file, func(name string) string {
			return map[string]string{"HOME": "/h", "CLAWDBOT_PROFILE": c.profile}[name]
		})
		if !d.Valid || d.Config.Agent.Workspace != c.want {
			t.Errorf("%+v: %s", c, d.Config.Agent.Workspace)
		}
	}
}
