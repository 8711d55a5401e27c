package doctor

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/clawdbot/gateway/actors/store"
)

// nothing: a house in order has no findings at all.
func TestExamine_nothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if found := Examine(t.Context(), h.options()); len(found) != 0 || Worst(found) != "" {
		t.Errorf("found %+v", found)
	}
	if found := Audit(t.Context(), h.options()); len(h.without(found)) != 0 {
		t.Errorf("the audit found %+v", found)
	}
}

// with adds sections to the config.
func (h *house) with(sections string) {
	h.config = strings.TrimSuffix(h.config, "}") + ", " + sections + "}"
}

// stopped: no gateway runs.
func (h *house) stopped() {
	h.say, h.down = nil, errors.New("nobody listens")
	h.host.Listen = func(addr string) error { return nil }
}

func (h *house) busy(port string) {
	h.stopped()
	h.host.Listen = func(addr string) error {
		if strings.HasSuffix(addr, ":"+port) {
			return &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
		}
		return nil
	}
}

// visit answers for the platforms.
func (h *house) visit(at time.Time, err error) {
	h.with(`telegram: {botToken: "1:a"}`)
	h.host.Visit = func(context.Context, string) (time.Time, error) { return at, err }
}

func TestExamine_planted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  string
		plant func(h *house)
	}{
		{"env.variable", func(h *house) { h.vars["CLAWDBOT_GATEWAY_PORT"] = "many" }},
		{"env.dotenv", func(h *house) { h.write(".env", "not a line\n", 0o600) }},
		{"config.unreadable", func(h *house) {
			h.vars["CLAWDBOT_CONFIG_PATH"] = filepath.Join(h.dir, "blobs") // a directory
		}},
		{"config.syntax", func(h *house) { h.config = "{agent: " }},
		{"config.invalid", func(h *house) { h.with("telegran: {}") }},
		{"config.legacy", func(h *house) { h.with(`routing: {allowFrom: ["+1"]}`) }},
		{"config.start", func(h *house) { h.gateway(`bind: "lan", tailscale: {mode: "serve"}`) }},
		{"config.dev-endpoints", func(h *house) { h.with(`dev: {endpoints: {telegram: "http://127.0.0.1:1"}}`) }},
		{"config.workspace", func(h *house) { h.must(os.Remove(filepath.Join(h.dir, "..", "work"))) }},
		{"config.mode", func(h *house) {
			path := filepath.Join(h.t.TempDir(), "c.json")
			h.must(os.WriteFile(path, []byte(h.config), 0o644))
			h.vars["CLAWDBOT_CONFIG_PATH"] = path
		}},
		{"state.new", func(h *house) { h.must(os.RemoveAll(h.dir)) }},
		{"state.unusable", func(h *house) {
			h.must(os.RemoveAll(h.dir))
			h.must(os.WriteFile(h.dir, nil, 0o600))
		}},
		{"state.owner", func(h *house) { h.host.UID = func() int { return 4321 } }},
		{"state.read-only", func(h *house) { h.host.Write = func(string) error { return syscall.EROFS } }},
		{"state.mode", func(h *house) { h.must(os.Chmod(h.dir, 0o755)) }},
		{"state.file-mode", func(h *house) { h.write("credentials/x.json", "{}", 0o644) }},
		{"login.expired", func(h *house) {
			h.write("credentials/oauth.json", `{"anthropic":{"access":"a","expires":1000}}`, 0o600)
		}},
		{"login.unreadable", func(h *house) { h.write("credentials/oauth.json", `[`, 0o600) }},
		{"database.damaged", func(h *house) { h.write("gateway.db", strings.Repeat("no database at all. ", 500), 0o600) }},
		{"database.newer", func(h *house) { h.sql("PRAGMA user_version = 99") }},
		{"database.log-large", func(h *house) {
			h.must(os.Truncate(h.write("gateway.db-wal", "", 0o600), largeWAL+1))
		}},
		{"clock.back", func(h *house) {
			h.must(os.Chtimes(filepath.Join(h.dir, "gateway.db"), time.Time{}, time.Now().Add(time.Hour)))
		}},
		{"clock.wrong", func(h *house) { h.visit(time.Now().Add(-10*time.Minute), nil) }},
		{"network.name", func(h *house) { h.visit(time.Time{}, &net.DNSError{Err: "no such host", Name: "api.telegram.org"}) }},
		{"network.certificate", func(h *house) {
			h.visit(time.Time{}, &url.Error{Op: "Head", URL: "https://x", Err: x509.UnknownAuthorityError{}})
		}},
		{"network.unreachable", func(h *house) { h.visit(time.Time{}, errBusy) }},
		{"service.missing", func(h *house) { h.unit = &Service{Path: "/u"} }},
		{"service.outdated", func(h *house) { h.unit = &Service{Path: "/u", Installed: true, Outdated: true} }},
		{"service.failed", func(h *house) { h.unit = &Service{Path: "/u", Installed: true, Failed: true, Detail: "exit status 1"} }},
		{"service.linger", func(h *house) { h.unit = &Service{Path: "/u", Installed: true, Linger: new(false)} }},
		{"disk.full", func(h *house) {
			h.host.Free = func(string) (uint64, uint64, uint64, error) { return 5 << 20, 1 << 20, 2 << 20, nil }
		}},
		{"disk.low", func(h *house) {
			h.host.Free = func(string) (uint64, uint64, uint64, error) { return 500 << 20, 1 << 20, 2 << 20, nil }
		}},
		{"disk.files", func(h *house) {
			h.host.Free = func(string) (uint64, uint64, uint64, error) { return 50 << 30, 3, 2 << 20, nil }
		}},
		{"port.gateway", func(h *house) { h.busy("18789") }},
		{"port.bridge", func(h *house) { h.busy("18790"); h.only("gateway.down") }},
		{"port.canvas", func(h *house) { h.busy("18793"); h.only("gateway.down") }},
		{"gateway.down", func(h *house) { h.stopped() }},
		{"gateway.refused", func(h *house) { h.stopped(); h.refuse = true }},
		{"gateway.elsewhere", func(h *house) {
			h.stopped()
			s, err := store.Open(store.Options{Dir: h.dir})
			h.must(err)
			h.t.Cleanup(func() { _ = s.Close() })
		}},
		{"gateway.version", func(h *house) { h.runs = "1.0.0" }},
		{"gateway.old-config", func(h *house) { h.say["status"] = `{"config":{"valid":false,"problem":"telegram.x"}}` }},
		{"gateway.restart-needed", func(h *house) { h.say["status"] = `{"config":{"valid":true,"restartNeeded":"gateway.port"}}` }},
		{"gateway.unanswered", func(h *house) { delete(h.say, "cron.list") }},
		{"discovery.off", func(h *house) { h.say["status"] = `{"discovery":{"announced":false,"reason":"no multicast"}}` }},
		{"account.refused", func(h *house) {
			h.say["providers.status"] = `{"accounts":[],"telegram":{"probe":{"ok":false,"error":"401"}}}`
		}},
		{"account.deaf", func(h *house) { h.account(`"state":"degraded","reason":"deaf: x","deaf":"no message for 3h"`) }},
		{"account.stopped", func(h *house) { h.account(`"state":"terminal","reason":"logged out"`) }},
		{"account.unlinked", func(h *house) {
			h.with(`whatsapp: {allowFrom: ["+15550001111"]}`)
			h.account(`"state":"terminal","reason":"not linked: scan the code"`)
		}},
		{"account.stuck", func(h *house) { h.account(`"state":"stuck","reason":"does not close"`) }},
		{"account.failing", func(h *house) { h.account(`"state":"backoff","failures":9,"reason":"502"`) }},
		{"account.degraded", func(h *house) { h.account(`"state":"degraded","reason":"429"`) }},
		{"account.quiet", func(h *house) { h.account(`"state":"up","lastInboundAgeMs":864000000`) }},
		{"outbox.failed", func(h *house) {
			h.say[`outbox.list{"state":"failed"}`] = `{"items":[{"account":"telegram","reason":"chat not found"}]}`
		}},
		{"outbox.ambiguous", func(h *house) {
			h.say[`outbox.list{"state":"ambiguous"}`] = `{"items":[{"account":"telegram","reason":"no answer"}]}`
		}},
		{"cron.failing", func(h *house) {
			h.say["cron.list"] = `{"jobs":[{"id":"j","name":"n","enabled":true,"state":{"lastStatus":"error","lastError":"boom"}}]}`
		}},
		{"models.down", func(h *house) {
			h.say["models.status"] = `{"providers":[{"provider":"acme","circuit":{"state":"open","failures":7,"error":"overloaded"}}]}`
		}},
		{"usage.limit", func(h *house) {
			h.say["usage.status"] = `{"triggers":[{"trigger":"hook","reached":{"setting":"agent.limits.hook.dayTokens"}}]}`
		}},
		{"usage.unpriced", func(h *house) {
			h.say["usage.status"] = `{"warnings":["the limit of cost for chat does not count acme/m"]}`
		}},
		{"skills.lacking", func(h *house) {
			h.say["skills.status"] = `{"skills":[{"name":"s","always":true,"eligible":false,"missing":{"bins":["git"]}}]}`
		}},
		{"actor.stuck", func(h *house) {
			h.say["actors.list"] = `{"actors":[{"path":"router","current":"inbox","currentForMs":90000}]}`
		}},
		{"actor.restarting", func(h *house) {
			h.say["actors.list"] = `{"actors":[{"path":"router","restarts":12,"lastPanic":"nil map"}]}`
		}},
		{"program.signal-cli", func(h *house) { h.lacks(`signal: {account: "+1"}`) }},
		{"program.imsg", func(h *house) { h.lacks(`imessage: {cliPath: "imsg"}`) }},
		{"program.transcribe", func(h *house) { h.lacks(`routing: {transcribeAudio: {command: ["whisper"]}}`) }},
		{"tls.certificate", func(h *house) {
			h.gateway(`tls: {enabled: true, certPath: "` + h.write("cert.pem", "junk", 0o600) + `", keyPath: "` + h.write("key.pem", "junk", 0o600) + `"}`)
			h.only("config.start")
		}},
		{"tls.certificate", func(h *house) {
			h.write("tls/gateway.pem", "junk", 0o600)
			h.gateway(`tls: {enabled: true}`)
		}},
		{"tls.ending", func(h *house) { // it is the user's to renew
			cert := h.certificate(time.Now().AddDate(-10, 0, 9))
			h.gateway(`tls: {enabled: true, certPath: "` + cert + `", keyPath: "` + cert + `"}`)
		}},
		{"tls.ending", func(h *house) {
			cert := h.certificate(time.Now().AddDate(-11, 0, 0))
			h.gateway(`tls: {enabled: true, certPath: "` + cert + `", keyPath: "` + cert + `"}`)
		}},
		{"tls.fingerprint", func(h *house) {
			h.must(os.MkdirAll(filepath.Join(h.dir, "tls"), 0o700))
			h.must(os.Rename(h.certificate(time.Now()), filepath.Join(h.dir, "tls", "gateway.pem")))
			h.gateway(`tls: {enabled: true}`)
		}},
		{"tls.not-taken-up", func(h *house) {
			h.say["status"] = `{"tls":{"fingerprint":"AB","path":"/x.pem","own":false,"names":[],"notAfter":1,"problem":"/x.pem: is empty"}}`
		}},
		{"tailscale.unpublished", func(h *house) {
			h.say["status"] = `{"tailscale":{"mode":"serve","problem":"tailscale is not logged in: run tailscale up"}}`
		}},
		{"traces.refused", func(h *house) {
			h.say["status"] = `{"traces":{"queued":7,"sent":0,"dropped":0,"problem":"no answer from http://127.0.0.1:4318/v1/traces: connection refused"}}`
		}},
		{"program.tailscale", func(h *house) {
			h.config = strings.Replace(h.config, "gateway: {", `gateway: {tailscale: {mode: "serve"}, `, 1)
			h.lacks("cron: {}")
		}},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			tt.plant(h)
			found := Examine(t.Context(), h.options())
			judge(t, h.without(found), tt.want)
			repaired(t, h, found, tt.want)
		})
	}
}

// only drops findings that come with what a test plants.
func (h *house) only(beside string) { h.vars["test.beside"] = beside }

func (h *house) without(found []Finding) (rest []Finding) {
	for _, f := range found {
		if f.ID != h.vars["test.beside"] && (f.ID != "audit.root" || os.Getuid() != 0) { // tests may run as root
			rest = append(rest, f)
		}
	}
	return rest
}

func (h *house) account(fields string) {
	h.say["providers.status"] = `{"accounts":[{"account":"telegram","provider":"telegram",` + fields + `}]}`
}

// lacks configures something whose program is not there.
func (h *house) lacks(section string) {
	h.with(section)
	h.host.LookPath = func(string) (string, error) { return "", os.ErrNotExist }
}

func (h *house) sql(statement string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, "gateway.db"))
	h.must(err)
	_, err = db.Exec(statement)
	h.must(err)
	h.must(db.Close())
}

// repaired: what says that it can be repaired is gone after Repair.
func repaired(t *testing.T, h *house, found []Finding, id string) {
	t.Helper()
	for _, f := range found {
		if f.ID != id || !f.Fixable {
			continue
		}
		if err := Repair(found); err != nil {
			t.Fatal(err)
		}
		for _, again := range Examine(t.Context(), h.options()) {
			if again.ID == id {
				t.Errorf("still there after the repair: %+v", again)
			}
		}
	}
}

// TestVisit: a host's certificate is judged, and its clock read.
func TestVisit_unknownName(t *testing.T) {
	t.Parallel()
	if _, err := visit(t.Context(), "127.0.0.1:1"); err == nil {
		t.Error("nobody listens there, and it was reached")
	}
}
