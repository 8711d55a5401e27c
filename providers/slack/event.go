package slack

import (
	"encoding/json"

	sdk "github.com/slack-go/slack"
)

// callback is the payload of an events_api envelope.
type callback struct {
	EventID string `json:"event_id"`
	Event   event  `json:"event"`
}

// event is any event that is dealt with here; each has some of the fields. It is read leniently: one odd field must not cost the
// message.
type event struct {
	Type        string   `json:"type"`
	SubType     string   `json:"subtype"`
	Channel     ref      `json:"channel"`
	ChannelType string   `json:"channel_type"`
	User        ref      `json:"user"`
	BotID       string   `json:"bot_id"`
	Text        string   `json:"text"`
	TS          string   `json:"ts"`
	ThreadTS    string   `json:"thread_ts"`
	Files       []file   `json:"files"`
	Message     *event   `json:"message"`
	Previous    *event   `json:"previous_message"`
	Reaction    string   `json:"reaction"`
	ItemUser    string   `json:"item_user"`
	Item        *itemRef `json:"item"`
	ChannelID   string   `json:"channel_id"` // of pins
	EventTS     string   `json:"event_ts"`
}

// itemRef is what a reaction or a pin is about.
type itemRef struct {
	Type    string `json:"type"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Message *event `json:"message"`
}

// ref is an id that some events give as such and others within an object.
type ref struct{ ID, Name string }

// UnmarshalJSON takes both forms; anything else is none.
func (r *ref) UnmarshalJSON(b []byte) error {
	var obj struct{ ID, Name string }
	if json.Unmarshal(b, &r.ID) == nil {
		return nil
	}
	if json.Unmarshal(b, &obj) == nil {
		r.ID, r.Name = obj.ID, obj.Name
	}
	return nil
}

// file is an attachment.
type file struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	MIME     string `json:"mimetype"`
	Size     int64  `json:"size"`
	Private  string `json:"url_private"`
	Download string `json:"url_private_download"`
}

// ofHistory makes an event of a message that a conversation's history has.
func ofHistory(m sdk.Message, channel string) event {
	e := event{
		Type: "message", SubType: m.SubType, Channel: ref{ID: channel}, User: ref{ID: m.User}, BotID: m.BotID, Text: m.Text,
		TS: m.Timestamp, ThreadTS: m.ThreadTimestamp,
	}
	for _, f := range m.Files {
		e.Files = append(e.Files, file{ID: f.ID, Name: f.Name, MIME: f.Mimetype, Size: int64(f.Size), Private: f.URLPrivate, Download: f.URLPrivateDownload})
	}
	return e
}
