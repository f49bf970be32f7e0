// Package letter reads single messages for whoever wants to know what Winnow makes of them: as JSON lines or as mails
// in a file. It keeps nothing.
package letter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
)

// Letter is one message as it was sent.
type Letter struct {
	ID        string    `json:"id"`
	Direction string    `json:"direction"` // in, which it is where nothing is said, or out
	Subject   string    `json:"subject"`
	From      string    `json:"from"`
	To        Strings   `json:"to"`
	Body      string    `json:"body"` // plain text
	HTML      string    `json:"html"` // read where Body is empty
	At        time.Time `json:"at"`   // relative days count from it, in its zone
	Headers   Headers   `json:"headers"`
	Ours      Strings   `json:"ours"` // earlier messages of ours in the conversation
}

// Strings are one string or a list of them.
type Strings []string

// UnmarshalJSON reads "a" as it reads ["a"].
func (s *Strings) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = nil
		if one != "" {
			*s = Strings{one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

// Headers are raw headers, each with one value or a list of them.
type Headers map[string]Strings

// Reading is what was read of a letter.
type Reading struct {
	ID      string   `json:"id"`
	Class   string   `json:"class"`
	Intents []string `json:"intents"`
	Weak    []string `json:"weak"` // what may be meant, and is not certain enough to act on
	Units   int      `json:"units"`
	Kept    string   `json:"kept"`    // the text without quoted history, signature and footers
	Return  string   `json:"return"`  // the day on which an absence ends
	Horizon string   `json:"horizon"` // the day until which something is promised or put off
	Why     []string `json:"why"`     // the phrases that decided
	// Language is that of a message of theirs, where it is plain: in it a farewell is proposed.
	Language string `json:"language,omitempty"`
}

// direction is the letter's, in where it says nothing.
func (l *Letter) direction() (crm.Direction, error) {
	if l.Direction == "" {
		return crm.In, nil
	}
	var d crm.Direction
	if err := d.UnmarshalText([]byte(l.Direction)); err != nil || d == 0 {
		return 0, fmt.Errorf("direction %q: want in or out", l.Direction)
	}
	return d, nil
}

// Input is the letter for the reader r.
func (l *Letter) Input(r *text.Reader) (text.Input, error) {
	d, err := l.direction()
	if err != nil {
		return text.Input{}, err
	}
	in := text.Input{
		Direction: d, Subject: l.Subject, Body: l.Body, HTML: l.HTML, From: l.From, At: l.At, Zone: l.At.Location(),
	}
	for _, earlier := range l.Ours {
		if strings.HasPrefix(strings.TrimSpace(earlier), "<") {
			earlier = text.FromHTML(earlier)
		}
		in.Ours = append(in.Ours, r.Lines(earlier, "")...)
	}
	if len(l.Headers) > 0 {
		in.Header = http.Header{}
		for name, values := range l.Headers {
			in.Header[name] = values
		}
	}
	return in, nil
}

// Read reads the letter.
func (l *Letter) Read(r *text.Reader) (Reading, error) {
	in, err := l.Input(r)
	if err != nil {
		return Reading{}, err
	}
	t := r.Trace(in)
	return Reading{
		ID: l.ID, Class: t.Text.Class.String(), Intents: names(t.Text.Intents), Weak: names(t.Text.Weak),
		Units: t.Text.Units,
		Kept:  t.Kept, Return: day(t.Text.Return, in.Zone), Horizon: day(t.Text.Horizon, in.Zone),
		Why:      append([]string{}, t.Why...),
		Language: t.Text.Language,
	}, nil
}

func names(i crm.Intents) []string { return append([]string{}, strings.Fields(i.String())...) }

func day(m crm.Millis, zone *time.Location) string {
	if m == 0 {
		return ""
	}
	return m.Time().In(zone).Format(time.DateOnly)
}
