package signal

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
)

const self = "+15550001000"

func provider(t testing.TB, fields map[string]any) *Provider {
	t.Helper()
	if fields["account"] == nil {
		fields["account"] = self
	}
	p, err := newProvider(providers.Env{Config: section(t, fields)}, quick())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConvert(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1700000000123)
	ann := providers.Sender{ID: "+15550002000", Name: "Ann"}
	direct := providers.Incoming{ID: "1700000000123", Chat: ann.ID, Kind: providers.Direct, Sender: ann, Time: at}
	grouped := direct
	grouped.ID, grouped.Chat, grouped.Kind, grouped.Title = "1700000000123@+15550002000", "group:abc=", providers.Group, "Friends"
	const uuid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
	for name, c := range map[string]struct {
		data string // fields of the envelope after the sender
		from string // "" = Ann
		want func(in *providers.Incoming)
		base providers.Incoming
	}{
		"text":      {data: `"dataMessage":{"timestamp":1700000000123,"message":" hi "}`, base: direct, want: func(in *providers.Incoming) { in.Text = "hi" }},
		"an edit":   {data: `"editMessage":{"targetSentTimestamp":5,"dataMessage":{"timestamp":1700000000123,"message":"better"}}`, base: direct, want: func(in *providers.Incoming) { in.Text = "better" }},
		"a group":   {data: `"dataMessage":{"timestamp":1700000000123,"message":"all","groupInfo":{"groupId":"abc=","groupName":"Friends"}}`, base: grouped, want: func(in *providers.Incoming) { in.Text = "all" }},
		"image":     {data: `"dataMessage":{"timestamp":1700000000123,"message":null,"attachments":[{"contentType":"image/png"}]}`, base: direct, want: func(in *providers.Incoming) { in.Text = "<media:image>" }},
		"odd file":  {data: `"dataMessage":{"timestamp":1700000000123,"attachments":[{"contentType":"text/x"}]}`, base: direct, want: func(in *providers.Incoming) { in.Text = "<media:attachment>" }},
		"sticker":   {data: `"dataMessage":{"timestamp":1700000000123,"sticker":{"packId":"x"}}`, base: direct, want: func(in *providers.Incoming) { in.Text = "<media:sticker>" }},
		"no number": {from: `"sourceNumber":null,"sourceUuid":"` + strings.ToUpper(uuid) + `","sourceName":"Ann"`, data: `"dataMessage":{"timestamp":1700000000123,"message":"x"}`, base: direct, want: func(in *providers.Incoming) { in.Text, in.Chat, in.Sender.ID = "x", uuid, uuid }},
		"mention of us": {
			data: `"dataMessage":{"timestamp":1700000000123,"message":"😀 ` + "\uFFFC" + ` and ` + "\uFFFC" + `!","mentions":[{"name":"Bot","number":"` + self + `","start":3,"length":1},{"number":"+1777","start":9,"length":1}],"groupInfo":{"groupId":"abc=","groupName":"Friends"}}`,
			base: grouped, want: func(in *providers.Incoming) {
				in.Text, in.Mentioned, in.HasMentions = "😀 @Bot and @+1777!", true, true
			},
		},
		"a mention that points nowhere": {
			data: `"dataMessage":{"timestamp":1700000000123,"message":"x","mentions":[{"number":"+1777","start":90,"length":1},{"number":"+1","start":-4,"length":2}]}`,
			base: direct, want: func(in *providers.Incoming) { in.Text, in.HasMentions = "x", true },
		},
		"a reply to us": {
			data: `"dataMessage":{"timestamp":1700000000123,"message":"yes","quote":{"id":17,"author":"x","authorNumber":"` + self + `","text":"sure?"},"groupInfo":{"groupId":"abc=","groupName":"Friends"}}`,
			base: grouped, want: func(in *providers.Incoming) {
				in.Text, in.Mentioned = "yes", true
				in.ReplyTo = &providers.Quoted{ID: "17@" + self, Sender: self, Text: "sure?"}
			},
		},
		"nothing but a quote": {
			data: `"dataMessage":{"timestamp":1700000000123,"quote":{"id":17,"author":"+15550002000","text":"that"}}`,
			base: direct, want: func(in *providers.Incoming) {
				in.Text, in.ReplyTo = "that", &providers.Quoted{ID: "17", Sender: ann.ID, Text: "that"}
			},
		},
		"a reaction": {
			data: `"dataMessage":{"timestamp":1700000000123,"reaction":{"emoji":"👍","targetAuthorNumber":"` + self + `","targetSentTimestamp":1600000000000,"isRemove":false}}`,
			base: direct, want: func(in *providers.Incoming) {
				in.ID, in.Note = in.ID+":reaction", true
				in.Text = "Ann reacted with 👍 to your message of 2020-09-13 12:26:40 UTC"
			},
		},
		"our own words":          {from: `"sourceNumber":"` + self + `"`, data: `"dataMessage":{"timestamp":1,"message":"x"}`},
		"from our other device":  {data: `"syncMessage":{"sentMessage":{"message":"x"}}`},
		"typing":                 {data: `"typingMessage":{"action":"STARTED"}`},
		"a receipt":              {data: `"receiptMessage":{"isDelivery":true}`},
		"a change of a group":    {data: `"dataMessage":{"timestamp":1,"message":null,"groupInfo":{"groupId":"abc=","type":"UPDATE"}}`},
		"nobody":                 {from: `"sourceNumber":null`, data: `"dataMessage":{"timestamp":1,"message":"x"}`},
		"a reaction that is bad": {data: `"dataMessage":{"timestamp":1,"reaction":{"emoji":""}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := c.from
			if from == "" {
				from = `"sourceNumber":"+1 (555) 000-2000","sourceUuid":"` + uuid + `","sourceName":"Ann"`
			}
			var e envelope
			if err := json.Unmarshal([]byte("{"+from+","+c.data+"}"), &e); err != nil {
				t.Fatal(err)
			}
			got, _, ok := provider(t, map[string]any{}).convert(&e)
			if c.want == nil {
				if ok {
					t.Fatalf("converted %+v", got)
				}
				return
			}
			c.want(&c.base)
			if diff := cmp.Diff(c.base, got); diff != "" || !ok {
				t.Errorf("ok=%v, -want +got:\n%s", ok, diff)
			}
		})
	}
}

// TestConvert_badText: whatever is written comes through as text, or not at all.
func TestConvert_badText(t *testing.T) {
	t.Parallel()
	p := provider(t, map[string]any{})
	for name, text := range map[string]string{
		"a lone surrogate": `\ud83d oops`, "right to left": `\u202egnp.exe`, "1 MB of nothing": strings.Repeat(`\u200b`, 350_000),
	} {
		r, err := decode(`{"envelope":{"sourceNumber":"+1777","dataMessage":{"timestamp":7,"message":"` + text + `","mentions":[{"start":0,"length":1,"name":"x"}]}}}`)
		if err != nil || r.Envelope == nil {
			t.Fatalf("%s: %v", name, err)
		}
		in, _, ok := p.convert(r.Envelope)
		if !ok || in.Chat != "+1777" || len(in.Text) > 2<<20 {
			t.Errorf("%s: %v, %d bytes", name, ok, len(in.Text))
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	inner := `"envelope":{"sourceNumber":"+1","timestamp":5},"account":"+2"`
	for _, data := range []string{
		`{` + inner + `}`, `{"params":{` + inner + `}}`, `{"params":{"subscription":0,"result":{` + inner + `}}}`, `{"result":{` + inner + `}}`,
	} {
		r, err := decode(data)
		if err != nil || r.Envelope == nil || r.Envelope.Timestamp != 5 || r.Account != "+2" {
			t.Errorf("decode(%s) = %+v, %v", data, r, err)
		}
	}
	if _, err := decode("no JSON"); err == nil {
		t.Error("nonsense is an event")
	}
}
