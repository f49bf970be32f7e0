package generic

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// hard is a mapping for what CRMs do that makes receiving hard.
const hard = `version: 1
title: Hard
api: {auth: bearer}
hooks:
  proof:
    - hmac: {header: Signature, value: "t={t},v1={hex}", over: "{time}.{path}.{body}", time: value.t}
  event: $path
  key: .event
  settle: 2s
  rules:
    - {on: person.saved, read: Person}
    - {on: person.gone, gone: Person}
    - {on: message.saved, take: Message}
records:
  Person:
    person: {properties: {lead_status: .status}}
    read: {get: "/people/{$id}"}
    changed: .at
  Message:
    message: {direction: "\"in\"", from: .from, text: .text, at: .sent}
    people: .people[]
    changed: .at
write: {put: "/people/{$id}", body: $values, success: .ok}
`

var hardNow = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// hardVendor is a connector with that mapping.
func hardVendor(t *testing.T, api http.Handler, now func() time.Time) connectors.Vendor {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "hard.yaml")
	if err := os.WriteFile(file, []byte(hard), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{MAPPING: file, API: API{URL: server.URL}, Token: "t0ken", HookSecret: "s3cret"},
		connectors.Options{Source: crm.Source{Name: "hard", Vendor: Vendor}, Salt: []byte("salt"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signed is a delivery as the CRM sends it.
func signed(path, body, secret string, at time.Time) connectors.Delivery {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d./hooks/hard/%s.%s", at.Unix(), path, body)
	d := connectors.Delivery{
		Method: http.MethodPost, Path: path, Body: []byte(body), Received: crm.At(hardNow),
		Header: http.Header{
			"Signature":    {fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))},
			"Content-Type": {"application/json"},
		},
	}
	d.URL = hooksURL(path)
	return d
}

func hooksURL(path string) *url.URL {
	return &url.URL{Scheme: "https", Host: "winnow.example.com", Path: "/hooks/hard/" + path}
}

// crowd is a body of n people.
func crowd(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"id": %d, "event": "e%d"}`, i+1, i+1))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func TestHardDeliveries(t *testing.T) {
	v := hardVendor(t, http.NotFoundHandler(), func() time.Time { return hardNow })
	genuine := func(path, body string) connectors.Delivery { return signed(path, body, "s3cret", hardNow) }
	but := func(change func(*connectors.Delivery)) connectors.Delivery {
		d := genuine("person.saved", `{"id": "7"}`)
		change(&d)
		return d
	}
	stale := []string{"replayed an hour later", "from an hour ahead"}
	unproven := append([]string{ // refused before the body is read
		"unsigned", "signed in another encoding",
	}, stale...)
	latin := "{\"id\": \"7\", \"name\": \"Zo\xeb\"}"
	for name, c := range map[string]struct {
		d       connectors.Delivery
		refused bool
		want    []string        // the records that it names
		err     connectors.Kind // of Decode
	}{
		"genuine":        {d: but(func(*connectors.Delivery) {}), want: []string{"7"}},
		"another secret": {d: signed("person.saved", `{"id": "7"}`, "t0ken", hardNow), refused: true},
		"unsigned":       {d: but(func(d *connectors.Delivery) { d.Header.Del("Signature") }), refused: true},
		"another body":   {d: but(func(d *connectors.Delivery) { d.Body = []byte(`{"id": "8"}`) }), refused: true},
		"another path": {d: but(func(d *connectors.Delivery) {
			d.Path, d.URL = "person.gone", hooksURL("person.gone")
		}), refused: true},
		"another time": {d: but(func(d *connectors.Delivery) {
			_, sum, _ := strings.Cut(d.Header.Get("Signature"), ",")
			d.Header.Set("Signature", fmt.Sprintf("t=%d,%s", hardNow.Unix()+1, sum))
		}), refused: true},
		"replayed an hour later": {
			d: signed("person.saved", `{"id": "7"}`, "s3cret", hardNow.Add(-time.Hour)), refused: true,
		},
		"from an hour ahead": {
			d: signed("person.saved", `{"id": "7"}`, "s3cret", hardNow.Add(time.Hour)), refused: true,
		},
		"another content type": {
			d:    but(func(d *connectors.Delivery) { d.Header.Set("Content-Type", "text/plain; charset=latin1") }),
			want: []string{"7"},
		},
		"no content type": {
			d: but(func(d *connectors.Delivery) { d.Header.Del("Content-Type") }), want: []string{"7"},
		},
		"signed in another encoding": {d: but(func(d *connectors.Delivery) {
			stamp, sum, _ := strings.Cut(d.Header.Get("Signature"), ",v1=")
			raw, _ := hex.DecodeString(sum) // it was made above
			d.Header.Set("Signature", stamp+",v1="+base64.StdEncoding.EncodeToString(raw))
		}), refused: true},
		"a letter that is not UTF-8": {d: genuine("person.saved", latin), want: []string{"7"}},
		"UTF-16":                     {d: genuine("person.saved", "\xff\xfe{\x00}\x00"), err: connectors.Malformed},
		"a form":                     {d: genuine("person.saved", "id=7"), err: connectors.Malformed},
		"no body":                    {d: genuine("person.saved", ""), err: connectors.Malformed},
		"no event":                   {d: genuine("person.saved", "[]")},
		"1 event in a list":          {d: genuine("person.saved", crowd(1)), want: ids(1)},
		"50 events":                  {d: genuine("person.saved", crowd(50)), want: ids(50)},
		"an event twice": {
			d: genuine("person.saved", `[{"id": 1, "event": "e1"}, {"id": 1, "event": "e1"}]`), want: ids(1),
		},
		"one of which cannot be read": {
			d: genuine("person.saved", `[{"id": 1}, {"name": "?"}, 5, {"id": 2}]`), want: ids(2),
			err: connectors.Malformed,
		},
		"an event of its path":  {d: genuine("person.gone", `{"id": "7"}`), want: []string{"gone 7"}},
		"a path without a rule": {d: genuine("person.seen", `{"id": "7"}`), want: []string{"passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			bodiless := c.d
			bodiless.Body = nil
			err := v.Screen.Screen(bodiless, hardNow)
			if err != nil && !c.refused || err == nil && slices.Contains(unproven, name) {
				t.Errorf("by its headers: %v", err)
			}
			err = v.Receive.Verify(c.d, hardNow)
			if c.refused {
				if connectors.KindOf(err) != connectors.Unauthenticated {
					t.Errorf("verified: %v, want it refused", err)
				}
				if late := slices.Contains(stale, name); connectors.IsStale(err) != late {
					t.Errorf("%v: called stale: %t", err, !late)
				}
				return
			}
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if at := v.Dates.Dated(bodiless); !at.Equal(hardNow) {
				t.Errorf("signed at %s, want %s", at, hardNow)
			}
			kept, _ := v.Receive.Keep(c.d)
			notices, err := v.Receive.Decode(kept)
			if bad := c.err != 0; bad != (err != nil) || bad && connectors.KindOf(err) != c.err {
				t.Errorf("decoded with %v, want %v", err, c.err)
			}
			if got := named(notices); !slices.Equal(got, c.want) {
				t.Errorf("it names %v, want %v", got, c.want)
			}
		})
	}
}

func ids(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(i+1))
	}
	return out
}

// named are the records that notices name.
func named(ns []crm.Notice) []string {
	var out []string
	for _, n := range ns {
		switch {
		case n.Ref != nil:
			out = append(out, n.Ref.ID)
		case n.Fact != nil:
			out = append(out, "gone "+crm.ParsePerson(n.Fact.Contact).ID)
		default:
			out = append(out, "passed")
		}
	}
	return out
}

// The same bytes say the same however often they come, and an update without a time is as old as its receipt: so the
// store keeps one fact, of which the newest version counts, whichever comes last.
func TestUpdatesHaveVersions(t *testing.T) {
	v := hardVendor(t, http.NotFoundHandler(), func() time.Time { return hardNow })
	said := func(at string, received time.Time) crm.Fact {
		t.Helper()
		d := signed("message.saved", `{"id": 5, "people": [7], "from": "ada@example.com", "text": "Yes.",
			"sent": "2026-03-02T09:00:00Z"`+at+`}`, "s3cret", hardNow)
		d.Received = crm.At(received)
		ns, err := v.Receive.Decode(d)
		if err != nil || len(ns) != 1 || ns[0].Fact == nil {
			t.Fatalf("%v, %v", ns, err)
		}
		return *ns[0].Fact
	}
	older, newer := `, "at": "2026-03-02T09:10:00Z"`, `, "at": "2026-03-02T09:20:00Z"`
	first, _ := json.Marshal(said(newer, hardNow))
	for range 22 {
		if again, _ := json.Marshal(said(newer, hardNow)); !bytes.Equal(first, again) {
			t.Fatalf("the same bytes say\n%s, and then\n%s", first, again)
		}
	}
	later := hardNow.Add(time.Minute)
	late, new1 := said(older, later), said(newer, hardNow)
	if late.ID != new1.ID || late.Version >= new1.Version {
		t.Errorf("an older update that comes later is version %d, after %d", late.Version, new1.Version)
	}
	untimed, next := said("", hardNow), said("", later)
	if untimed.ID != next.ID || untimed.Version != hardNow.UnixMilli() || next.Version != later.UnixMilli() {
		t.Errorf("without a time they are versions %d and %d, want the receipts", untimed.Version, next.Version)
	}
}

// A webhook that comes before the CRM's own commit: the record is not looked at before it has settled, when it would
// be taken for gone, or for what it was.
func TestLooksAgainOnceSettled(t *testing.T) {
	var clock, asked atomic.Int64
	now := func() time.Time { return hardNow.Add(time.Duration(clock.Load())) }
	v := hardVendor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		committed := clock.Load() >= int64(2*time.Second)
		if r.URL.Path == "/people/new" && !committed {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		status := "from before"
		if committed {
			status = "committed"
		}
		fmt.Fprintf(w, `{"id": %q, "status": %q}`, strings.TrimPrefix(r.URL.Path, "/people/"), status)
	}), now)
	for _, id := range []string{"new", "changed"} {
		clock.Store(0)
		asked.Store(0)
		ref := crm.Ref{Type: "Person", ID: id, Noticed: crm.At(hardNow)}
		early := v.Fetch.Fetch(t.Context(), []crm.Ref{ref})[0]
		e, _ := early.Err.(*connectors.Error)
		if e == nil || e.Kind != connectors.Conflict || e.After != 2*time.Second || asked.Load() != 0 {
			t.Fatalf("%s, at once: %+v after %d calls, want to look again in 2s", id, early, asked.Load())
		}
		clock.Store(int64(e.After))
		settled := v.Fetch.Fetch(t.Context(), []crm.Ref{ref})[0]
		said, _ := json.Marshal(entries(settled.Notices))
		if settled.Err != nil || !strings.Contains(string(said), `"committed"`) ||
			strings.Contains(string(said), `"deleted":true`) {
			t.Errorf("%s, settled: %v, %s", id, settled.Err, said)
		}
	}
}

// A CRM that says errors with status 200: what it refused is not taken for written.
func TestA200ThatMeansAnError(t *testing.T) {
	var answer atomic.Value
	v := hardVendor(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, answer.Load().(string))
	}), func() time.Time { return hardNow })
	chs := []crm.Change{{Contact: "7", Values: map[crm.Field]string{crm.FieldRating: "B"}}}
	const written = `{"ok": true}`
	for text, want := range map[string]connectors.Kind{
		written: 0, `{"ok": false, "error": "no such field"}`: connectors.Rejected, `{}`: connectors.Rejected,
		`{"ok": "rate_limited"}`: connectors.RateLimited,
		`[]`:                     connectors.Garbled, `<html>`: connectors.Garbled, ``: connectors.Garbled,
	} {
		answer.Store(text)
		err := v.Write.Write(t.Context(), chs)[0]
		if (err == nil) != (text == written) || err != nil && connectors.KindOf(err) != want {
			t.Errorf("%q: %v, want kind %v", text, err, want)
		}
	}
}

// A CRM whose quota is used up is left alone for as long as it asked for, and then told all that waited.
func TestAQuotaComesBack(t *testing.T) {
	var clock, asked atomic.Int64
	v := hardVendor(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "900")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, `{"ok": true}`)
	}), func() time.Time { return hardNow.Add(time.Duration(clock.Load())) })
	write := func() error {
		return v.Write.Write(t.Context(), []crm.Change{
			{Contact: "7", Values: map[crm.Field]string{crm.FieldRating: "B"}},
		})[0]
	}
	pause := connectors.AfterOf(write())
	if pause < 15*time.Minute {
		t.Fatalf("it comes again in %s, and was asked to wait 15m", pause)
	}
	clock.Store(int64(15*time.Minute - time.Second))
	if err := write(); connectors.KindOf(err) != connectors.RateLimited || asked.Load() != 1 {
		t.Errorf("within the pause: %v, asked %d times", err, asked.Load())
	}
	clock.Store(int64(pause + time.Second))
	if err := write(); err != nil || asked.Load() != 2 {
		t.Errorf("after the pause: %v, asked %d times", err, asked.Load())
	}
}

// A lead that was converted before it could be read: what it said is not lost with it, and is older than what the
// contact says.
func TestConvertedBeforeItsRead(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/Lead/") {
			_, _ = io.WriteString(w, `{"list": []}`)
			return
		}
		_, _ = io.WriteString(w, `{"id": "l1", "status": "Converted", "createdContactId": "c1",
			"createdAt": "2026-03-01 09:00:00", "modifiedAt": "2026-03-02 09:20:00"}`)
	}))
	defer api.Close()
	v, err := New(Config{MAPPING: "espocrm", API: API{URL: api.URL}, Token: "t", HookSecret: "s"}, connectors.Options{
		Source: crm.Source{Name: "espo", Vendor: Vendor}, Now: func() time.Time { return hardNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := v.Fetch.Fetch(t.Context(), []crm.Ref{{Type: "Lead", ID: "l1"}})[0]
	var merged, said *crm.Fact
	for _, n := range got.Notices {
		switch {
		case n.Fact != nil && n.Fact.Merge != nil && n.Fact.Contact == "lead/l1":
			merged = n.Fact
		case n.Fact != nil && n.Fact.Property != nil && n.Fact.Property.Name == crm.PropLeadStatus:
			said = n.Fact
		case n.Fact != nil && n.Fact.Existence != nil:
			t.Errorf("it says that it is there: %+v", n.Fact)
		}
	}
	if got.Err != nil || merged == nil || merged.Merge.Into != "contact/c1" ||
		said == nil || said.Contact != "lead/l1" || said.Version >= merged.Version {
		t.Errorf("%v: merged %+v, said %+v", got.Err, merged, said)
	}
}
