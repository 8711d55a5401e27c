package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestNodes_oddOnesAndTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, nodesFile, `{
		"phone": {"nodeId": "phone", "token": "t1", "createdAtMs": 1, "approvedAtMs": 2},
		"known": {"nodeId": "known", "token": "t2", "createdAtMs": 1, "approvedAtMs": 2},
		"same": {"nodeId": "same", "token": "t3", "createdAtMs": 1, "approvedAtMs": 2},
		"no token": {"nodeId": "no token"},
		"broken": {"nodeId": 5}
	}`)
	put(t, dir, pendingFile, fmt.Sprintf(`{
		"r1": {"requestId": "r1", "nodeId": "waits", "isRepair": false, "ts": %d}, "r2": {"requestId": "r2", "nodeId": "late", "ts": 5}, "r3": 1
	}`, time.Now().UnixMilli()))
	r := start(t, dir, nil, Places{})
	defer r.stop()
	err := r.store.Do(deadline(t), func(tx *store.Tx) error {
		for id, token := range map[string]string{"known": "own", "same": "t3"} {
			if _, err := pairing.AdoptNode(tx, wire.NodePaired{NodeID: id, Token: token}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rep := r.run()
	if rep.Nodes != 2 {
		t.Errorf("report %+v", rep)
	}
	for _, text := range []string{"1 nodes stay as", `node "no token" stays behind`, `node "broken" stays behind`, "1 nodes that wait"} {
		if !said(rep, nodesFile, text) {
			t.Errorf("the report lacks %q: %s", text, show(rep))
		}
	}
	err = r.store.View(deadline(t), func(v *store.View) error {
		waiting, err := v.NodeRequests()
		if len(waiting) != 1 || waiting[0].NodeID != "waits" {
			t.Errorf("waiting %+v", waiting)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Nodes and wake words were kept below the home directory, whatever the state directory was.
func TestNodes_belowHome(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	put(t, home, ".clawdbot/"+nodesFile, `{"phone": {"nodeId": "phone", "token": "t1"}}`)
	put(t, home, ".clawdbot/settings/voicewake.json", `{"triggers":["hey"]}`)
	if (Places{StateDir: dir, Home: home}).Found() {
		t.Error("a state directory of its own is taken for one that was in use")
	}
	put(t, dir, sessionsFile, `{}`)
	if _, rep := imported(t, dir, Places{Home: home}); rep.Nodes != 1 {
		t.Errorf("report %s", show(rep))
	}
	if b, err := os.ReadFile(filepath.Join(dir, "settings/voicewake.json")); err != nil || string(b) != `{"triggers":["hey"]}` {
		t.Errorf("wake words %s, %v", b, err)
	}
}
