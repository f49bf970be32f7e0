package generic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
)

// reading is a mapping that gives all that a mail may say.
const reading = `version: 1
title: Reading
api: {auth: bearer}
records:
  Person: {person: {}, read: {get: "/people/{$id}"}}
  Mail:
    message:
      direction: .direction
      from: .from
      subject: .subject
      text: .text
      html: .html
      headers: .headers
      at: .at
    people: .people
    read: {get: "/mails/{$id}"}
    changed: .at
`

// TestTextIsReadAsByACodedVendor: of a mail a mapping makes the features that the reader makes of its words, subject,
// HTML, headers, sender, direction and time, which is what the coded vendors hand it: each of these counts.
func TestTextIsReadAsByACodedVendor(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		in      text.Input
		without func(in *text.Input) // takes away what this is about
	}{
		"words": {
			text.Input{Direction: crm.In, Subject: "Looms", Body: "Could you send me a quote for 20 seats?"},
			func(in *text.Input) { in.Body = "" },
		},
		"direction": {
			text.Input{Direction: crm.Out, Subject: "Looms", Body: "I will send you the quote on Friday."},
			func(in *text.Input) { in.Direction = crm.In },
		},
		"subject": {
			text.Input{Direction: crm.In, Subject: "What does a loom cost?", Body: "Kind regards, Ada"},
			func(in *text.Input) { in.Subject = "" },
		},
		"HTML": {
			text.Input{Direction: crm.In, HTML: "<p>What do <b>20 looms</b> cost?</p><p>When can you come?</p>"},
			func(in *text.Input) { in.HTML = "" },
		},
		"words before HTML": {
			text.Input{Direction: crm.In, Body: "What do 20 looms cost?", HTML: "<p>Thank you.</p>"},
			func(in *text.Input) { in.Body = "" },
		},
		"headers": {
			text.Input{
				Direction: crm.In, Subject: "Looms", Body: "I am reading what you wrote.",
				Header: map[string][]string{"auto-submitted": {"auto-replied"}},
			},
			func(in *text.Input) { in.Header = nil },
		},
		"sender": {
			text.Input{Direction: crm.In, From: "MAILER-DAEMON@example.com", Body: "It did not reach them."},
			func(in *text.Input) { in.From = "" },
		},
		"time": {
			text.Input{Direction: crm.In, Subject: "Out of office", Body: "I am back on Monday."},
			func(in *text.Input) { in.At = in.At.AddDate(0, 0, 14) },
		},
	} {
		c.in.At = at
		reader := text.NewReader([]byte("salt"), text.Lexicon{})
		want, less := reader.Read(c.in), c.in
		c.without(&less)
		if cmp.Equal(reader.Read(less), want) {
			t.Errorf("%s: without it the features are the same: this shows nothing", name)
		}
		if diff := cmp.Diff(want, readBy(t, c.in)); diff != "" {
			t.Errorf("%s: a mapping makes something else of it:\n%s", name, diff)
		}
	}
}

// readBy are the features that the mapping makes of a mail.
func readBy(t *testing.T, in text.Input) crm.Text {
	t.Helper()
	headers := map[string]string{}
	for name, values := range in.Header {
		headers[name] = values[0]
	}
	record, err := json.Marshal(map[string]any{
		"id": "1", "direction": in.Direction, "from": in.From, "subject": in.Subject, "text": in.Body, "html": in.HTML,
		"headers": headers, "at": in.At.Format(time.RFC3339), "people": []string{"7"},
	})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mails/1" {
			_, _ = w.Write(record)
			return
		}
		fmt.Fprint(w, `{"id": "7"}`)
	}))
	defer api.Close()
	file := filepath.Join(t.TempDir(), "reading.yaml")
	if err := os.WriteFile(file, []byte(reading), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{MAPPING: file, API: API{URL: api.URL}, Token: "t0ken", Webhooks: "off"},
		connectors.Options{
			Source: crm.Source{Name: "reading", Vendor: Vendor}, Salt: []byte("salt"),
			Now: func() time.Time { return hardNow },
		})
	if err != nil {
		t.Fatal(err)
	}
	res := v.Fetch.Fetch(t.Context(), []crm.Ref{{Type: "Mail", ID: "1"}})[0]
	for _, n := range res.Notices {
		if n.Fact != nil && n.Fact.Message != nil {
			return n.Fact.Message.Text
		}
	}
	t.Fatalf("no message: %+v, %v", res.Notices, res.Err)
	return crm.Text{}
}
