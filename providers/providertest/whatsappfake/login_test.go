package whatsappfake

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"
)

func showCode(t *testing.T, c *client) string {
	t.Helper()
	qr, err := c.GetQRChannel(c.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ConnectContext(c.ctx); err != nil {
		t.Fatal(err)
	}
	item := <-qr
	if item.Event != whatsmeow.QRChannelEventCode {
		t.Fatalf("the QR channel says %+v", item)
	}
	return item.Code
}

func TestScan(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := newClient(t, s, newDevice(t))
	code := showCode(t, c)
	if err := s.Scan(c.ctx, "1,2,3"); err == nil {
		t.Error("a code of three parts was scanned")
	}
	if err := s.Scan(c.ctx, strings.Replace(code, "2@", "2@X", 1)); err == nil {
		t.Error("a code that nobody shows was scanned")
	}
	if err := s.Scan(c.ctx, code); err != nil {
		t.Fatal(err)
	}
	awaitEvent[*events.PairSuccess](c, 1)
	awaitEvent[*events.Connected](c, 1) // 515 made the library connect again
	if got := c.Store.GetJID().User; got != "15550001111" {
		t.Errorf("linked as %s", got)
	}
	if err := s.WaitOnline(c.ctx); err != nil {
		t.Fatal(err)
	}
	if open, most := s.Sockets(); open != 1 || most != 1 {
		t.Errorf("Sockets = %d, %d", open, most)
	}
	if err := s.Scan(c.ctx, code); err == nil {
		t.Error("a code was scanned twice")
	}
	if err := c.Logout(c.ctx); err != nil {
		t.Fatal(err)
	}
	if s.Linked() {
		t.Error("still linked after the client has logged out")
	}
}

func TestEnterCode(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := newClient(t, s, newDevice(t))
	showCode(t, c)
	code, err := c.PairPhone(c.ctx, s.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WaitLinkCode(c.ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.EnterCode(c.ctx, code); err != nil {
		t.Fatal(err)
	}
	awaitEvent[*events.Connected](c, 1)
	if !s.Linked() {
		t.Error("not linked")
	}
}

func TestDropAndReturn(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	c.mu.Lock()
	c.fail = true
	c.mu.Unlock()
	id := s.Say(s.Direct(), "not taken")
	c.texts(1)
	s.Drop()
	awaitEvent[*events.Disconnected](c, 1)
	if s.Acked(id) {
		t.Fatal("acknowledged though the handler refused it")
	}
	c.mu.Lock()
	c.fail = false
	c.mu.Unlock()
	missed := s.Say(s.Direct(), "missed")
	c.connect()
	got := c.texts(3)
	if textOf(got[1]) != "not taken" || got[1].Info.ID != id || textOf(got[2]) != "missed" {
		t.Errorf("after the return: %q %q", textOf(got[1]), textOf(got[2]))
	}
	for _, id := range []string{id, missed} {
		if err := s.WaitAcked(c.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Pending(); n != 0 {
		t.Errorf("%d messages wait still", n)
	}
	if open, most := s.Sockets(); open != 1 || most != 1 {
		t.Errorf("Sockets = %d, %d: a dropped connection is not a second one", open, most)
	}
}

func TestReplaced(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	first := linked(t, s)
	second := newClient(t, s, first.Store)
	second.connect()
	awaitEvent[*events.StreamReplaced](first, 1)
	first.gone()
	if open, most := s.Sockets(); open > 2 || most != 2 {
		t.Errorf("Sockets = %d, %d: there were two at once", open, most)
	}
	id := s.Say(s.Direct(), "to the second")
	second.texts(1)
	if err := s.WaitAcked(second.ctx, id); err != nil {
		t.Fatal(err)
	}
	if first.count(func(e any) bool { m, is := e.(*events.Message); return is && textOf(m) != "" }) != 0 {
		t.Error("the replaced connection still gets messages")
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	s.Replace()
	awaitEvent[*events.StreamReplaced](c, 1)
	c.gone()
	if err := s.WaitOffline(c.ctx); err != nil {
		t.Fatal(err)
	}
	if n := c.count(func(e any) bool { _, is := e.(*events.Disconnected); return is }); n != 0 {
		t.Error("being replaced counts as a lost connection")
	}
}

func TestLogOut(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	d := *c.Store
	s.LogOut()
	if e := awaitEvent[*events.LoggedOut](c, 1); e.OnConnect {
		t.Error("told at the next login only")
	}
	c.gone()
	if err := s.WaitOffline(c.ctx); err != nil {
		t.Fatal(err)
	}
	// Who comes back with the old keys is refused.
	again := newClient(t, s, &d)
	if err := again.ConnectContext(again.ctx); err != nil {
		t.Fatal(err)
	}
	if e := awaitEvent[*events.LoggedOut](again, 1); !e.OnConnect || e.Reason != events.ConnectFailureLoggedOut {
		t.Errorf("refused with %+v", e)
	}
	again.gone()
}

func TestConnectFailures(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	d := newDevice(t)
	if err := s.Adopt(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	dial := func(f ConnectFault) *client {
		s.ScriptConnect(f)
		c := newClient(t, s, d)
		if err := c.ConnectContext(c.ctx); err != nil {
			t.Fatal(err)
		}
		return c
	}
	banned := dial(ConnectFault{Reason: 402, Code: 104, Expire: time.Hour})
	if e := awaitEvent[*events.TemporaryBan](banned, 1); e.Code != 104 || e.Expire != time.Hour {
		t.Errorf("banned with %+v", e)
	}
	banned.gone()
	outdated := dial(ConnectFault{Reason: 405})
	awaitEvent[*events.ClientOutdated](outdated, 1)
	outdated.gone()
	awaitEvent[*events.Disconnected](dial(ConnectFault{Reason: 503}), 1)
	s.ScriptConnect(ConnectFault{Status: http.StatusServiceUnavailable})
	c := newClient(t, s, d)
	if err := c.ConnectContext(c.ctx); err == nil {
		t.Error("connected in spite of a 503")
	}
	c.connect()
	s.StreamError("503")
	awaitEvent[*events.Disconnected](c, 1)
	locked := dial(ConnectFault{Reason: 403})
	if e := awaitEvent[*events.LoggedOut](locked, 1); e.Reason != events.ConnectFailureMainDeviceGone {
		t.Errorf("logged out with %+v", e)
	}
	locked.gone()
}

func TestMinRevision(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Revision: 1999999999, MinRevision: 1999999999})
	version, err := whatsmeow.GetLatestVersion(t.Context(), &http.Client{Transport: fakeHTTP(t, s)})
	if err != nil {
		t.Fatal(err)
	}
	if want := (store.WAVersionContainer{2, 3000, 1999999999}); *version != want {
		t.Errorf("the newest version is %v", version)
	}
	c := newClient(t, s, newDevice(t))
	if err := c.ConnectContext(c.ctx); err != nil {
		t.Fatal(err)
	}
	awaitEvent[*events.ClientOutdated](c, 1)
	c.gone()
	next := newClient(t, s, c.Store)
	next.GetClientPayload = func() *waWa6.ClientPayload {
		p := next.Store.GetClientPayload()
		p.UserAgent.AppVersion = version.ProtoAppVersion()
		return p
	}
	showCode(t, next)
}

// A connection whose process is gone is no second one, however soon the next process logs in.
func TestKilled(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	d := newDevice(t)
	if err := s.Adopt(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	var all []*client
	for range 10 {
		c := newClient(t, s, d)
		c.connect()
		if err := c.net.last.ReadWriteCloser.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all {
		awaitEvent[*events.Disconnected](c, 1)
	}
	if _, most := s.Sockets(); most != 1 || s.Logins() != 10 {
		t.Errorf("at most %d at once in %d logins", most, s.Logins())
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	s.Silence()
	id := s.Say(s.Direct(), "unheard")
	ctx, cancel := context.WithCancel(c.ctx)
	asked := make(chan error, 1)
	go func() {
		_, err := c.GetGroupInfo(ctx, s.JID(s.Group()))
		asked <- err
	}()
	if open, _ := s.Sockets(); open != 1 {
		t.Errorf("%d connections are open, want the dead one", open)
	}
	cancel()
	if err := <-asked; err == nil {
		t.Error("a dead connection has answered")
	}
	c.leave()
	c.connect()
	if err := s.WaitAcked(c.ctx, id); err != nil {
		t.Fatal(err)
	}
}
