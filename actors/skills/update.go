package skills

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// update changes a skill's setup in the config file, value by value. The answer has placeholders for secrets.
func (s *skills) update(ctx context.Context, p wire.SkillsUpdateParams) (r wire.SkillsUpdateResult, err error) {
	key := strings.TrimSpace(p.SkillKey)
	if key == "" {
		return r, wire.InvalidRequest("skillKey required")
	}
	settings, err := changes(key, p, s.o.Document().Config.Skills.Entries[key])
	if err != nil {
		return r, err
	}
	a, err := s.o.Assign(ctx, settings)
	if err != nil {
		return r, err
	}
	var file struct {
		Skills struct {
			Entries map[string]wire.SkillConfig `json:"entries"`
		} `json:"skills"`
	}
	if err := wire.Unmarshal(a.Config, &file); err != nil {
		return r, err
	}
	return wire.SkillsUpdateResult{OK: true, SkillKey: key, Config: file.Skills.Entries[key]}, nil
}

// changes are the settings that make the update.
func changes(key string, p wire.SkillsUpdateParams, have config.SkillEntry) ([]config.Setting, error) {
	at := func(path ...string) []string { return append([]string{"skills", "entries", key}, path...) }
	var all []config.Setting
	if p.Enabled != nil {
		all = append(all, config.Setting{Path: at("enabled"), Value: encode(*p.Enabled)})
	}
	set := func(value string, stored config.Secret, path ...string) error {
		switch value = strings.TrimSpace(value); {
		case value == config.Redacted && stored == "":
			return wire.InvalidRequest("%s is %s, but no secret is stored to keep", strings.Join(path, "."), config.Redacted)
		case value == config.Redacted: // what it was
		case value == "":
			all = append(all, config.Setting{Path: at(path...)})
		default:
			all = append(all, config.Setting{Path: at(path...), Value: encode(value)})
		}
		return nil
	}
	if p.APIKey != nil {
		if err := set(*p.APIKey, have.APIKey, "apiKey"); err != nil {
			return nil, err
		}
	}
	for _, given := range slices.Sorted(maps.Keys(p.Env)) {
		name := strings.TrimSpace(given)
		if name == "" {
			continue
		}
		if err := set(p.Env[given], have.Env[name], "env", name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func encode(v any) []byte {
	b, err := wire.Marshal(v)
	if err != nil { // a boolean or a string: cannot be
		return []byte("null")
	}
	return b
}
