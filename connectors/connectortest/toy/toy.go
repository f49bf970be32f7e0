// Package toy is a CRM that exists for tests alone: whatever no vendor written so far does, it does. It has contacts
// and leads that are numbered apart, one call for each record, a 404 that means gone, deliveries whose event only the
// path names and whose proof stands in the body, a clock of whole seconds, no status of its own for a lead, an answer
// of its own for each outcome, and a key that it shows once.
package toy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Name is the vendor's.
const Name crm.Vendor = "toy"

// Options make a toy.
type Options struct {
	API   string // the server's URL
	Token string // of the API
	Hook  string // the token in deliveries, beside the key of the channel
	State connectors.State
	Now   func() time.Time
}

// toy is the connector.
type toy struct {
	Options
	mu   sync.Mutex
	key  string // of the channel
	made int    // calls
}

// New returns the toy with all its roles.
func New(o Options) connectors.Vendor {
	c := &toy{Options: o}
	return connectors.Vendor{
		People: []connectors.PersonKind{
			{Kind: "contact", Record: "contacts", Text: 200}, {Kind: "lead", Record: "leads", Text: 100},
		},
		Receive: c, Reply: c, Fetch: c, Relate: c, Write: c, Poll: c, Backfill: c, Account: c, Setup: c, Maintain: c,
		Show: c, Budget: today{c}, Tick: time.Second,
	}
}

func (c *toy) fail(op string, k connectors.Kind, format string, args ...any) error {
	return &connectors.Error{Vendor: Name, Op: op, Kind: k, Err: fmt.Errorf(format, args...)}
}

// event is the body of a delivery. What it is about stands in the path.
type event struct {
	ID    string `json:"id"`
	At    int64  `json:"at"`             // seconds; 0: not said
	By    string `json:"by,omitempty"`   // who changed it
	Into  string `json:"into,omitempty"` // of a conversion: the contact
	Token string `json:"token,omitempty"`
}

// Verify compares the token in the body.
func (c *toy) Verify(d connectors.Delivery, _ time.Time) error {
	var e event
	if json.Unmarshal(d.Body, &e) != nil {
		return c.fail("verify", connectors.Malformed, "the proof stands in a body that cannot be read")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range []string{c.Hook, c.key} {
		if key != "" && connectors.Secret(key).Equal(e.Token) {
			return nil
		}
	}
	return c.fail("verify", connectors.Unauthenticated, "a wrong token")
}

// Keep takes the token out of the body.
func (c *toy) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	kept := d.Kept(nil, nil)
	var e event
	if json.Unmarshal(d.Body, &e) == nil {
		e.Token = ""
		kept.Body, _ = json.Marshal(e) // its types hold nothing that can fail
	}
	return kept, false
}

// types are the records by the word in the path of a delivery.
var types = map[string]string{"contact": "contacts", "lead": "leads", "mail": "mails"}

// Decode reads the event from the path and the rest from the body.
func (c *toy) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	var e event
	if json.Unmarshal(d.Body, &e) != nil || e.ID == "" || e.At < 0 {
		return nil, c.fail("decode", connectors.Malformed, "not readable")
	}
	if e.By == "winnow" {
		return nil, nil
	}
	var word, verb string
	for i := range d.Path {
		if d.Path[i] == '.' {
			word, verb = d.Path[:i], d.Path[i+1:]
		}
	}
	at, ours := e.At*1000, e.At == 0
	if ours {
		at = int64(d.Received)
	}
	person := crm.Person{Kind: word, ID: e.ID}.String()
	switch {
	case types[word] == "":
		return nil, c.fail("decode", connectors.Malformed, "an event of no known type")
	case verb == "deleted" && word == "mail":
		return []crm.Notice{crm.Removed("mails", e.ID, at)}, nil
	case verb == "deleted":
		gone := crm.Deleted(person, at)
		gone.Ours = ours
		return []crm.Notice{{Fact: gone}}, nil
	case verb == "converted":
		out := crm.Merged(crm.Person{Kind: "contact", ID: e.Into}.String(), person, at)
		for _, n := range out {
			n.Fact.Ours = ours
		}
		return append(out, crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: e.Into}}), nil
	}
	return []crm.Notice{{Ref: &crm.Ref{Type: types[word], ID: e.ID}}}, nil
}

// replies are the toy's own words for each outcome.
var replies = map[connectors.Outcome]int{
	connectors.Stored: http.StatusAccepted, connectors.NotVerified: http.StatusForbidden,
	connectors.Unreadable: http.StatusUnprocessableEntity,
	connectors.Full:       http.StatusServiceUnavailable, connectors.TooLarge: http.StatusRequestEntityTooLarge,
}

// Reply answers in XML, as the toy wants it.
func (c *toy) Reply(_ connectors.Delivery, o connectors.Outcome) connectors.Reply {
	return connectors.Reply{
		Status: replies[o], Header: http.Header{"Content-Type": {"text/xml"}},
		Body: []byte("<outcome>" + o + "</outcome>"),
	}
}

// Handshake repeats the challenge of a GET.
func (c *toy) Handshake(d connectors.Delivery) (connectors.Reply, bool) {
	challenge := d.Query.Get("challenge")
	return connectors.Reply{Status: http.StatusOK, Body: []byte(challenge)}, d.Method == http.MethodGet &&
		challenge != ""
}

// FetchLimits: each record is a call, and a few of them go out one after the other.
func (c *toy) FetchLimits(string) connectors.Limits { return connectors.Limits{Batch: 5, Calls: 2} }

// Fetch asks for each record by itself.
func (c *toy) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	out := make([]connectors.Result, len(refs))
	for i, ref := range refs {
		out[i].Notices, out[i].Err = c.one(ctx, ref)
	}
	return out
}

func (c *toy) one(ctx context.Context, ref crm.Ref) ([]crm.Notice, error) {
	var r Record
	err := c.call(ctx, "fetch", http.MethodGet, "/"+ref.Type+"/"+url.PathEscape(ref.ID), nil, &r)
	if connectors.KindOf(err) == connectors.NotFound { // gone
		return []crm.Notice{crm.Removed(ref.Type, ref.ID, max(ref.AsOf, c.Now().UnixMilli()))}, nil
	}
	if err != nil {
		return nil, err
	}
	if r.ID != ref.ID || r.Changed <= 0 {
		return nil, c.fail("fetch", connectors.Garbled, "not the record that was asked for")
	}
	if ref.Type == "mails" {
		return []crm.Notice{{Fact: &crm.Fact{
			Contact: r.Person, ID: "mails/" + r.ID, Version: r.Changed * 1000, Kind: crm.KindMessage,
			At: crm.Millis(r.Sent * 1000),
			Message: &crm.Message{
				Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: r.Units, Asks: 1, Intents: crm.Asks},
			},
		}}}, nil
	}
	kind := map[string]string{"contacts": "contact", "leads": "lead"}[ref.Type]
	person, seq := crm.Person{Kind: kind, ID: r.ID}.String(), c.Now().UnixMilli()
	out := []crm.Notice{{Fact: crm.Profiled(person)}}
	for name, value := range map[string]string{
		crm.PropCreated: time.Unix(r.Created, 0).UTC().Format(time.RFC3339),
		crm.PropOptOut:  strconv.FormatBool(r.OptOut), crm.PropOverride: r.Override,
	} {
		f := crm.PropertyOf(person, crm.Property{Name: name, Value: value, OfRecord: true}, r.Changed*1000)
		f.Seq = seq
		out = append(out, crm.Notice{Fact: f})
	}
	return out, nil
}

// Concerned asks whom a mail is from.
func (c *toy) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	var got struct{ People []string }
	if err := c.call(ctx, "fetch", http.MethodGet, "/"+ref.Type+"/"+url.PathEscape(ref.ID)+"/people", nil,
		&got); err != nil {
		return nil, err
	}
	return got.People, nil
}

// WriteLimits: each change is a call.
func (c *toy) WriteLimits() connectors.Limits { return connectors.Limits{Batch: 10, Calls: 2} }

// Split gives each change a call of its own.
func (c *toy) Split(chs []crm.Change) [][]crm.Change { return connectors.InBatches(chs, 1) }

// Write sets the fields of one person after the other.
func (c *toy) Write(ctx context.Context, chs []crm.Change) []error {
	errs := make([]error, len(chs))
	for i, ch := range chs {
		p := crm.ParsePerson(ch.Contact)
		values := map[string]string{}
		for f, v := range ch.Values {
			values["winnow_"+string(f)] = cut(v, map[string]int{"contact": 200, "lead": 100}[p.Kind])
		}
		var ok struct{ Written bool }
		errs[i] = c.call(ctx, "write", http.MethodPut, "/"+types[p.Kind]+"/"+url.PathEscape(p.ID), values, &ok)
		if errs[i] == nil && !ok.Written {
			errs[i] = c.fail("write", connectors.Garbled, "not confirmed")
		}
	}
	return errs
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most])
}

// page is what the lists of changes answer.
type page struct {
	Items []struct{ Type, ID string }
	Next  string
	More  bool
	Total int
}

func (p page) refs() []crm.Notice {
	var out []crm.Notice
	for _, i := range p.Items {
		out = append(out, crm.Notice{Ref: &crm.Ref{Type: i.Type, ID: i.ID}})
	}
	return out
}

func (c *toy) list(ctx context.Context, op, cursor string, since, until time.Time) (page, error) {
	var p page
	q := url.Values{
		"after": {cursor}, "since": {strconv.FormatInt(since.Unix(), 10)},
		"until": {strconv.FormatInt(until.Unix(), 10)},
	}
	err := c.call(ctx, op, http.MethodGet, "/changes?"+q.Encode(), nil, &p)
	if err == nil && p.More && p.Next == cursor {
		err = c.fail(op, connectors.Garbled, "a page that leads nowhere")
	}
	return p, err
}

// Poll lists what changed.
func (c *toy) Poll(ctx context.Context, cursor string,
	since time.Time,
) (notices []crm.Notice, next string, more bool, err error) {
	p, err := c.list(ctx, "poll", cursor, since, c.Now().Add(time.Hour))
	if err != nil {
		return nil, "", false, err
	}
	return p.refs(), p.Next, p.More, nil
}

// Backfill lists what was there before. Its cursor is the place in the list and how much has been read.
func (c *toy) Backfill(ctx context.Context, cursor string, since, until time.Time) (connectors.BackfillPage, error) {
	p, err := c.list(ctx, "backfill", cursor, since, until)
	if err != nil {
		return connectors.BackfillPage{}, err
	}
	out := connectors.BackfillPage{Notices: p.refs(), Total: p.Total, Stage: "records"}
	out.Read, _ = strconv.Atoi(p.Next)
	if p.More {
		out.Next = p.Next
	}
	return out, nil
}

// Account returns the account's id.
func (c *toy) Account(ctx context.Context) (string, error) {
	var got struct{ ID string }
	if err := c.call(ctx, "account", http.MethodGet, "/account", nil, &got); err != nil {
		return "", err
	}
	if got.ID == "" {
		return "", c.fail("account", connectors.Garbled, "no id")
	}
	return got.ID, nil
}

// Plan compares the fields that are there with ours.
func (c *toy) Plan(ctx context.Context) ([]connectors.Step, error) {
	var got struct{ Fields map[string]bool }
	if err := c.call(ctx, "setup", http.MethodGet, "/fields", nil, &got); err != nil {
		return nil, err
	}
	var steps []connectors.Step
	for _, f := range crm.FieldTable {
		steps = append(steps, connectors.Step{
			Name: "field " + f.Stem(), Detail: string(f.Type), Have: got.Fields[f.Stem()], Data: f.Stem(),
		})
	}
	return steps, nil
}

// Apply creates a field. One that is there by now is as good as created.
func (c *toy) Apply(ctx context.Context, s connectors.Step) error {
	name, ok := s.Data.(string)
	if !ok {
		return c.fail("setup", connectors.Internal, "a step of another connector")
	}
	var done struct{ Created bool }
	return c.call(ctx, "setup", http.MethodPost, "/fields", map[string]string{"name": name}, &done)
}

// Lists are none.
func (*toy) Lists(context.Context) ([]connectors.Step, error) { return nil, nil }

// Advice is what is left to a person.
func (c *toy) Advice(publicURL string) (text string, paste []byte) {
	return "Have deliveries sent to " + publicURL, nil
}

// channel is what the toy remembers: a key that is shown once and its end.
type channel struct {
	Key   string
	Until int64 // seconds
}

const stateChannel = "channel"

// Recall takes over the key of the channel.
func (c *toy) Recall(ctx context.Context) error {
	ch, err := c.remembered(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.key = ch.Key
	}
	return err
}

func (c *toy) remembered(ctx context.Context) (ch channel, err error) {
	data, err := c.State.Get(ctx, stateChannel)
	if err == nil && data != nil {
		err = json.Unmarshal(data, &ch)
	}
	if err != nil {
		return ch, c.fail("maintain", connectors.Internal, "what is remembered of the channel cannot be read")
	}
	return ch, nil
}

// renewBefore is how long before its end a channel is renewed.
const renewBefore = time.Hour

// Maintain opens a channel where there is none, or where it ends soon.
func (c *toy) Maintain(ctx context.Context) (next time.Time, err error) {
	ch, err := c.remembered(ctx)
	if err != nil {
		return next, err
	}
	if due := time.Unix(ch.Until, 0).Add(-renewBefore); c.Now().Before(due) {
		return due, nil
	}
	ch = channel{}
	if err := c.call(ctx, "maintain", http.MethodPost, "/channel", struct{}{}, &ch); err != nil {
		return next, err
	}
	if ch.Key == "" || ch.Until == 0 {
		return next, c.fail("maintain", connectors.Garbled, "no key")
	}
	data, _ := json.Marshal(ch) // its types hold nothing that can fail
	if err := c.State.Put(ctx, stateChannel, data); err != nil {
		return next, c.fail("maintain", connectors.Unavailable, "the key of the channel cannot be kept")
	}
	return time.Unix(ch.Until, 0).Add(-renewBefore), c.Recall(ctx)
}

// call makes one request. Nothing of an answer goes into an error.
func (c *toy) call(ctx context.Context, op, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return c.fail(op, connectors.Internal, "a request that cannot be encoded")
	}
	req, err := http.NewRequestWithContext(ctx, method, c.API+path, bytes.NewReader(body))
	if err != nil {
		return c.fail(op, connectors.Internal, "a request that cannot be made")
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	c.mu.Lock()
	c.made++
	c.mu.Unlock()
	resp, err := http.DefaultClient.Do(req)
	if ctx.Err() != nil {
		return c.fail(op, connectors.Unavailable, "%w", ctx.Err())
	}
	if err != nil {
		return c.fail(op, connectors.Unavailable, "no answer")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return c.fail(op, connectors.Unavailable, "half an answer")
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		e := &connectors.Error{
			Vendor: Name, Op: op, Kind: connectors.KindOfStatus(resp.StatusCode),
			Err: fmt.Errorf("HTTP %d", resp.StatusCode),
		}
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
			e.After = time.Duration(min(max(s, 0), 3600)) * time.Second
		}
		return e
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &connectors.Error{
			Vendor: Name, Op: op, Kind: connectors.Garbled, Err: errors.New("not an answer of the toy's"),
		}
	}
	return nil
}
