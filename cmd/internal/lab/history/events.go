// Package history turns what happened with a contact, as people tell it, into the facts that a connector would have
// made of it.
package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/letter"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
)

// event is one thing that happened. A mail has its text; a call, a meeting, a quote, a task or a deal has the fields of
// that part of a fact, either beside the kind or under its name.
type event struct {
	letter.Letter
	Kind    string   `json:"kind"` // mail where nothing is said
	Dir     string   `json:"dir"`  // in or out, as direction
	Channel string   `json:"channel"`
	Thread  string   `json:"thread"`
	Failed  bool     `json:"failed"`
	Mass    bool     `json:"mass"`
	Copied  bool     `json:"copied"`
	Files   []string `json:"files"` // names of what is attached
	Peer    string   `json:"peer"`  // another contact of the same deal who did it
	Name    string   `json:"name"`  // of a property
	Value   string   `json:"value"`
	Fact    *crm.Fact
}

// teller makes facts of events, in the order in which they are told.
type teller struct {
	reader *text.Reader
	zone   *time.Location // of the prospect
	ours   []uint64       // lines of what we wrote so far
	n      int
}

// Facts reads events, a JSON object a line.
func Facts(r *text.Reader, lines []byte) ([]crm.Fact, error) {
	var events []json.RawMessage
	n := 0
	for line := range bytes.Lines(lines) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, fmt.Errorf("event %d is no JSON object on one line", n)
		}
		events = append(events, json.RawMessage(line))
	}
	return tell(r, events)
}

func tell(r *text.Reader, events []json.RawMessage) ([]crm.Fact, error) {
	t := teller{reader: r, zone: time.UTC}
	var facts []crm.Fact
	for i, raw := range events {
		f, err := t.fact(raw)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
		facts = append(facts, f)
	}
	return facts, nil
}

func (t *teller) fact(raw json.RawMessage) (crm.Fact, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return crm.Fact{}, err
	}
	if e.Direction == "" {
		e.Direction = e.Dir
	}
	t.n++
	if e.Kind == "fact" {
		if e.Fact == nil {
			return crm.Fact{}, fmt.Errorf("a fact without a Fact")
		}
		return *e.Fact, nil
	}
	if e.At.IsZero() {
		return crm.Fact{}, fmt.Errorf("it has no at: when did it happen?")
	}
	f := crm.Fact{ID: e.ID, Version: e.At.UnixMilli(), At: crm.At(e.At), Peer: e.Peer}
	if f.Peer != "" && f.ID != "" {
		f.ID = crm.PeerPrefix + f.ID
	}
	err := t.fill(&f, &e, raw)
	return f, err
}

// fill sets what the kind of the event needs.
func (t *teller) fill(f *crm.Fact, e *event, raw json.RawMessage) (err error) {
	plural := e.Kind + "s"
	switch e.Kind {
	case "", "mail", "email", "message":
		plural = "emails"
		f.Kind = crm.KindMessage
		f.Message, err = t.message(e)
	case "prop", "property":
		f.Kind, f.ID = crm.KindProperty, "property/"+e.Name
		f.Property = &crm.Property{Name: e.Name, Value: e.Value}
		if zone, err := time.LoadLocation(e.Value); err == nil && e.Name == crm.PropTimeZone {
			t.zone = zone
		}
	case "call":
		f.Kind, f.Call = crm.KindCall, new(crm.Call)
		if e.Direction != "" {
			err = f.Call.Direction.UnmarshalText([]byte(e.Direction))
		}
		err = or(err, part(raw, e.Kind, f.Call))
	case "meeting":
		f.Kind, f.Meeting = crm.KindMeeting, new(crm.Meeting)
		err = part(raw, e.Kind, f.Meeting)
	case "quote":
		f.Kind, f.Quote = crm.KindQuote, new(crm.Quote)
		err = part(raw, e.Kind, f.Quote)
	case "task":
		f.Kind, f.Task = crm.KindTask, new(crm.Task)
		err = part(raw, e.Kind, f.Task)
	case "deal":
		f.Kind, f.Deal = crm.KindDeal, new(crm.Deal)
		err = part(raw, e.Kind, f.Deal)
	case "note":
		f.Kind = crm.KindNote
	default:
		return fmt.Errorf("kind %q: want mail, call, meeting, quote, task, deal, note, prop or fact", e.Kind)
	}
	if f.ID == "" {
		f.ID = fmt.Sprintf("%s/%d", plural, t.n)
		if f.Peer != "" {
			f.ID = crm.PeerPrefix + f.ID
		}
	}
	return err
}

func or(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// part reads the fields of a fact's part, from under its name or from beside the kind.
func part(raw json.RawMessage, name string, into any) error {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(raw, &named); err != nil {
		return err
	}
	if inner, ok := named[name]; ok {
		raw = inner
	}
	return json.Unmarshal(raw, into)
}

// message reads a mail as connectors do.
func (t *teller) message(e *event) (*crm.Message, error) {
	m := &crm.Message{Channel: crm.Email, Thread: e.Thread, Failed: e.Failed, Copied: e.Copied}
	if e.Channel != "" {
		if err := m.Channel.UnmarshalText([]byte(e.Channel)); err != nil {
			return nil, err
		}
	}
	in, err := e.Input(t.reader)
	if err != nil {
		return nil, err
	}
	in.Zone, in.Ours = t.zone, append(in.Ours, t.ours...)
	m.Direction, m.Text = in.Direction, t.reader.Read(in)
	m.Mass = e.Mass || m.Direction == crm.Out && m.Text.Class == crm.Bulk
	if m.Direction != crm.Out {
		return m, nil
	}
	m.Links = t.reader.LinkHashes(e.Body, e.HTML, nil)
	for _, name := range e.Files {
		h := fnv.New64a()
		h.Write([]byte(name))
		m.Files = append(m.Files, h.Sum64())
	}
	m.Lines = t.reader.Lines(e.Body, e.HTML)
	t.ours = append(t.ours, m.Lines...)
	return m, nil
}
