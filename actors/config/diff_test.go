package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"gateway.remote.url": "none", "gateway.reload.mode": "none", "gateway.port": "restart", "gateway.auth.token": "hot auth", "gateway.remoteX": "restart",
		"hooks.gmail.account": "hot gmail", "hooks.gmailX": "hot hooks", "hooks.path": "hot hooks", "agent.heartbeat.every": "hot heartbeat",
		"agent.model": "none", "cron.enabled": "hot cron", "browser": "hot browser", "web.enabled": "hot whatsapp", "webX": "restart",
		"telegram.botToken": "hot telegram", "discord.token": "hot discord", "slack.appToken": "hot slack", "signal.account": "hot signal",
		"imessage.region": "hot imessage", "whatsapp.allowFrom": "none", "identity.name": "none", "wizard.lastRunAt": "none",
		"logging.level": "none", "models.mode": "none", "routing.queue.mode": "none", "messages.responsePrefix": "none",
		"session.scope": "none", "talk.voiceId": "none", "skills.entries.x.enabled": "none", "ui.seamColor": "none",
		"bridge.port": "restart", "discovery.wideArea.enabled": "restart", "canvasHost.root": "restart", "env.shellEnv.enabled": "restart",
		"dev.endpoints.telegram": "restart", "later": "restart",
	} {
		c := Verdict(path)
		if got := strings.TrimSpace(c.Effect.String() + " " + c.Part); got != want || c.Path != path {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"same", "{gateway:{port:1}}", "// x\n{'gateway':{'port':+1,},}", ""},
		{"value", "{gateway:{port:1,bind:'lan'}}", "{gateway:{port:2,bind:'lan'}}", "gateway.port restart"},
		{"a default written out", "{}", "{gateway:{port:18789}}", "gateway.port none"},
		{"a default beside a change", "{}", "{gateway:{port:18789,remote:{token:'x'}}}", "gateway.port none, gateway.remote.token none"},
		{"an empty section", "{telegram:{}}", "{telegram:{enabled:true,groups:{a:{}}}}", "telegram.enabled none, telegram.groups.a hot"},
		{"keys of the user", "{browser:{profiles:{a:{cdpPort:1},b:{cdpPort:2}}}}", "{browser:{profiles:{a:{cdpPort:1,color:'aabbcc'},b:{cdpPort:3}}}}",
			"browser.profiles.a.color hot, browser.profiles.b.cdpPort hot"},
		{"and removed", "{cron:{enabled:true}}", "{}", "cron.enabled none"},
		{"a section that comes", "{}", "{telegram:{}}", "telegram hot"},
		{"with a value", "{}", "{telegram:{botToken:'x'}}", "telegram.botToken hot"},
		{"a list is one value", "{telegram:{allowFrom:[1]}}", "{telegram:{allowFrom:[1,2]}}", "telegram.allowFrom hot"},
		{"an equal list is none", "{hooks:{mappings:[{id:'a'}]}}", "{hooks:{mappings:[{'id':\"a\"}]}}", ""},
		{"several", "{gateway:{port:1},agent:{model:'a'}}", "{gateway:{remote:{url:'ws://h'}},agent:{heartbeat:{every:'1h'}}}",
			"agent.heartbeat.every hot, agent.model none, gateway.port restart, gateway.remote.url none"},
	} {
		var parts []string
		for _, ch := range Diff(parse(c.before), parse(c.after)) {
			parts = append(parts, ch.Path+" "+ch.Effect.String())
		}
		if d := cmp.Diff(c.want, strings.Join(parts, ", ")); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	restart, hot, none := Change{Path: "gateway.port", Effect: EffectRestart}, Change{Path: "cron.enabled", Effect: EffectHot}, Change{Path: "ui"}
	for _, c := range []struct {
		mode    string
		changes []Change
		want    string
	}{
		{"off", []Change{hot}, "refused"}, {"hot", []Change{hot, none}, "apply"}, {"hot", []Change{hot, restart}, "refused"},
		{"hybrid", []Change{hot, none}, "apply"}, {"hybrid", []Change{hot, restart}, "restart"}, {"restart", []Change{none}, "restart"},
	} {
		p := planFor(c.mode, c.changes)
		got := map[bool]string{p.apply: "apply", p.restart: "restart", p.refused != "": "refused"}[true]
		if got != c.want || p.restart && p.reason == "" {
			t.Errorf("%s %v: %+v", c.mode, c.changes, p)
		}
	}
}
