package connectortest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// nowhere is an API that must not be called: receiving needs no network.
const nowhere = "http://127.0.0.1:1"

var at = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func (h Harness) verify(t *testing.T) {
	c := h.New(t, nowhere).Receive
	body := h.body()
	good := h.Sign(body, h.Secret, at)
	if err := c.Verify(good, at); err != nil {
		t.Fatalf("a genuine delivery is refused: %v", err)
	}
	if err := c.Verify(good, at.Add(time.Minute)); err != nil {
		t.Errorf("a delivery is refused after a minute on the way: %v", err)
	}
	refuse := func(rule string, d connectors.Delivery, now time.Time) {
		t.Helper()
		err := c.Verify(d, now)
		if err == nil {
			t.Errorf("%s, but accepted", rule)
			return
		}
		if e := h.tellsNothing(t, err, string(d.Body)); e.Kind != connectors.Unauthenticated || e.Op != "verify" {
			t.Errorf("%s: refused as %s in %q, want unauthenticated in verify", rule, e.Kind, e.Op)
		}
	}
	refuse("signed with another secret", h.Sign(body, "not-"+h.Secret, at), at)
	refuse("signed with an empty secret", h.Sign(body, "", at), at)
	for _, name := range signing(h, body) {
		d := good
		d.Header = good.Header.Clone()
		d.Header.Del(name)
		refuse("without the header "+name, d, at)
	}
	bare := good
	bare.Header = nil
	if len(good.Header) > 0 {
		refuse("without any header", bare, at)
	}
	if h.SignsBody {
		for i := range body {
			d := good
			d.Body = slices.Clone(body)
			d.Body[i] ^= 1
			refuse(fmt.Sprintf("byte %d of the body changed: the MAC must cover the raw body", i), d, at)
		}
		longer := good
		longer.Body = append(slices.Clone(body), ' ')
		refuse("a space added to the body", longer, at)
	}
	if h.Stale > 0 {
		checkStale(t, h, good, h.Sign(body, "not-"+h.Secret, at))
		refuse("a delivery of "+h.Stale.String()+" ago", good, at.Add(h.Stale))
	}
}

// headers checks what a vendor says of a delivery before its body is read.
func headers(t *testing.T, h Harness) {
	v := h.New(t, nowhere)
	genuine := h.Sign(h.body(), h.Secret, at)
	genuine.Body = nil
	bare := connectors.Delivery{Method: genuine.Method, URL: &url.URL{}, Received: genuine.Received}
	if v.Screen != nil {
		if err := v.Screen.Screen(genuine, at.Add(time.Minute)); err != nil {
			t.Errorf("a genuine delivery is refused by its headers: %v", err)
		}
		if err := v.Screen.Screen(bare, at); err == nil {
			t.Error("a delivery without any proof passes by its headers")
		} else if e := h.tellsNothing(t, err, ""); e.Kind != connectors.Unauthenticated || e.Op != "verify" {
			t.Errorf("without any proof: refused as %s in %q, want unauthenticated in verify", e.Kind, e.Op)
		}
	}
	if v.Prove != nil {
		if p := v.Prove.Proof(genuine); p.Name == "" || p.Rank < 0 {
			t.Errorf("the proof of a genuine delivery has no name or a rank below 0: %+v", p)
		}
		if p := v.Prove.Proof(bare); p.Weak != "" && p.Rank > 0 && p.Back == "" {
			t.Errorf("a weak proof may be refused, and no setting is named that takes it again: %+v", p)
		}
	}
}

// checkStale checks that a wrong clock can be told from a wrong secret.
func checkStale(t *testing.T, h Harness, good, forged connectors.Delivery) {
	t.Helper()
	v := h.New(t, nowhere)
	late := at.Add(h.Stale)
	if err := v.Receive.Verify(good, late); !connectors.IsStale(err) {
		t.Errorf("a genuine delivery of %s ago: %v, want it refused as stale", h.Stale, err)
	}
	if err := v.Receive.Verify(forged, late); connectors.IsStale(err) {
		t.Errorf("a delivery with another secret is called stale: its time proves nothing")
	}
	if v.Dates == nil || !v.Dates.Dated(good).Equal(at) {
		t.Errorf("it does not say when a delivery was signed, which its proof depends on")
	}
}

// signing are the headers that differ between two secrets or two times: those that carry the proof.
func signing(h Harness, body []byte) []string {
	a, b, c := h.Sign(body, h.Secret, at), h.Sign(body, h.Secret+"x", at), h.Sign(body, h.Secret, at.Add(time.Second))
	var out []string
	for name := range a.Header {
		if !slices.Equal(a.Header[name], b.Header[name]) || !slices.Equal(a.Header[name], c.Header[name]) {
			out = append(out, name)
		}
	}
	return out
}

func (h Harness) decode(t *testing.T) {
	c := h.New(t, nowhere).Receive
	files, _ := filepath.Glob(filepath.Join(h.Deliveries, "*.http"))
	if len(files) == 0 {
		t.Fatalf("no deliveries in %s", h.Deliveries)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			received := Load(t, file)
			d := h.kept(t, c, received)
			if d.Path != received.Path || d.Method != received.Method || d.Received != received.Received {
				t.Errorf("Keep loses the method, the path or the time of receipt: %+v", d)
			}
			notices, err := c.Decode(d)
			for _, n := range notices {
				sound(t, n)
				kinds(t, h.New(t, nowhere), n)
			}
			if err != nil {
				if e := h.tellsNothing(t, err, string(d.Body)); e.Kind != connectors.Malformed || e.Op != "decode" {
					t.Errorf("what cannot be read is %s in %q, want malformed in decode", e.Kind, e.Op)
				}
			}
			golden(t, strings.TrimSuffix(file, ".http")+".golden.json", notices, err)
			for i := range d.Body {
				cut := d
				cut.Body = d.Body[:i]
				ns, _ := c.Decode(cut) // must not panic
				for _, n := range ns {
					sound(t, n)
				}
			}
		})
	}
	echo, _ := c.Keep(h.Sign(h.Echo, h.Secret, at))
	if ns, err := c.Decode(echo); err != nil || len(ns) != 0 {
		t.Errorf("the echo of our own write gives %d notices and %v: the CRM's answer to it must start nothing",
			len(ns), err)
	}
	if _, err := c.Decode(connectors.Delivery{Body: []byte("\x00\xff<html>")}); err == nil {
		t.Error("a body that is no delivery at all gives no error")
	}
}

// kept is what is stored of d. Nothing that could be used against the vendor is in it.
func (h Harness) kept(t *testing.T, c connectors.Receiver, d connectors.Delivery) connectors.Delivery {
	t.Helper()
	kept, text := c.Keep(d)
	if kept.URL != nil {
		t.Error("the URL as it was addressed is stored: Path and Query have what may be")
	}
	all := fmt.Sprint(kept.Path, kept.Query, kept.Header, string(kept.Body))
	if holds(all, secrets(h)...) != "" {
		t.Error("what is stored of a delivery holds a secret")
	}
	if again, also := c.Keep(kept); cmp.Diff(kept, again) != "" || text != also {
		t.Errorf("keeping what was kept changes it:\n%s", cmp.Diff(kept, again))
	}
	return kept
}

// golden compares what Decode said with the file.
func golden(t *testing.T, file string, notices []crm.Notice, err error) {
	t.Helper()
	type entry struct {
		Fact    *crm.Fact    `json:"fact,omitempty"`
		Ref     *ref         `json:"ref,omitempty"`
		Removed *crm.Removal `json:"removed,omitempty"`
		Passed  string       `json:"passed,omitempty"`
		Account string       `json:"account,omitempty"`
	}
	got := struct {
		Notices []entry `json:"notices"`
		Error   string  `json:"error,omitempty"`
	}{Notices: []entry{}}
	for _, n := range notices {
		e := entry{Fact: n.Fact, Removed: n.Removed, Passed: n.Passed, Account: n.Account}
		if n.Ref != nil {
			e.Ref = &ref{n.Ref.Type, n.Ref.ID, n.Ref.Contacts, n.Ref.Left, n.Ref.AsOf}
		}
		got.Notices = append(got.Notices, e)
	}
	if err != nil {
		got.Error = err.Error()
	}
	text, _ := json.MarshalIndent(got, "", "  ")
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("Decode no longer says what %s has:\n%s", filepath.Base(file), diff)
	}
}

type ref struct {
	Type     string   `json:"type"`
	ID       string   `json:"id"`
	Contacts []string `json:"contacts,omitempty"`
	Left     []string `json:"left,omitempty"`
	AsOf     int64    `json:"as_of,omitempty"`
}

// Load reads a delivery that is written down as an HTTP request: request line, headers, an empty line, the body. The
// line end that editors put at the end of the file is not part of the body.
func Load(t testing.TB, file string) connectors.Delivery {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw)))
	line, err := r.ReadLine()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	method, rest, _ := strings.Cut(line, " ")
	target, _, _ := strings.Cut(rest, " ")
	u, err := url.Parse(target)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	header, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	body, err := io.ReadAll(r.R)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	u.Scheme, u.Host = "https", header.Get("Host")
	below := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 3) // hooks, the source, and what is below it
	return connectors.Delivery{
		Method: method, URL: u, Path: strings.Join(below[min(2, len(below)):], "/"), Query: u.Query(),
		Header: map[string][]string(header), Body: bytes.TrimSuffix(body, []byte("\n")), Received: crm.At(at),
	}
}
