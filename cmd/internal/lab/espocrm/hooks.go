package espocrm

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// hook is one webhook with what waits for it. Source: application/Espo/Core/Webhook.
type hook struct {
	ID      string `json:"id"`
	Event   string `json:"event"`
	URL     string `json:"url"`
	Active  bool   `json:"isActive"`
	SkipOwn bool   `json:"skipOwn"`
	secret  string
	pending []map[string]any
}

// most is how many events one delivery has. Source: EspoCRM documentation, "Webhooks".
const most = 20

// rounds bounds how often Flush repeats what is refused.
const rounds = 50

// events are those of every entity that an integration is told of.
var events = []string{"create", "update", "delete"}

// SetWebhookURL makes the webhooks of a story: one for each event, below the address. An empty address takes them away.
func (e *Espo) SetWebhookURL(url string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hooks = nil
	if url == "" {
		return
	}
	for _, entity := range []string{"Lead", "Contact", "Email", "Call", "Meeting", "Task", "Opportunity", "Quote"} {
		for _, what := range events {
			e.hooks = append(e.hooks, &hook{
				ID: e.newID(), Event: entity + "." + what, URL: url + "/" + entity + "." + what, Active: true,
				SkipOwn: !e.opt.Echo,
				secret:  e.opt.Secret,
			})
		}
	}
}

// queue notes an event for the webhooks that want it. changed are the fields of an update. The caller holds mu.
func (e *Espo) queue(r *record, what string, changed map[string]any) {
	for _, h := range e.hooks {
		if h.Event != r.entity+"."+what || !h.Active || h.SkipOwn && e.api != nil && r.by == e.api {
			continue
		}
		item := changed
		if what == "create" {
			item = e.shown(r)
		}
		payload := map[string]any{"id": r.id}
		for name, v := range item {
			payload[name] = v
		}
		h.pending = append(h.pending, payload)
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

// Sign is a webhook's signature: base64 of its id, a colon and the HMAC in hex.
func Sign(id, secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString([]byte(id + ":" + hex.EncodeToString(mac.Sum(nil))))
}

// Message is a delivery's body as EspoCRM writes it: with slashes and letters beyond ASCII escaped, as PHP does.
func Message(items ...map[string]any) []byte {
	b, err := json.Marshal(items)
	if err != nil {
		panic(err) // values of JSON
	}
	return []byte(strings.ReplaceAll(string(b), "/", `\/`))
}

// Flush delivers all webhooks that are queued, as far as they are taken.
func (e *Espo) Flush(ctx context.Context) error {
	var last error
	for range rounds {
		sent, err := e.round(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !sent && err == nil {
			return nil
		}
		if last = err; err != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(e.opt.RetryWait):
			}
		}
	}
	return fmt.Errorf("webhooks are not taken: %w", last)
}

// round sends one delivery of each webhook that has something.
func (e *Espo) round(ctx context.Context) (sent bool, err error) {
	e.mu.Lock()
	hooks := slices.Clone(e.hooks)
	e.mu.Unlock()
	for _, h := range hooks {
		e.mu.Lock()
		items := h.pending[:min(len(h.pending), most)]
		e.mu.Unlock()
		if len(items) == 0 {
			continue
		}
		sent = true
		if failed := e.deliver(ctx, h, Message(items...)); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		e.mu.Lock()
		h.pending = h.pending[len(items):]
		e.mu.Unlock()
	}
	return sent, err
}

func (e *Espo) deliver(ctx context.Context, h *hook, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Signature", Sign(h.ID, h.secret, body))
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection is used again
	switch {
	case resp.StatusCode < 400:
		return nil
	case resp.StatusCode == http.StatusGone:
		e.mu.Lock()
		e.hooks = slices.DeleteFunc(e.hooks, func(o *hook) bool { return o == h })
		e.mu.Unlock()
		return nil
	case slices.Contains([]int{401, 403, 404, 405, 408, 500, 503}, resp.StatusCode):
		return fmt.Errorf("%s is answered with %d", h.Event, resp.StatusCode)
	}
	return nil // dropped for good
}

// deliverLive delivers as things happen.
func (e *Espo) deliverLive(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		}
		for ctx.Err() == nil {
			sent, err := e.round(ctx)
			if !sent && err == nil {
				break
			}
			if err != nil {
				select {
				case <-ctx.Done():
				case <-time.After(e.opt.RetryWait):
				}
			}
		}
	}
}
