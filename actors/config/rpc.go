package config

import (
	"errors"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers config.* (protocol 3.10), with the additions config.history, config.rollback and config.check.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("config.get", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, snapshot, func(r actors.Reply[View]) Message { return OnDisk{r} })
		}),
		wire.Strict("config.set", func(c *wire.Call, p wire.ConfigSetParams) {
			ask(c, ref, written, func(r actors.Reply[View]) Message { return Set{r, p.Raw, p.BaseHash} })
		}),
		wire.Strict("config.schema", func(c *wire.Call, _ wire.NoParams) {
			same := func(r wire.ConfigSchemaResult) wire.ConfigSchemaResult { return r }
			ask(c, ref, same, func(r actors.Reply[wire.ConfigSchemaResult]) Message { return Describe{r} })
		}),
		wire.Strict("config.history", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, generations, func(r actors.Reply[[]Generation]) Message { return Generations{r} })
		}),
		wire.Strict("config.rollback", func(c *wire.Call, p wire.ConfigRollbackParams) {
			ask(c, ref, written, func(r actors.Reply[View]) Message { return Rollback{r, p.Generation} })
		}),
		wire.Strict("config.check", func(c *wire.Call, p wire.ConfigCheckParams) {
			ask(c, ref, checked, func(r actors.Reply[Checked]) Message { return Check{r, p.Raw} })
		}),
	}
}

// ask puts a call to the actor and answers it with what result makes of the reply.
func ask[T, R any](c *wire.Call, ref actors.Ref[Message], result func(T) R, build func(actors.Reply[T]) Message) {
	reply := actors.ReplyTo(func(v T, err error) {
		if e, ok := errors.AsType[*SetError](err); ok {
			err = setError(e)
		}
		if err != nil {
			c.Fail(err)
			return
		}
		c.OK(result(v))
	})
	if err := ref.Tell(build(reply)); err != nil {
		c.Fail(err)
	}
}

func setError(e *SetError) *wire.Error {
	w := wire.InvalidRequest("%s", e.Message)
	if len(e.Issues) > 0 {
		w.Details = wire.ConfigIssues{Issues: wireIssues(e.Issues)}
	}
	return w
}

func snapshot(v View) wire.ConfigSnapshot {
	return wire.ConfigSnapshot{
		Path: v.Path, Exists: v.Exists, Raw: v.Raw, Parsed: wire.Raw(v.Parsed), Valid: v.Valid, Config: wire.Raw(v.Config),
		Issues: wireIssues(v.Issues), LegacyIssues: wireIssues(v.LegacyIssues), Hash: v.Hash,
	}
}

func written(v View) wire.ConfigSetResult {
	return wire.ConfigSetResult{OK: true, Path: v.Path, Config: wire.Raw(v.Config)}
}

func checked(c Checked) wire.ConfigCheckResult {
	r := wire.ConfigCheckResult{Hash: c.Hash, Issues: wireIssues(c.Issues), Changes: make([]wire.ConfigChange, len(c.Changes)), Restart: c.Restart, Refused: c.Refused}
	for i, change := range c.Changes {
		r.Changes[i] = wire.ConfigChange{Path: change.Path, Effect: change.Effect.String(), Part: change.Part}
	}
	return r
}

func generations(all []Generation) wire.ConfigHistoryResult {
	r := wire.ConfigHistoryResult{Generations: make([]wire.ConfigGeneration, len(all))}
	for i, g := range all {
		r.Generations[i] = wire.ConfigGeneration{Generation: g.Number, At: g.At.UnixMilli(), Bytes: g.Bytes, Current: g.Current}
	}
	return r
}

func wireIssues(issues []Issue) []wire.ConfigIssue {
	out := make([]wire.ConfigIssue, len(issues))
	for i, issue := range issues {
		out[i] = wire.ConfigIssue(issue)
	}
	return out
}
