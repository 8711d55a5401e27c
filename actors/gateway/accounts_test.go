package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

const otherToken = "535353:PLANTED-other-token-0123456789abcdef"

// twoBots is a Bot API with two bots, and a configuration in which the second one is the account "work".
func twoBots(t *testing.T) (home, work *telegramfake.Server, s setup) {
	home, work = telegramfake.New(telegramfake.Options{}), telegramfake.New(telegramfake.Options{Token: otherToken, Username: "work_bot"})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, otherToken) {
			work.ServeHTTP(w, r)
			return
		}
		home.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		home.Close()
		work.Close()
		api.Close()
	})
	config := fmt.Sprintf(`{telegram: {botToken: %q, allowFrom: ["77"], accounts: {work: {botToken: %q}}}, dev: {endpoints: {telegram: %q}}}`,
		home.Token(), otherToken, api.URL)
	return home, work, setup{config: config, options: func(o *gateway.Options) { o.Providers = []providers.Factory{telegram.Factory()} }}
}

// TestAccounts: two bots of one surface. Each answers what was written to it, an operator can name one, and one can be
// stopped while the other goes on.
func TestAccounts(t *testing.T) {
	t.Parallel()
	home, work, s := twoBots(t)
	g := s.start(t)
	ctx := deadline(t)
	home.Push(telegramfake.Direct(77, "at home"))
	if sent, err := home.WaitSent(ctx, 1); err != nil || sent[0].Text != "You said: at home" {
		t.Fatalf("home: %+v, %v", sent, err)
	}
	work.Push(telegramfake.Direct(77, "at work"))
	if sent, err := work.WaitSent(ctx, 1); err != nil || sent[0].Text != "You said: at work" {
		t.Fatalf("work: %+v, %v", sent, err)
	}
	for i, provider := range []string{"telegram:work", "telegram"} {
		p := wire.SendParams{Provider: provider, To: "77", Message: "sent by " + provider, IdempotencyKey: provider}
		if err := g.Call(ctx, "send", p, nil); err != nil {
			t.Fatal(err)
		}
		if sent, err := []*telegramfake.Server{work, home}[i].WaitSent(ctx, 2); err != nil || sent[1].Text != "sent by "+provider {
			t.Errorf("%s: %+v, %v", provider, sent, err)
		}
	}
	err := g.Call(ctx, "agent", wire.AgentParams{Message: "hello", SessionKey: "main", Deliver: true, Channel: "telegram:work", To: "77", IdempotencyKey: "a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sent, err := work.WaitSent(ctx, 3); err != nil || !strings.Contains(sent[2].Text, "hello") {
		t.Errorf("agent: %+v, %v", sent, err)
	}
	if err := g.Call(ctx, "send", wire.SendParams{Provider: "telegram:nowhere", To: "77", Message: "x", IdempotencyKey: "n"}, nil); err == nil || !strings.Contains(err.Error(), "no account telegram:nowhere") {
		t.Errorf("an account that is not there: %v", err)
	}
	// An account that is not there, or is stopped, is never replaced by another one.
	err = g.Call(ctx, "agent", wire.AgentParams{Message: "hello", SessionKey: "elsewhere", Deliver: true, Channel: "telegram:nowhere", To: "77", IdempotencyKey: "b"}, nil)
	if err == nil || !strings.Contains(err.Error(), "cannot deliver to telegram:nowhere") {
		t.Errorf("agent to an account that is not there: %v", err)
	}
	yes, hour := true, int64(3_600_000)
	job := wire.CronAddParams{
		Name: "tea", SessionTarget: "isolated", WakeMode: "next-heartbeat", Schedule: wire.CronSchedule{Kind: "every", EveryMs: &hour},
		Payload: wire.CronPayload{Kind: "agentTurn", Message: "tea is ready", Deliver: &yes, Channel: "telegram:work", To: "77"},
	}
	var added wire.CronJob
	if err := g.Call(ctx, "cron.add", job, &added); err != nil {
		t.Fatal(err)
	}
	if err := g.Call(ctx, "cron.run", wire.CronRunParams{ID: added.ID, Mode: "force"}, nil); err != nil {
		t.Fatal(err)
	}
	if sent, err := work.WaitSent(ctx, 4); err != nil || !strings.Contains(sent[3].Text, "tea is ready") || sent[3].Chat != "77" {
		t.Errorf("cron: %+v, %v", sent, err)
	}
	job.Payload.Channel = "fax:work"
	if err := g.Call(ctx, "cron.add", job, nil); err == nil || !strings.Contains(err.Error(), "payload.channel must be last") {
		t.Errorf("a job to what is no surface: %v", err)
	}
	if len(home.Sent()) != 2 {
		t.Errorf("home has sent %+v", home.Sent())
	}
}

// TestProviders_byHand: stop holds over a change of the configuration; start and restart bring the account back.
func TestProviders_byHand(t *testing.T) {
	t.Parallel()
	home, _, s := twoBots(t)
	g := s.start(t)
	ctx := deadline(t)
	if err := home.WaitPolling(ctx); err != nil {
		t.Fatal(err)
	}
	do := func(verb, provider, account string) (a wire.ProviderAccount, err error) {
		err = g.Call(ctx, "providers."+verb, wire.ProviderParams{Provider: provider, Account: account}, &a)
		return a, err
	}
	if a, err := do("stop", "telegram", "work"); err != nil || a.Account != "telegram:work" || a.State != "disabled" || a.Reason != "stopped by hand" {
		t.Fatalf("stop: %+v, %v", a, err)
	}
	if err := gateway.Renew(g, "telegram"); err != nil { // as a reload does it
		t.Fatal(err)
	}
	var st wire.ProvidersStatusResult
	if err := g.Call(ctx, "providers.status", nil, &st); err != nil || len(st.Accounts) != 2 || st.Accounts[1].Reason != "stopped by hand" || st.Accounts[0].State == "disabled" {
		t.Fatalf("status: %+v, %v", st.Accounts, err)
	}
	for _, verb := range []string{"start", "restart"} {
		if a, err := do(verb, "telegram:work", ""); err != nil || a.State == "disabled" {
			t.Errorf("%s: %+v, %v", verb, a, err)
		}
	}
	for _, tt := range [][3]string{{"telegram", "nobody", `no account "telegram:nobody"`}, {"fax", "", `no surface "fax"`}} {
		if _, err := do("start", tt[0], tt[1]); err == nil || !strings.Contains(err.Error(), tt[2]) {
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// TestAccounts_oneCredentialTwice is refused, and the credential is not shown.
func TestAccounts_oneCredentialTwice(t *testing.T) {
	t.Parallel()
	_, _, s := twoBots(t)
	for name, tt := range map[string]struct{ config, want string }{
		"with the plain section": {`{telegram: {botToken: "` + otherToken + `", accounts: {work: {botToken: " ` + otherToken + ` "}}}}`, "telegram.accounts.work: signs in with the credential of telegram"},
		"two named":              {`{telegram: {accounts: {a: {botToken: "` + otherToken + `"}, b: {botToken: "` + otherToken + `"}}}}`, "telegram.accounts.b: signs in with the credential of telegram.accounts.a"},
		"a name":                 {`{telegram: {accounts: {"a b": {botToken: "` + otherToken + `"}}}}`, "small letters"},
		"an unknown key":         {`{telegram: {accounts: {a: {accounts: {}}}}}`, "telegram.accounts.a.accounts"},
	} {
		s.config = tt.config
		err := refusal(t, s)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.config = `{telegram: {botToken: "` + otherToken + `", accounts: {work: {botToken: "` + otherToken + `", enabled: false}}}}`
	if err := refusal(t, s); err != nil {
		t.Errorf("one of them is off: %v", err)
	}
}

// refusal is why a gateway does not start; it starts no account.
func refusal(t *testing.T, s setup) error {
	t.Helper()
	s.env = map[string]string{"CLAWDBOT_SKIP_PROVIDERS": "1"}
	g, err := s.new(t)
	if g != nil {
		stop(t, g)
	}
	return err
}
