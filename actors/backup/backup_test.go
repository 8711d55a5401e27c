package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
)

// house is a state directory with something of everything.
type house struct {
	t      *testing.T
	places Places
	large  []byte // a message that is a file
}

func newHouse(t *testing.T) *house {
	t.Helper()
	home := t.TempDir()
	h := &house{t: t, large: []byte(`"` + strings.Repeat("x", 70<<10) + `"`), places: Places{
		StateDir: filepath.Join(home, "state"), ConfigPath: filepath.Join(home, "etc", "c.json"), Credentials: filepath.Join(home, "state", "credentials"),
		Agent: filepath.Join(home, "agent"), Workspace: filepath.Join(home, "work"),
	}}
	for name, text := range map[string]string{
		"state/.env": "TOKEN=x", "state/credentials/oauth.json": "{}", "state/media/inbound/used.png": "png", "state/media/inbound/unused.png": "png",
		"state/settings/voicewake.json": "{}", "state/notes.db": "not SQLite", "state/gateway.log": "log", "state/browser/b/Cookies": "c",
		"state/backups/old.db": "x", "etc/c.json": "{gateway: {}}", "agent/models.json": "{}", "work/AGENTS.md": "be kind",
	} {
		h.write(name, text)
	}
	h.fill(h.places.StateDir, func(tx *store.Tx) error {
		if err := tx.AppendLine(store.Line{SessionID: "s", Role: "user", RunID: "r1", Message: h.large}); err != nil {
			return err
		}
		m := []byte(`{"text":"[media/inbound/used.png] [media/inbound/gone.png]"}`)
		return tx.AppendLine(store.Line{SessionID: "s", Role: "user", RunID: "r2", Message: m})
	})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(filepath.Dir(h.places.StateDir), name)
	h.must(os.MkdirAll(filepath.Dir(path), 0o700))
	h.must(os.WriteFile(path, []byte(text), 0o600))
}

// fill runs op on the store of a directory.
func (h *house) fill(dir string, op store.Op) {
	h.t.Helper()
	s, err := store.Open(store.Options{Dir: dir})
	h.must(err)
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	h.must(s.Start(sys))
	h.must(s.Do(context.Background(), op))
	h.must(errors.Join(sys.Stop(context.Background()), s.Close()))
}

// archive backs the house up.
func (h *house) archive(passphrase string) []byte {
	h.t.Helper()
	var b bytes.Buffer
	_, err := Write(h.t.Context(), Options{Places: h.places, Version: "1.2.3", Passphrase: passphrase, Scratch: h.t.TempDir(), work: 2}, &b)
	h.must(err)
	return b.Bytes()
}

// elsewhere are the places of another machine.
func (h *house) elsewhere() Places {
	home := h.t.TempDir()
	return Places{
		StateDir: filepath.Join(home, "s"), ConfigPath: filepath.Join(home, "s", "clawdbot.json"), Credentials: filepath.Join(home, "creds"),
		Agent: filepath.Join(home, "s", "agent"), Workspace: filepath.Join(home, "w"),
	}
}

// tree is what is below a directory: names and contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBackup(t *testing.T) {
	t.Parallel()
	for _, passphrase := range []string{"", "correct horse"} {
		h := newHouse(t)
		archive := h.archive(passphrase)
		if has := bytes.Contains(archive, []byte("age-encryption")); has != (passphrase != "") {
			t.Errorf("encrypted: %v", has)
		}
		p := h.elsewhere()
		done, err := Restore(t.Context(), bytes.NewReader(archive), passphrase, p, RestoreOptions{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if m := done.Manifest; m.Schema != store.Known() || m.Version != "1.2.3" || len(done.Aside) != 0 {
			t.Errorf("%+v, aside %v", m, done.Aside)
		}
		got := tree(t, filepath.Dir(p.StateDir))
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(got)), func(n string) bool { return strings.HasPrefix(n, "s/blobs/") })
		want := []string{
			"creds/oauth.json", "s/.env", "s/agent/models.json", "s/clawdbot.json", "s/gateway.db", "s/media/inbound/used.png",
			"s/notes.db", "s/settings/voicewake.json", "w/AGENTS.md",
		}
		// Credentials were within the state directory and are apart here: where they were is where they come to.
		want[0] = "s/credentials/oauth.json"
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("restored %q, want %q", names, want)
		}
		if got["s/clawdbot.json"] != "{gateway: {}}" || got["w/AGENTS.md"] != "be kind" {
			t.Errorf("contents %q", got)
		}
		if err := Check(t.Context(), p.StateDir, t.TempDir()); err != nil {
			t.Error(err)
		}
		s, err := store.Open(store.Options{Dir: p.StateDir})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(t.Context(), func(v *store.View) error {
			lines, err := v.History("s", 10)
			if len(lines) != 2 || !bytes.Equal(lines[0].Message, h.large) {
				t.Errorf("%d lines", len(lines))
			}
			return err
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestRestore_deliveries: what was on its way when the backup was made does not go out by itself, unless somebody wants that; what
// had gone out, or was given up, is as it was. Who waits for the outcome of a send is told.
func TestRestore_deliveries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fill(h.places.StateDir, func(tx *store.Tx) error {
		for i, key := range []string{"send:waits#0", "send:goes#0", "run#0", "sent#0", "failed#0"} {
			id, _, err := tx.Enqueue(store.OutItem{Key: key, Account: "a", Surface: "telegram", Chat: "c", Payload: []byte(`{}`)})
			if err == nil && i%2 == 1 {
				err = tx.OutSending(id)
			}
			if err == nil && key == "sent#0" {
				err = tx.OutSent(id, []byte(`{}`), "7")
			}
			if err == nil && key == "failed#0" {
				err = tx.OutFailed(id, "no such chat")
			}
			if err != nil {
				return err
			}
		}
		_, _, _, err := tx.Claim("send", "waits")
		_, _, _, goesErr := tx.Claim("send", "goes")
		return errors.Join(err, goesErr, tx.Settle("send", "done", store.Outcome{OK: true, Payload: []byte(`{}`)}))
	})
	archive := h.archive("")
	for _, deliver := range []bool{false, true} {
		p := h.elsewhere()
		done, err := Restore(t.Context(), bytes.NewReader(archive), "", p, RestoreOptions{Deliver: deliver}, time.Now())
		h.must(err)
		want := map[string]int{store.OutAmbiguous: 3, store.OutSent: 1, store.OutFailed: 1}
		if deliver {
			want = map[string]int{store.OutQueued: 2, store.OutSending: 1, store.OutSent: 1, store.OutFailed: 1}
		}
		if done.Manifest.Queued != 3 || done.Held != want[store.OutAmbiguous] {
			t.Errorf("deliver %v: held %d, the manifest has %d", deliver, done.Held, done.Manifest.Queued)
		}
		for _, suffix := range []string{"-wal", "-journal"} {
			if _, err := os.Stat(filepath.Join(p.StateDir, "gateway.db"+suffix)); err == nil {
				t.Errorf("gateway.db%s is left behind", suffix)
			}
		}
		h.fill(p.StateDir, func(tx *store.Tx) error {
			got, err := tx.OutCounts()
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("deliver %v: %v, %v", deliver, got, err)
			}
			for key, settled := range map[string]bool{"waits": !deliver, "goes": !deliver, "done": true} {
				o, is, found, err := tx.Lookup("send", key)
				if err != nil || !found || is != settled || is && o.OK != (key == "done") || is && !o.OK && !strings.Contains(string(o.Error), "may have gone out since") {
					t.Errorf("deliver %v: the call %s has %+v, %v", deliver, key, o, err)
				}
			}
			return err
		})
	}
}

// TestBackup_noWorkspace: what was not asked for is neither read nor written, wherever the program is started.
func TestBackup_noWorkspace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	with := h.archive("")
	h.places.Workspace = ""
	var b bytes.Buffer
	m, err := Write(t.Context(), Options{Places: h.places, Scratch: t.TempDir()}, &b)
	h.must(err)
	for _, e := range m.Files {
		if !strings.HasPrefix(e.Name, "state/") && !strings.HasPrefix(e.Name, "config/") && !strings.HasPrefix(e.Name, "agent/") {
			t.Errorf("it has %s", e.Name)
		}
	}
	for _, archive := range [][]byte{with, b.Bytes()} {
		p := h.elsewhere()
		p.Workspace = ""
		done, err := Restore(t.Context(), bytes.NewReader(archive), "", p, RestoreOptions{Force: true}, time.Now())
		if err != nil || len(done.Aside) > 0 {
			t.Fatalf("%+v %v", done, err)
		}
		for name := range tree(t, filepath.Dir(p.StateDir)) {
			if !strings.HasPrefix(name, "s/") {
				t.Errorf("it wrote %s", name)
			}
		}
	}
}

// TestRestore_overSomething: nothing is taken away; with force it is moved aside, and a gateway that runs is left alone.
func TestRestore_overSomething(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	archive := h.archive("")
	h.write("state/.env", "TOKEN=young")
	before := tree(t, filepath.Dir(h.places.StateDir))
	restore := func(force bool) (*Restored, error) {
		return Restore(t.Context(), bytes.NewReader(archive), "", h.places, RestoreOptions{Force: force}, time.Now())
	}
	if _, err := restore(false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("without force: %v", err)
	}
	s, err := store.Open(store.Options{Dir: h.places.StateDir})
	h.must(err)
	_, err = restore(true)
	if _, ok := errors.AsType[*Running](err); !ok {
		t.Errorf("under a gateway: %v", err)
	}
	h.must(s.Close())
	after := tree(t, filepath.Dir(h.places.StateDir))
	for _, gone := range []string{"state/gateway.db", "state/gateway.db-wal", "state/gateway.db-shm"} { // having been opened
		delete(before, gone)
		delete(after, gone)
	}
	if !maps.Equal(before, after) {
		t.Errorf("it has changed: %q, was %q", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
	}
	done, err := restore(true)
	if err != nil || len(done.Aside) != 4 {
		t.Fatalf("%+v %v", done, err)
	}
	if b, err := os.ReadFile(filepath.Join(done.Aside[0], ".env")); err != nil || string(b) != "TOKEN=young" {
		t.Errorf("aside: %s %v", b, err)
	}
	if b, err := os.ReadFile(filepath.Join(h.places.StateDir, ".env")); err != nil || string(b) != "TOKEN=x" {
		t.Errorf("restored: %s %v", b, err)
	}
	if left, _ := filepath.Glob(h.places.StateDir + ".restoring*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// again packs an archive anew, with each file changed by f. A name of "" leaves it out.
func again(t *testing.T, archive []byte, f func(h *tar.Header, body []byte) []byte) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	to := gzip.NewWriter(&out)
	from, w := tar.NewReader(zip), tar.NewWriter(to)
	for {
		h, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		body = f(h, body)
		if h.Name == "" {
			continue
		}
		h.Size = int64(len(body))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRestore_refused: what is not the whole of an archive that this program made changes nothing.
func TestRestore_refused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	archive, sealed := h.archive(""), h.archive("correct horse")
	rename := func(name, to string) []byte {
		return again(t, archive, func(h *tar.Header, body []byte) []byte {
			if h.Name == name {
				h.Name = to
			}
			return body
		})
	}
	retype := func(kind byte) []byte {
		return again(t, archive, func(h *tar.Header, body []byte) []byte {
			if h.Name == "state/.env" {
				h.Typeflag, h.Linkname = kind, "/etc/passwd"
				return nil
			}
			return body
		})
	}
	newer := again(t, archive, func(h *tar.Header, body []byte) []byte {
		if h.Name == manifestName {
			return bytes.Replace(body, []byte(`"format": 1`), []byte(`"format": 2`), 1)
		}
		return body
	})
	changed := again(t, archive, func(h *tar.Header, body []byte) []byte {
		if h.Name == "state/.env" {
			return []byte("TOKEN=evil")
		}
		return body
	})
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		name       string
		archive    []byte
		passphrase string
		want       string
	}{
		{"nothing", nil, "", "not a whole backup"}, {"no archive", []byte("hello, hello, hello, hello"), "", "not a whole backup"},
		{"cut off", archive[:len(archive)/2], "", "not a whole backup"}, {"cut off a little", archive[:len(archive)-4], "", "not a whole backup"},
		{"up", rename("state/.env", "state/../../x"), "", "leads elsewhere"}, {"absolute", rename("state/.env", "/tmp/x"), "", "leads elsewhere"},
		{"up at once", rename("state/.env", "../x"), "", "leads elsewhere"}, {"unclean", rename("state/.env", "state//.env"), "", "leads elsewhere"},
		{"elsewhere", rename("state/.env", "home/.bashrc"), "", "belongs"}, {"no root", rename("state/.env", "state"), "", "belongs"},
		{"twice", rename("state/.env", "state/gateway.db"), "", "twice"}, {"a link", retype(tar.TypeSymlink), "", "not a file"},
		{"a hard link", retype(tar.TypeLink), "", "not a file"}, {"a device", retype(tar.TypeChar), "", "not a file"},
		{"one is missing", rename("state/.env", ""), "", "should have"}, {"no manifest", rename(manifestName, ""), "", "manifest is missing"},
		{"changed", changed, "", "is not what it was"}, {"newer", newer, "", "use the program that made it"},
		{"no passphrase", sealed, "", "is encrypted"}, {"another passphrase", sealed, "wrong", "is encrypted"},
		{"a flipped bit", flipped, "correct horse", ""}, {"sealed and cut off", sealed[:len(sealed)-20], "correct horse", ""},
	} {
		p := h.elsewhere()
		_, err := Restore(t.Context(), bytes.NewReader(c.archive), c.passphrase, p, RestoreOptions{Force: true}, time.Now())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if got := tree(t, filepath.Dir(p.StateDir)); len(got) > 0 {
			t.Errorf("%s: it left %q", c.name, slices.Sorted(maps.Keys(got)))
		}
		if _, err := Verify(t.Context(), bytes.NewReader(c.archive), c.passphrase, t.TempDir()); err == nil {
			t.Errorf("%s: it is verified", c.name)
		}
	}
	if _, err := Verify(t.Context(), bytes.NewReader(sealed), "correct horse", t.TempDir()); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// TestRestore_unsound: what was backed up whole and would not work does not replace what does.
func TestRestore_unsound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	refs, err := filepath.Glob(filepath.Join(h.places.StateDir, "blobs", "*"))
	if err != nil || len(refs) != 1 {
		t.Fatal(refs, err)
	}
	h.must(os.WriteFile(refs[0], []byte("not what it was"), 0o600))
	p := h.elsewhere()
	_, err = Restore(t.Context(), bytes.NewReader(h.archive("")), "", p, RestoreOptions{}, time.Now())
	if _, ok := errors.AsType[*store.CorruptError](err); !ok {
		t.Errorf("a damaged file: %v", err)
	}
	if err := Check(t.Context(), h.places.StateDir, t.TempDir()); err == nil {
		t.Error("the check finds nothing")
	}
	h.must(os.Remove(refs[0]))
	if _, err := Write(t.Context(), Options{Places: h.places, Scratch: t.TempDir()}, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
