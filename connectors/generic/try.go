package generic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/generic/presets"
	"github.com/winnow-crm/winnow/connectors/generic/proof"
)

// Presets are the names of the mappings that come with Winnow.
func Presets() []string { return presets.Names() }

// Check says all that is wrong in a mapping, a line each, with line and column; nil: it is right.
func Check(source []byte) error {
	_, err := mapping.Load(source)
	return err
}

// Trial tries recorded requests on a mapping, without a CRM and without a store.
type Trial struct {
	in      *receiver
	secrets proof.Secrets
}

// Tried is what became of a request.
type Tried struct {
	Verified *bool   `json:"verified"` // nil: there was no secret to verify it with
	Outcomes []Found `json:"notices"`
	Error    string  `json:"error"`
}

// Found is one thing that a request says, or why an event in it says nothing.
type Found struct {
	What   string `json:"what"` // fact, ref, removed or ignored
	Type   string `json:"type"`
	ID     string `json:"id"`
	Person string `json:"person"`
	Why    string `json:"why"`
}

// NewTrial reads a mapping for trials.
func NewTrial(source []byte, secrets, keys []string) (*Trial, error) {
	m, err := mapping.Load(source)
	if err != nil {
		return nil, err
	}
	if m.Hooks == nil {
		return nil, errors.New("the mapping has no hooks: the CRM is polled alone, and sends no requests")
	}
	for _, s := range secrets {
		for _, p := range m.Hooks.Proof {
			if err := checkKey(p, s); err != nil {
				return nil, err
			}
		}
	}
	c := build(
		Config{API: API{URL: "http://127.0.0.1:1"}},
		m,
		connectors.Options{Source: crm.Source{Name: "trial", Vendor: Vendor}},
	)
	return &Trial{newReceiver(c, c.records()), proof.Secrets{Sign: secrets, Keys: keys, AnyTime: true}}, nil
}

// Request reads a recorded request: the request line with the path below /hooks/<source>, headers, an empty line, and
// the body byte for byte.
func Request(raw []byte, received time.Time) (connectors.Delivery, error) {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw)))
	line, err := r.ReadLine()
	if err != nil {
		return connectors.Delivery{}, errors.New(
			"the file is empty: want a request line such as POST /Lead.update HTTP/1.1",
		)
	}
	words := strings.Fields(line)
	if len(words) < 2 || !strings.HasPrefix(words[1], "/") {
		return connectors.Delivery{}, errors.New(
			"the first line is no request line, such as POST /Lead.update HTTP/1.1",
		)
	}
	u, err := url.Parse(words[1])
	if err != nil {
		return connectors.Delivery{}, errors.New("the path in the request line cannot be read")
	}
	header, err := r.ReadMIMEHeader()
	if err != nil {
		return connectors.Delivery{}, errors.New(
			"the headers cannot be read: want name: value, and an empty line before the body",
		)
	}
	rest := new(bytes.Buffer)
	if _, err := rest.ReadFrom(r.R); err != nil {
		return connectors.Delivery{}, fmt.Errorf("read the body: %w", err)
	}
	path := strings.TrimPrefix(u.Path, "/")
	if below := strings.SplitN(path, "/", 3); below[0] == "hooks" && len(below) > 1 { // recorded whole
		path = strings.Join(below[2:], "/")
	}
	u.Scheme, u.Host = "https", header.Get("Host")
	return connectors.Delivery{
		Method: words[0], URL: u, Path: path, Query: u.Query(), Header: map[string][]string(header), Body: rest.Bytes(),
		Received: crm.At(received),
	}, nil
}

// Try says what a request becomes. Whether it is fresh is not looked at: it was recorded some time ago.
func (t *Trial) Try(d connectors.Delivery) Tried {
	out := Tried{Outcomes: []Found{}}
	if len(t.secrets.Sign)+len(t.secrets.Keys) > 0 {
		err := t.in.proof.Verify(d, t.secrets, d.Received.Time())
		verified := err == nil
		if out.Verified = &verified; err != nil {
			out.Error = err.Error()
			return out
		}
	}
	if reply, ok := t.in.Handshake(d); ok {
		out.Outcomes = append(
			out.Outcomes,
			Found{What: "ignored", Why: fmt.Sprintf("it is a handshake, answered with %d", reply.Status)},
		)
		return out
	}
	kept, _ := t.in.Keep(d)
	events, err := t.in.events(kept)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	var wrong []string
	for i, e := range events {
		if e.err != nil {
			wrong = append(wrong, fmt.Sprintf("event %d: %v", i+1, e.err))
		}
		if e.ignored != "" {
			out.Outcomes = append(out.Outcomes, Found{What: "ignored", Type: e.name, Why: e.ignored})
			continue
		}
		for _, n := range e.notices {
			out.Outcomes = append(out.Outcomes, t.in.found(n))
		}
	}
	if len(events) == 0 {
		out.Outcomes = append(out.Outcomes, Found{What: "ignored", Why: "hooks.each finds no event in the body"})
	}
	out.Error = strings.Join(wrong, "; ")
	return out
}

// found is a notice for people.
func (c *source) found(n crm.Notice) Found {
	switch {
	case n.Ref != nil:
		f := Found{What: "ref", Type: n.Ref.Type, ID: n.Ref.ID}
		if p := c.m.Records[f.Type].Person; p != nil {
			f.Person = crm.Person{Kind: p.Kind, ID: f.ID}.String()
		}
		return f
	case n.Removed != nil:
		typ, id, _ := strings.Cut(n.Removed.ID, "/")
		return Found{What: "removed", Type: typ, ID: id}
	case n.Fact != nil && n.Fact.Existence != nil && n.Fact.Existence.Deleted:
		p := crm.ParsePerson(n.Fact.Contact)
		return Found{What: "removed", Type: c.typeOf(p.Kind), ID: p.ID, Person: n.Fact.Contact}
	case n.Fact != nil:
		typ, id, _ := strings.Cut(n.Fact.ID, "/")
		return Found{What: "fact", Type: typ, ID: id, Person: n.Fact.Contact}
	}
	return Found{What: "ignored", Why: n.Passed}
}
