package telegramfake

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// secretHeader carries the secret of setWebhook in every post.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token"

// postAgain is how long the server waits after a post that was not taken. The real one waits longer each time.
const postAgain = 20 * time.Millisecond

// webhook is where updates are posted. The zero value is none.
type webhook struct {
	url     string
	errText string             // of the last post that failed
	errDate int64              // when, s
	posts   int                // all of them
	stop    context.CancelFunc // ends the goroutine that posts
}

func (s *Server) setWebhook(c call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if allowed := c.params["allowed_updates"]; allowed != "" {
		s.allowed = allowed
	}
	s.hookTo(c.params["url"], c.params["secret_token"])
	return accept(true)
}

// hookTo replaces the webhook; "" is none. s.mu is held.
func (s *Server) hookTo(address, secret string) {
	if s.hook.stop != nil {
		s.hook.stop()
	}
	s.hook = webhook{url: address, posts: s.hook.posts}
	if onLoopback(address) && !s.closed {
		ctx, cancel := context.WithCancel(context.Background())
		s.hook.stop = cancel
		s.posters.Go(func() { s.postAll(ctx, address, secret) })
	}
	s.mu.Broadcast()
}

// onLoopback: nothing is posted anywhere else, such an address is on record only.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && net.ParseIP(u.Hostname()).IsLoopback()
}

// SetWebhook puts a webhook on record, as an earlier program or another one may have done; "" takes it away.
func (s *Server) SetWebhook(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hookTo(address, "")
}

// Posts is how many updates were posted to webhooks, taken or not.
func (s *Server) Posts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.posts
}

// WaitPosts returns when there were n posts.
func (s *Server) WaitPosts(ctx context.Context, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.hook.posts >= n })
}

// webhookInfo answers getWebhookInfo.
func (s *Server) webhookInfo() answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := map[string]any{"url": s.hook.url, "has_custom_certificate": false, "pending_update_count": len(s.updates)}
	if s.hook.errText != "" {
		info["last_error_date"], info["last_error_message"] = s.hook.errDate, s.hook.errText
	}
	return accept(info)
}

// postAll posts the updates one after the other, each until it is taken.
func (s *Server) postAll(ctx context.Context, address, secret string) {
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr, Timeout: 30 * time.Second}
	for {
		s.mu.Lock()
		changed := s.mu.Changed()
		var next *stored
		s.dropUnwanted()
		if len(s.updates) > 0 {
			u := s.updates[0]
			next = &u
		}
		s.mu.Unlock()
		if next == nil {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			continue
		}
		err := post(ctx, client, address, secret, next.raw)
		if ctx.Err() != nil {
			return
		}
		s.posted(next.id, err)
		if err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(postAgain):
			}
		}
	}
}

func post(ctx context.Context, client *http.Client, address, secret string, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Host = "bot.example.org" // as a tunnel passes it on
	req.Header.Set("X-Forwarded-For", "149.154.167.220")
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set(secretHeader, secret)
	}
	resp, err := client.Do(req)
	if err != nil {
		return refusedPost("Connection refused")
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return refusedPost("Wrong response from the webhook: " + resp.Status)
	}
	return nil
}

// refusedPost is what the platform says of a post that failed.
type refusedPost string

func (e refusedPost) Error() string { return string(e) }

// posted notes how a post ended; an update that was taken is gone.
func (s *Server) posted(id int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.posts++
	if err != nil {
		s.hook.errText, s.hook.errDate = err.Error(), time.Now().Unix()
	} else if len(s.updates) > 0 && s.updates[0].id == id {
		s.updates = append([]stored(nil), s.updates[1:]...)
		s.acked = max(s.acked, id)
	}
	s.mu.Broadcast()
}
