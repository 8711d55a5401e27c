package skills

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the actor accepts.
type Message interface{ skillsMessage() }

// Status asks for all skills and what they lack.
type Status struct {
	actors.Reply[wire.SkillsStatusResult]
}

// Install runs an installer of a skill. An installation that failed is an answer, not an error.
type Install struct {
	actors.Reply[wire.SkillsInstallResult]
	Name, InstallID string
	Timeout         time.Duration
}

// Update changes the setup of a skill. The error may be a *config.SetError.
type Update struct {
	actors.Reply[wire.SkillsUpdateResult]
	Params wire.SkillsUpdateParams
}

// Prompt asks what a model is told, in which the skills are.
type Prompt struct {
	actors.Reply[wire.AgentPromptResult]
	SessionKey string
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (Status) skillsMessage()  {}
func (Install) skillsMessage() {}
func (Update) skillsMessage()  {}
func (Prompt) skillsMessage()  {}
func (done) skillsMessage()    {}

// Options for the actor. All but Bundled are required.
type Options struct {
	// Document is the configuration in force. Any goroutine; must not block.
	Document func() *config.Document
	// Assign changes the config file, and may block.
	Assign  func(ctx context.Context, settings []config.Setting) (config.Assigned, error)
	Getenv  func(string) string
	Home    func(path string) string // replaces a leading ~
	Bundled string                   // directory of the skills that came with the program; "" = there are none
	Managed string                   // directory of those that were installed
	Log     *slog.Logger
	// Prompt makes what a model is told; it may block. nil = there is none.
	Prompt func(ctx context.Context, sessionKey string) (wire.AgentPromptResult, error)
	// Library is where they are read, nil = one of the actor's own.
	Library *Library
}

// Props describes the actor. Its name is "skills".
func Props(o Options) actors.Props[Message] {
	if o.Library == nil {
		o.Library = NewLibrary(o)
	}
	s := &skills{o: &o, scanner: o.Library.scanner, installs: newInstalls()}
	return actors.Props[Message]{
		Kind:    "skills",
		New:     func() actors.Behavior[Message] { return s },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// skills is the same for every incarnation: nothing in it belongs to one.
type skills struct {
	o        *Options
	scanner  *scanner
	installs *installs
}

func (s *skills) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Status:
		actors.Answer(c, m.Reply, func(context.Context) (wire.SkillsStatusResult, error) { return s.status(), nil }, Message(done{}))
	case Install:
		actors.Answer(c, m.Reply, func(ctx context.Context) (wire.SkillsInstallResult, error) { return s.install(ctx, m) }, Message(done{}))
	case Update:
		actors.Answer(c, m.Reply, func(ctx context.Context) (wire.SkillsUpdateResult, error) { return s.update(ctx, m.Params) }, Message(done{}))
	case Prompt:
		actors.Answer(c, m.Reply, func(ctx context.Context) (wire.AgentPromptResult, error) { return s.o.Prompt(ctx, m.SessionKey) }, Message(done{}))
	case done:
	}
	return nil
}

// places are where skills are looked for, the ones that stand in for others last.
func (o *Options) places(doc *config.Document) []place {
	var all []place
	for _, dir := range doc.Config.Skills.Load.ExtraDirs {
		if dir = o.Home(dir); filepath.IsAbs(dir) {
			all = append(all, place{dir, sourceExtra})
		}
	}
	return append(all, place{o.Bundled, sourceBundled}, place{o.Managed, sourceManaged},
		place{filepath.Join(doc.Config.Agent.Workspace, "skills"), sourceWorkspace})
}

func (s *skills) status() wire.SkillsStatusResult {
	doc := s.o.Document()
	r := wire.SkillsStatusResult{WorkspaceDir: doc.Config.Agent.Workspace, ManagedSkillsDir: s.o.Managed, Skills: []wire.Skill{}}
	h := newHost(s.o.Getenv, doc)
	found, wrong := s.scanner.scan(s.o.places(doc))
	for _, sk := range found {
		r.Skills = append(r.Skills, h.status(sk))
	}
	r.Problems = problems(wrong)
	return r
}
