package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// bucket holds a Record for each process that may be running.
const bucket = "processes"

// Options for a Keeper. Store and Guard are required.
type Options struct {
	Store *store.Store
	// Guard is the program that calls Main, with its arguments: this program and ChildArg.
	Guard []string
	// Scratch is a directory for what a confined process may write besides its workspace; a part of it for each.
	Scratch string
	Log     *slog.Logger
}

// Keeper starts processes and keeps the records of them. It is safe for concurrent use.
type Keeper struct {
	o    Options
	mu   sync.Mutex
	live map[string]bool // ids of the records that this keeper has made
}

// NewKeeper makes one.
func NewKeeper(o Options) *Keeper {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{o: o, live: map[string]bool{}}
}

// Record is what is on disk of a process before it runs.
type Record struct {
	ID    string `json:"-"`
	PID   int    `json:"pid"`   // of the guard, and of the group
	Began string `json:"began"` // when the guard began, as the system tells it
	Owner string `json:"owner"` // for a person: whose it is
	At    int64  `json:"at"`    // ms
}

// Reap ends what earlier gateways have left behind, and says how many processes' records were found with something still
// running. It leaves alone what has the id of such a process and is not it.
func (k *Keeper) Reap(ctx context.Context) (ended int, err error) {
	var pairs []store.Pair
	err = k.o.Store.View(ctx, func(v *store.View) (err error) {
		pairs, err = v.Bucket(bucket)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("list the processes of the last gateway: %w", err)
	}
	for _, p := range pairs {
		if k.isLive(p.Key) {
			continue
		}
		r := Record{ID: p.Key}
		if wire.Unmarshal(p.Value, &r) == nil && r.end(ctx) {
			ended++
			k.o.Log.Warn("ended what the last gateway had left running", "process", r.ID, "pid", r.PID, "owner", r.Owner)
		}
		k.tidy(r.ID)
		if err := k.forget(ctx, r.ID); err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// end ends what is left of a process, and says whether there was anything.
func (r Record) end(ctx context.Context) (there bool) {
	if !sameBoot(r.Began) {
		return false
	}
	if now, ok := began(r.PID); ok && now == r.Began {
		killGroup(r.PID)
		there = true
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if !killMarked(r.ID) {
			return there
		}
		there = true
		select {
		case <-tick.C:
		case <-ctx.Done():
			return there
		}
	}
	return there
}

func (k *Keeper) isLive(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.live[id]
}

func (k *Keeper) setLive(id string, live bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if live {
		k.live[id] = true
	} else {
		delete(k.live, id)
	}
}

func (k *Keeper) record(ctx context.Context, r Record) error {
	value, err := wire.Marshal(r)
	if err != nil {
		return err
	}
	return k.o.Store.Do(ctx, func(tx *store.Tx) error { return tx.Put(bucket, r.ID, value) })
}

func (k *Keeper) forget(ctx context.Context, id string) error {
	return k.o.Store.Do(ctx, func(tx *store.Tx) error { return tx.Delete(bucket, id) })
}

// scratch makes the directory of a confined process.
func (k *Keeper) scratch(id string) (string, error) {
	if k.o.Scratch == "" {
		return "", errors.New("there is no directory for what a confined program writes")
	}
	dir := filepath.Join(k.o.Scratch, id)
	return dir, os.MkdirAll(filepath.Join(dir, "tmp"), 0o700)
}

func (k *Keeper) tidy(id string) {
	if k.o.Scratch != "" && id != "" {
		_ = os.RemoveAll(filepath.Join(k.o.Scratch, filepath.Base(id)))
	}
}

// Spec says what to start.
type Spec struct {
	Owner string   // for a person: whose it is
	Argv  []string // program and arguments, no shell
	Dir   string   // absolute
	Env   []string // the whole environment
	// Stdin, Stdout and Stderr are the program's; nil = nothing, and nowhere. The caller closes its copies of them after
	// Start.
	Stdin, Stdout, Stderr *os.File
	Confine               *Confinement // nil = not confined
}

// Start starts a program and returns when it runs. The error says what to do when there is no such program.
func (k *Keeper) Start(ctx context.Context, s Spec) (*Process, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	id := uuid.NewString()
	o := order{Argv: s.Argv, Dir: s.Dir, Env: append(s.Env[:len(s.Env):len(s.Env)], mark+"="+id)}
	if s.Confine != nil {
		scratch, err := k.scratch(id)
		if err == nil {
			o, err = s.Confine.apply(o, scratch)
		}
		if err != nil {
			k.tidy(id)
			return nil, err
		}
	}
	p, err := k.launch(id, s)
	if err != nil {
		k.tidy(id)
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	if err := p.begin(ctx, o, s.Owner); err != nil {
		p.Kill()
		<-p.done
		return nil, err
	}
	return p, nil
}

// begin has the guard run the program, once it is on disk that it is there.
func (p *Process) begin(ctx context.Context, o order, owner string) error {
	start, ok := began(p.pid)
	if !ok {
		return errors.New("the guard has ended at once")
	}
	if err := p.k.record(ctx, Record{ID: p.id, PID: p.pid, Began: start, Owner: owner, At: time.Now().UnixMilli()}); err != nil {
		return fmt.Errorf("record a process: %w", err)
	}
	line, err := wire.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := p.control.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("tell the guard what to run: %w", err)
	}
	select {
	case r := <-p.started:
		if r.Error != "" {
			return &StartError{r.Error, r.Missing}
		}
		return nil
	case <-p.done:
		return errors.New("the guard has ended before it ran anything")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// StartError is why a program was not run.
type StartError struct {
	Reason string
	// Missing: there is no such program, or it may not be run; trying again does not help.
	Missing bool
}

func (e *StartError) Error() string { return e.Reason }
