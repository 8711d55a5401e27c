package telegram

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	const (
		from    = `"message_id":5,"date":1700000000,"from":{"id":7,"first_name":"Ann","last_name":"Lee","username":"annlee"}`
		private = from + `,"chat":{"id":7,"type":"private"}`
		group   = from + `,"chat":{"id":-100,"type":"supergroup","title":"Friends"}`
	)
	direct := func(change func(*providers.Incoming)) *providers.Incoming {
		m := providers.Incoming{
			ID: "5", Chat: "7", Kind: providers.Direct, Text: "hi", Time: time.Unix(1700000000, 0),
			Sender: providers.Sender{ID: "7", Name: "Ann Lee", Username: "annlee"},
		}
		if change != nil {
			change(&m)
		}
		return &m
	}
	inGroup := func(change func(*providers.Incoming)) *providers.Incoming {
		return direct(func(m *providers.Incoming) {
			m.Chat, m.Kind, m.Title = "-100", providers.Group, "Friends"
			change(m)
		})
	}
	text := func(s string) func(*providers.Incoming) { return func(m *providers.Incoming) { m.Text = s } }
	tests := []struct {
		name, in string
		want     *providers.Incoming // nil = skipped
	}{
		{"text", private + `,"text":" hi\n"`, direct(nil)},
		{"caption", private + `,"caption":"hi","photo":[{"file_id":"f","width":1,"height":1}]`, direct(nil)},
		{"photo", private + `,"photo":[{"file_id":"f","width":1,"height":1}]`, direct(text("<media:image>"))},
		{"video", private + `,"video":{"file_id":"f"}`, direct(text("<media:video>"))},
		{"audio", private + `,"audio":{"file_id":"f"}`, direct(text("<media:audio>"))},
		{"voice", private + `,"voice":{"file_id":"f"}`, direct(text("<media:audio>"))},
		{"document", private + `,"document":{"file_id":"f"}`, direct(text("<media:document>"))},
		{"blank caption of a photo", private + `,"caption":"  ","photo":[{"file_id":"f"}]`, direct(text("<media:image>"))},
		{"nothing to read", private + `,"dice":{"emoji":"🎲","value":3}`, nil},
		{"service message", private + `,"new_chat_title":"x"`, nil},
		{"our own", `"message_id":5,"date":1,"from":{"id":42,"is_bot":true,"first_name":"b"},"chat":{"id":7,"type":"private"},"text":"hi"`, nil},
		{"channel", from + `,"chat":{"id":-5,"type":"channel"},"text":"hi"`, nil},
		{"no sender", `"message_id":5,"date":1,"chat":{"id":7,"type":"private"},"text":"hi"`, nil},
		{"no chat", from + `,"text":"hi"`, nil},
		{"sent as a chat", `"message_id":5,"date":1700000000,"sender_chat":{"id":-9,"type":"channel","title":"News"},"chat":{"id":-100,"type":"group","title":"Friends"},"text":"hi"`,
			inGroup(func(m *providers.Incoming) { m.Sender = providers.Sender{ID: "-9", Name: "News"} })},
		{"group", group + `,"text":"hi"`, inGroup(func(*providers.Incoming) {})},
		{"mention in any case", group + `,"text":"@My_BOT: hi","entities":[{"type":"mention","offset":0,"length":7}]`,
			inGroup(func(m *providers.Incoming) { m.Text, m.Mentioned, m.HasMentions = "@My_BOT: hi", true, true })},
		{"mention without an entity", group + `,"text":"hi @my_bot"`,
			inGroup(func(m *providers.Incoming) { m.Text, m.Mentioned = "hi @my_bot", true })},
		{"mention in a caption", group + `,"caption":"@my_bot","caption_entities":[{"type":"mention","offset":0,"length":7}],"video":{"file_id":"f"}`,
			inGroup(func(m *providers.Incoming) { m.Text, m.Mentioned, m.HasMentions = "@my_bot", true, true })},
		{"a longer name is another bot", group + `,"text":"@my_bot2 hi","entities":[{"type":"mention","offset":0,"length":8}]`,
			inGroup(func(m *providers.Incoming) { m.Text, m.HasMentions = "@my_bot2 hi", true })},
		{"the longer name first", group + `,"text":"@my_bot2 and @my_bot"`,
			inGroup(func(m *providers.Incoming) { m.Text, m.Mentioned = "@my_bot2 and @my_bot", true })},
		{"person without a user name", group + `,"text":"Bob hi","entities":[{"type":"text_mention","offset":0,"length":3,"user":{"id":8}}]`,
			inGroup(func(m *providers.Incoming) { m.Text, m.HasMentions = "Bob hi", true })},
		{"command for this bot", group + `,"text":"/status@my_bot","entities":[{"type":"bot_command","offset":0,"length":14}]`,
			inGroup(func(m *providers.Incoming) { m.Text, m.Mentioned = "/status@my_bot", true })},
		{"reply to us", group + `,"text":"hi","reply_to_message":{"message_id":3,"date":1,"from":{"id":42,"first_name":"Bot"},"chat":{"id":-100,"type":"supergroup"},"text":"before"}`,
			inGroup(func(m *providers.Incoming) {
				m.Mentioned, m.ReplyTo = true, &providers.Quoted{ID: "3", Sender: "Bot", Text: "before"}
			})},
		{"reply to another's photo", group + `,"text":"hi","reply_to_message":{"message_id":3,"date":1,"from":{"id":8,"username":"bob"},"chat":{"id":-100,"type":"supergroup"},"photo":[{"file_id":"f"}]}`,
			inGroup(func(m *providers.Incoming) {
				m.ReplyTo = &providers.Quoted{ID: "3", Sender: "bob", Text: "<media:image>"}
			})},
		{"reply to nobody known", private + `,"text":"hi","reply_to_message":{"message_id":3,"date":1,"chat":{"id":7,"type":"private"},"text":"x"}`,
			direct(func(m *providers.Incoming) {
				m.ReplyTo = &providers.Quoted{ID: "3", Sender: "unknown sender", Text: "x"}
			})},
		{"topic", group + `,"text":"hi","is_topic_message":true,"message_thread_id":9,"reply_to_message":{"message_id":9,"date":1,"from":{"id":42},"chat":{"id":-100,"type":"supergroup"},"forum_topic_created":{"name":"t"}}`,
			inGroup(func(m *providers.Incoming) { m.Thread = "9" })},
		{"thread of replies is no topic", group + `,"text":"hi","message_thread_id":9`, inGroup(func(*providers.Incoming) {})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var m tele.Message
			if err := json.Unmarshal([]byte("{"+tt.in+"}"), &m); err != nil {
				t.Fatal(err)
			}
			got, ok := convert(&m, identity{ID: 42, Username: "my_bot"})
			if ok != (tt.want != nil) {
				t.Fatalf("convert = %+v, %v", got, ok)
			}
			if tt.want != nil {
				if diff := cmp.Diff(*tt.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	if _, ok := convert(nil, identity{}); ok {
		t.Error("an update without message was converted")
	}
}
