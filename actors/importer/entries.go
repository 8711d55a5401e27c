package importer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxStore is the largest file that is read as a whole.
const maxStore = 128 << 20

// readJSON reads a file of the other gateway, which took JSON5.
func readJSON(f file, v any) error {
	b, err := f.read(maxStore)
	if err != nil {
		return err
	}
	b = toValid(b)
	strict := wire.Unmarshal(b, v)
	if strict == nil {
		return nil
	}
	loose, err := config.StrictJSON(string(b))
	if err != nil {
		if len(b) > config.MaxBytes {
			err = strict
		}
		return fmt.Errorf("is no JSON: %w", err)
	}
	if err := wire.Unmarshal(loose, v); err != nil {
		return errors.New("has another shape than expected") // err could quote a token
	}
	return nil
}

// entry is a session entry that can be stored.
type entry struct {
	store.Session
	noted string // what of it did not come over; "" = all did
}

// readEntries reads the session store, newest first. left are the keys that cannot come over, with the reason.
func readEntries(f file) (all []entry, left map[string]string, err error) {
	var raw map[string]wire.Raw
	if err := readJSON(f, &raw); err != nil {
		return nil, nil, err
	}
	left = map[string]string{}
	for key, b := range raw {
		e, err := newEntry(key, b)
		if err != nil {
			left[key] = err.Error()
			continue
		}
		all = append(all, e)
	}
	sort.Slice(all, func(i, j int) bool {
		return cmp.Or(cmp.Compare(all[j].UpdatedAt, all[i].UpdatedAt), strings.Compare(all[i].Key, all[j].Key)) < 0
	})
	return all, left, nil
}

// newEntry takes over every field, unknown ones too, and drops those of the wrong type: one of them would make the whole
// entry unreadable.
func newEntry(key string, b wire.Raw) (entry, error) {
	if strings.TrimSpace(key) == "" {
		return entry{}, fmt.Errorf("its key is blank")
	}
	if err := wire.Valid(b); err != nil {
		return entry{}, fmt.Errorf("it cannot be read: %w", err)
	}
	var fields map[string]wire.Raw
	if wire.Unmarshal(b, &fields) != nil || fields == nil {
		return entry{}, fmt.Errorf("it is not an object")
	}
	var noted []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		one, err := wire.Marshal(map[string]wire.Raw{name: fields[name]})
		if err != nil || wire.Unmarshal(one, &wire.SessionEntry{}) != nil {
			noted = append(noted, name+" has the wrong type")
			delete(fields, name)
		}
	}
	e := entry{Session: store.Session{Key: key}}
	var known wire.SessionEntry
	whole, err := wire.Marshal(fields)
	if err == nil {
		err = wire.Unmarshal(whole, &known)
	}
	if err != nil {
		return entry{}, fmt.Errorf("it cannot be read: %w", err)
	}
	e.SessionID, e.UpdatedAt = known.SessionID, max(0, known.UpdatedAt)
	if e.SessionID != "" && !fileName(e.SessionID) {
		e.SessionID = uuid.NewString()
		noted = append(noted, "its sessionId is not the name of a file: it got a new one, and has no history")
	}
	id, _ := wire.Marshal(e.SessionID)
	at, _ := wire.Marshal(e.UpdatedAt)
	fields["sessionId"], fields["updatedAt"] = id, at
	e.Skills = fields["skillsSnapshot"]
	delete(fields, "skillsSnapshot")
	e.noted = strings.Join(noted, "; ")
	e.Entry, err = wire.Marshal(fields)
	return e, err
}
