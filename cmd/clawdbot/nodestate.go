package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/file"
)

// nodeSettings are what the owner of a computer lets its node do, from flags or from settings.json.
type nodeSettings struct {
	Gateway  string   `json:"gateway"`
	Name     string   `json:"name"`
	AllowRun []string `json:"allowRun"`
	AllowEnv []string `json:"allowEnv"`
	Location string   `json:"location"`
	Camera   bool     `json:"camera"`
	Screen   bool     `json:"screen"`
	Canvas   *bool    `json:"canvas"` // nil: yes
	Window   bool     `json:"window"`
	Chromium string   `json:"chromium"`
}

// add lays flags over the file. What one of them allows is allowed.
func (s *nodeSettings) add(flags nodeSettings) {
	for to, from := range map[*string]string{&s.Gateway: flags.Gateway, &s.Name: flags.Name, &s.Location: flags.Location, &s.Chromium: flags.Chromium} {
		if from != "" {
			*to = from
		}
	}
	for to, from := range map[*bool]bool{&s.Camera: flags.Camera, &s.Screen: flags.Screen, &s.Window: flags.Window} {
		*to = *to || from
	}
	if flags.Canvas != nil {
		s.Canvas = flags.Canvas
	}
	s.AllowRun, s.AllowEnv = append(s.AllowRun, flags.AllowRun...), append(s.AllowEnv, flags.AllowEnv...)
}

// readNodeSettings reads settings.json, which need not be there. A name that it does not know is an error: something
// would be allowed or not other than its owner thinks.
func readNodeSettings(dir string) (s nodeSettings, err error) {
	path := filepath.Join(dir, "settings.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// nodeState is what a node keeps: who it is, and the token of each gateway that has let it in. One process has it.
type nodeState struct {
	ID     string            `json:"nodeId"`
	Tokens map[string]string `json:"tokens"` // by the gateway's address: no gateway gets another's

	mu      sync.Mutex
	path    string
	lock    *flock.Flock
	scratch string // a directory for files while they are made
}

// openNodeState reads the state in dir, or begins one.
func openNodeState(dir string) (s *nodeState, err error) {
	s = &nodeState{path: filepath.Join(dir, "node.json"), scratch: filepath.Join(dir, "scratch")}
	if err := os.MkdirAll(s.scratch, 0o700); err != nil {
		return nil, err
	}
	s.lock = flock.New(filepath.Join(dir, "node.lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	switch mine, err := s.lock.TryLock(); {
	case err != nil:
		return nil, err
	case !mine:
		return nil, fmt.Errorf("another node runs with %s already; give this one a --dir of its own", dir)
	}
	defer func(lock *flock.Flock) {
		if err != nil {
			_ = lock.Unlock()
		}
	}(s.lock)
	b, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(b, s); err != nil || s.ID == "" {
			return nil, fmt.Errorf("%s is damaged; remove it, and let the node in again", s.path)
		}
	}
	if s.ID == "" {
		prefix := nodePlatform() + "-"
		if prefix == "macos-" {
			prefix = "mac-" // as the gateway's tools expect it of a Mac
		}
		s.ID = prefix + uuid.NewString()
		return s, s.save()
	}
	return s, nil
}

func (s *nodeState) close() { _ = s.lock.Unlock() }

func (s *nodeState) token(address string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Tokens[address]
}

// setToken keeps a token before the gateway is told anything else.
func (s *nodeState) setToken(address, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Tokens == nil {
		s.Tokens = map[string]string{}
	}
	s.Tokens[address] = token
	return s.save()
}

func (s *nodeState) save() error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return file.Replace(s.path, append(b, '\n')) // its owner alone can read it
}
