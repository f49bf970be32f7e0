package generic

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// receiving has, of what a mapping may say of deliveries, what no preset needs.
const receiving = `version: 1
title: Receiving
api: {auth: bearer}
account: {get: /me, id: .account}
records:
  Person: {person: {}, read: {get: "/people/{$id}"}}
  Mail: {message: {}, read: {get: "/mails/{$id}"}, people: .people}
hooks:
  proof: [{key: {query: key}}]
  body: BODY
  account: |
    EACH | .account
  each: |
    EACH | .event
  event: .type
  rules:
    - {on: filed, read: Mail, people: .to, left: .from, at: .at | millis}
    - {on: "*", read: Person}
  replies:
    stored: {status: 200, type: text/xml, body: <ok/>}
    full: {status: 500}
  handshake:
    when: $method == "GET" and $query.challenge != null
    status: 202
    headers: {X-Answer: "{$query.challenge}"}
    body: '"I am here: " + $query.challenge'
`

func receivingVendor(t *testing.T, format, each string) connectors.Vendor {
	t.Helper()
	file := filepath.Join(t.TempDir(), "receiving.yaml")
	text := strings.NewReplacer("BODY", format, "EACH", each).Replace(receiving)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{MAPPING: file, API: API{URL: "https://crm.example.com"}, Token: "t0ken", HookKey: "k3y"},
		connectors.Options{Source: crm.Source{Name: "receiving", Vendor: Vendor}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The same events in another format say the same, and of whom they are about no more, whatever the header says.
func TestFormatsSayTheSame(t *testing.T) {
	const at = "1772443800000"
	for format, c := range map[string]struct{ each, body string }{
		"json": {".", `{"account": 5, "event": [{"type": "saved", "id": 7},
			{"type": "filed", "id": "9", "to": ["7"], "from": "8", "at": ` + at + `}]}`},
		"xml": {".n", `<n><account>5</account><event><type>saved</type><id>7</id></event>
			<event><type>filed</type><id>9</id><to>7</to><from>8</from><at>` + at + `</at></event></n>`},
		"form": {
			`{account, event: [{type: "saved", id}, {type: "filed", id: .mail, to, from, at}]}`,
			"account=5&id=7&mail=9&to=7&from=8&at=" + at,
		},
	} {
		v := receivingVendor(t, format, "("+c.each+")")
		d := connectors.Delivery{
			Method: http.MethodPost, Body: []byte(c.body), Received: crm.At(hardNow),
			Header: http.Header{"Content-Type": {"application/octet-stream"}}, Query: url.Values{"key": {"k3y"}},
		}
		if err := v.Receive.Verify(d, hardNow); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		kept, _ := v.Receive.Keep(d)
		if kept.Query.Get("key") != "" || kept.Header.Get("Content-Type") != "" {
			t.Errorf("%s: kept is %v, %v", format, kept.Query, kept.Header)
		}
		got, err := v.Receive.Decode(kept)
		want := []crm.Notice{
			{Account: "5", Ref: &crm.Ref{Type: "Person", ID: "7"}},
			{Account: "5", Ref: &crm.Ref{
				Type: "Mail", ID: "9", Contacts: []string{"7"}, Left: []string{"8"}, AsOf: 1772443800000,
			}},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", format, err, diff)
		}
	}
}

// What the mapping answers takes the place of the usual answer, for the outcomes that it names.
func TestRepliesOfAMapping(t *testing.T) {
	v := receivingVendor(t, "json", "(.)")
	for o, want := range map[connectors.Outcome]connectors.Reply{
		connectors.Stored: {
			Status: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Body: []byte("<ok/>"),
		},
		connectors.NotVerified: connectors.DefaultReply(connectors.NotVerified),
		connectors.TooLarge:    connectors.DefaultReply(connectors.TooLarge),
	} {
		if diff := cmp.Diff(want, v.Reply.Reply(connectors.Delivery{}, o)); diff != "" {
			t.Errorf("%s:\n%s", o, diff)
		}
	}
	full := v.Reply.Reply(connectors.Delivery{}, connectors.Full)
	if full.Status != 500 || full.Header.Get("Retry-After") == "" {
		t.Errorf("full: %+v", full)
	}
}

// A request that asks whether somebody listens is answered, though it proves nothing, and another is not.
func TestHandshakeOfAMapping(t *testing.T) {
	v := receivingVendor(t, "xml", "(.)")
	if v.Screen != nil {
		t.Error("a handshake would be refused by its headers")
	}
	asked := connectors.Delivery{Method: http.MethodGet, Query: url.Values{"challenge": {"c1"}}}
	got, ok := v.Reply.Handshake(asked)
	want := connectors.Reply{Status: 202, Header: http.Header{"X-Answer": {"c1"}}, Body: []byte("I am here: c1")}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("%t\n%s", ok, diff)
	}
	asked.Query.Set("challenge", "c1\r\nSet-Cookie: a=b")
	if got, ok := v.Reply.Handshake(asked); ok {
		t.Errorf("it lets a header in: %+v", got)
	}
	for _, d := range []connectors.Delivery{
		{Method: http.MethodPost, Query: url.Values{"challenge": {"c1"}}}, {Method: http.MethodGet},
	} {
		if _, ok := v.Reply.Handshake(d); ok {
			t.Errorf("%s %v is taken for one", d.Method, d.Query)
		}
	}
}
