package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/speech"
	"github.com/clawdbot/gateway/transport/wire"
)

// ear is the service that writes speech down; nil = none is configured. A key of the environment goes to its own vendor only.
func (g *Gateway) ear(t config.Transcribe) *speech.Service {
	s := &speech.Service{BaseURL: t.BaseURL, Key: strings.TrimSpace(t.APIKey.Reveal())}
	if s.Key == "" && s.BaseURL == "" && t.Model != "" {
		s.Key = g.o.Getenv("OPENAI_API_KEY")
	}
	if s.BaseURL == "" && s.Key == "" {
		return nil
	}
	return s
}

// mouth is the service that speaks; ok is false when none is configured.
func (g *Gateway) mouth() (s speech.Service, v speech.Voice, ok bool) {
	t := g.doc.Load().Config.Talk
	s = speech.Service{BaseURL: t.BaseURL, Key: strings.TrimSpace(t.APIKey.Reveal())}
	if s.BaseURL != "" && s.Key == strings.TrimSpace(g.o.Getenv("ELEVENLABS_API_KEY")) {
		s.Key = "" // the environment's is for its own vendor
	}
	v = speech.Voice{ID: g.voice(t, t.VoiceID), Model: t.ModelID, Format: t.OutputFormat}
	if !strings.HasPrefix(v.Format, "mp3_") && !strings.HasPrefix(v.Format, "opus_") {
		v.Format = "" // that of a device's loudspeaker is not for messages
	}
	return s, v, v.ID != "" && (s.Key != "" || s.BaseURL != "")
}

// voice finds a voice by a name that the configuration has for it, else it is an id.
func (*Gateway) voice(t config.Talk, name string) string {
	for alias, id := range t.VoiceAliases {
		if strings.EqualFold(alias, strings.TrimSpace(name)) {
			return id
		}
	}
	return strings.TrimSpace(name)
}

// speechTools is the tool tts, where a service that speaks is configured.
func (g *Gateway) speechTools() []tools.Tool {
	if _, _, ok := g.mouth(); !ok {
		return nil
	}
	about := "Speak a text aloud: makes a voice message of it. The result has a line MEDIA:<path>; put that line into your answer to send it."
	var names []string
	for alias := range g.doc.Load().Config.Talk.VoiceAliases {
		names = append(names, alias)
	}
	if slices.Sort(names); len(names) > 0 {
		about += " Voices: " + strings.Join(names, ", ") + "."
	}
	return []tools.Tool{{
		Name: "tts", Description: about, Group: tools.GroupNet,
		Schema: wire.Raw(`{"type":"object","properties":{"text":{"type":"string"},"voice":{"type":"string","description":"leave out for the usual one"}},"required":["text"],"additionalProperties":false}`),
		Run:    g.speak,
	}}
}

func (g *Gateway) speak(ctx context.Context, _ tools.Caller, args wire.Raw) (wire.Raw, error) {
	var a struct {
		Text  string `json:"text"`
		Voice string `json:"voice"`
	}
	if err := wire.Unmarshal(args, &a); err != nil {
		return nil, fmt.Errorf("tts: %w", err)
	}
	s, v, ok := g.mouth()
	if !ok {
		return nil, fmt.Errorf("tts: nothing that speaks is configured (talk.voiceId, and talk.apiKey or talk.baseUrl)")
	}
	v.ID = g.voice(g.doc.Load().Config.Talk, cmp.Or(strings.TrimSpace(a.Voice), v.ID))
	spoken, err := speech.Speak(ctx, s, v, a.Text)
	if err != nil {
		return nil, err
	}
	path, err := g.saveMedia(agent.Media{MIME: spoken.MIME, Name: spoken.Name, Data: spoken.Data})
	if err != nil {
		return nil, err
	}
	return wire.Marshal(map[string]any{
		"content": []map[string]string{{"type": "text", "text": "MEDIA:" + path}}, "details": map[string]any{"bytes": len(spoken.Data), "mimeType": spoken.MIME},
	})
}
