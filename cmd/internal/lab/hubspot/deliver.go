package hubspot

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
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// How HubSpot delivers. Source: HubSpot documentation, "Webhooks API" and "Error handling": up to 100 events a request,
// 10 requests at once for an account, 5 s to answer, up to 10 repetitions. They are spread over 24 h there, and over
// seconds here.
const (
	maxEvents       = 100
	maxConcurrent   = 10
	deliveryTimeout = 5 * time.Second
	maxRetries      = 10
)

// Delivery is one signed webhook request, ready to be sent.
type Delivery struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Request makes the delivery into a request.
func (d Delivery) Request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, d.Method, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return nil, err
	}
	req.Header = d.Header.Clone()
	return req, nil
}

// SetWebhookURL says where deliveries go from now on.
func (s *Sandbox) SetWebhookURL(url string) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	s.queue.url = url
}

// Hold stops deliveries by themselves, until it is called with false. Flush sends all the same.
func (s *Sandbox) Hold(held bool) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	s.queue.held = held
}

// Queued is how many events wait; Lost is how many were given up after the last repetition.
func (s *Sandbox) Queued() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.events)
}

// Lost is how many events were given up after the last repetition, as HubSpot does after a day.
func (s *Sandbox) Lost() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return s.queue.lost
}

// Events takes the queued events out of the queue, each as JSON, for a test that packs them otherwise than HubSpot
// would.
func (s *Sandbox) Events() []json.RawMessage {
	events := s.takeEvents()
	raw := make([]json.RawMessage, len(events))
	for i := range events {
		raw[i] = events[i].append(nil, s.opt.PortalID, s.opt.AppID)
	}
	return raw
}

// Deliveries takes the queued events out of the queue, as the signed requests that would carry them now.
func (s *Sandbox) Deliveries() []Delivery {
	var ds []Delivery
	for batch := range slices.Chunk(s.takeEvents(), maxEvents) {
		ds = append(ds, s.Sign(s.encode(batch)))
	}
	return ds
}

// Pack makes a signed request of events, in the given order.
func (s *Sandbox) Pack(events []json.RawMessage) Delivery {
	body := []byte{'['}
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e...)
	}
	return s.Sign(append(body, ']'))
}

// Sign makes a signed request of a body, now.
func (s *Sandbox) Sign(body []byte) Delivery {
	s.queue.mu.Lock()
	url, uri := s.queue.url, s.queue.signed
	s.queue.mu.Unlock()
	if uri == "" {
		uri = url
	}
	d := Delivery{Method: http.MethodPost, URL: url, Header: http.Header{}, Body: body}
	d.Header.Set("Content-Type", "application/json")
	d.Header.Set("User-Agent", "HubSpot Connect 2.0 (sandbox)")
	secret := s.opt.ClientSecret
	for _, v := range s.opt.Signatures {
		switch v {
		case "v1":
			d.Header.Set("X-HubSpot-Signature", digest(secret, string(body)))
			d.Header.Set("X-HubSpot-Signature-Version", "v1")
		case "v2":
			d.Header.Set("X-HubSpot-Signature", digest(secret, d.Method, uri, string(body)))
			d.Header.Set("X-HubSpot-Signature-Version", "v2")
		case "v3":
			at := strconv.FormatInt(s.opt.Sent().UnixMilli(), 10)
			mac := hmac.New(sha256.New, []byte(secret))
			for _, part := range []string{d.Method, unescape(uri), string(body), at} {
				mac.Write([]byte(part))
			}
			d.Header.Set("X-HubSpot-Request-Timestamp", at)
			d.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		}
	}
	return d
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// unescape decodes the escapes that the v3 signature is computed without. Source: HubSpot documentation, "Validating
// requests".
var unescape = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A",
	"*",
	"%2C", ",", "%3B", ";",
).Replace

func (s *Sandbox) takeEvents() []event {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	events := s.queue.events
	s.queue.events = nil
	return events
}

func (s *Sandbox) encode(events []event) []byte {
	body := make([]byte, 0, 2+len(events)*320)
	body = append(body, '[')
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = events[i].append(body, s.opt.PortalID, s.opt.AppID)
	}
	return append(body, ']')
}

// Flush delivers everything that is queued, also what is queued meanwhile, and returns when all of it was answered with
// 2xx. An error says what was given up, or that ctx ended; then what was not delivered is queued again.
func (s *Sandbox) Flush(ctx context.Context) error {
	for {
		events := s.takeEvents()
		if len(events) == 0 {
			return nil
		}
		var g errgroup.Group // without its context: one batch refused for good must not stop the others
		g.SetLimit(maxConcurrent)
		for batch := range slices.Chunk(events, maxEvents) {
			g.Go(func() error { return s.deliver(ctx, batch) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}

// deliver sends one batch until it is accepted, HubSpot would give up, or ctx ends.
func (s *Sandbox) deliver(ctx context.Context, batch []event) error {
	wait := s.opt.RetryWait
	for attempt := 0; ; attempt++ {
		for i := range batch {
			batch[i].attempt = attempt
		}
		status, err := s.Send(ctx, s.Sign(s.encode(batch)))
		if err == nil && status/100 == 2 {
			return nil
		}
		if ctx.Err() != nil {
			s.queue.mu.Lock()
			s.queue.events = append(slices.Clone(batch), s.queue.events...)
			s.queue.mu.Unlock()
			return ctx.Err()
		}
		if attempt == maxRetries {
			s.queue.mu.Lock()
			s.queue.lost += len(batch)
			s.queue.mu.Unlock()
			return errors.Join(fmt.Errorf("webhook: gave up %d events after %d repetitions, last status %d",
				len(batch), maxRetries, status), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, 100*s.opt.RetryWait)
	}
}

// Send makes one attempt at a delivery and returns the status of the answer.
func (s *Sandbox) Send(ctx context.Context, d Delivery) (status int, err error) {
	req, err := d.Request(ctx)
	if err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

// deliverLive delivers as things happen, a little later so that what belongs together travels together.
func (s *Sandbox) deliverLive(ctx context.Context) {
	const linger = 50 * time.Millisecond
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.queue.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(linger):
		}
		s.queue.mu.Lock()
		idle := s.queue.held || s.queue.url == ""
		s.queue.mu.Unlock()
		if !idle {
			_ = s.Flush(ctx) // what is given up is counted in Lost
		}
	}
}
