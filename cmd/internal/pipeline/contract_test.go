package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// talker is a fake whose deliveries name their event in the path and a header, whose body holds a secret, and who
// answers in its own words.
type talker struct {
	*fake
	mu   sync.Mutex
	read []connectors.Delivery // as Decode saw them
}

func (f *talker) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	kept := d.Kept([]string{"event"}, []string{"x-event"})
	kept.Body = []byte(strings.ReplaceAll(string(d.Body), "s3ssion", ""))
	return kept, true
}

func (f *talker) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = append(f.read, d)
	if d.Path == "broken" {
		return nil, &connectors.Error{
			Vendor: "fake", Op: "decode", Kind: connectors.Malformed, Err: errors.New("not readable"),
		}
	}
	return nil, nil
}

func (f *talker) last() connectors.Delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read[len(f.read)-1]
}

func (f *talker) Verify(d connectors.Delivery, now time.Time) error {
	if len(d.Body) == 0 {
		return &connectors.Error{
			Vendor: "fake", Op: "verify", Kind: connectors.Malformed, Err: errors.New("the proof cannot be read"),
		}
	}
	return f.fake.Verify(d, now)
}

func (f *talker) Reply(_ connectors.Delivery, o connectors.Outcome) connectors.Reply {
	status := map[connectors.Outcome]int{
		connectors.Stored: 200, connectors.NotVerified: 403, connectors.Unreadable: 422, connectors.Full: 507,
	}[o]
	return connectors.Reply{
		Status: status, Header: http.Header{"X-Outcome": {string(o)}}, Body: []byte("said " + string(o)),
	}
}

func (f *talker) Handshake(d connectors.Delivery) (connectors.Reply, bool) {
	token := d.Query.Get("challenge")
	return connectors.Reply{Status: 200, Body: []byte(token)}, token != ""
}

func talking(t *testing.T) (*talker, *rig) {
	f := &talker{fake: &fake{}}
	return f, newRig(t, t.TempDir(), func(o *Options) {
		o.Sources[0].CRM.Receive, o.Sources[0].CRM.Reply = f, f
	}, f.fake)
}

func (r *rig) request(method, path, body string, header ...string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle("/hooks/{source}", r.p.Receiver())
	mux.Handle("/hooks/{source}/{path...}", r.p.Receiver())
	req := httptest.NewRequest(method, "/hooks/fake"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, req)
	return rec
}

// TestEnvelope: what only the path, the query or a header tells reaches Decode, and comes back with a dead letter
// that is sent again; the proof and the secrets of the body do not.
func TestEnvelope(t *testing.T) {
	f, r := talking(t)
	rec := r.request("POST", "/broken?event=updated&key=pr00f", "a s3ssion body", "X-Secret", "right", "X-Event",
		"Lead.update")
	if rec.Code != 200 {
		t.Fatalf("answered %d", rec.Code)
	}
	received := r.clock()
	check := func(what string) {
		t.Helper()
		d := f.last()
		if d.Method != "POST" || d.Path != "broken" || d.Query.Get("event") != "updated" ||
			d.Header.Get("X-Event") != "Lead.update" || string(d.Body) != "a  body" {
			t.Errorf("%s: Decode sees %+v", what, d)
		}
		if d.Query.Has("key") || d.Header.Get("X-Secret") != "" || d.URL != nil {
			t.Errorf("%s: the proof was stored: %+v", what, d)
		}
	}
	r.idle()
	check("at first")
	if got := f.last().Received; got != crm.At(received) {
		t.Errorf("received %s, want %s", got, received)
	}
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, watermark.StageRead, "fake")
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d dead letters, %v", len(letters), err)
	}
	r.pass(time.Hour)
	if err := r.p.Resend(t.Context(), letters[0].Seq); err != nil {
		t.Fatal(err)
	}
	r.idle()
	if got := f.last().Received; got != crm.At(received) {
		t.Errorf("sent again, it was received %s, want %s: what it says is no newer for that", got, received)
	}
	check("sent again")
}

// TestReplies: what became of a delivery is decided here, how it is said is the vendor's; a handshake delivers nothing.
func TestReplies(t *testing.T) {
	f, r := talking(t)
	for _, c := range []struct {
		name, body, secret string
		want               int
		outcome            connectors.Outcome
	}{
		{"durable", "x", "right", 200, connectors.Stored},
		{"not verified", "x", "wrong", 403, connectors.NotVerified},
		{"unreadable", "", "right", 422, connectors.Unreadable},
	} {
		rec := r.request("POST", "", c.body, "X-Secret", c.secret)
		if rec.Code != c.want || rec.Header().Get("X-Outcome") != string(c.outcome) ||
			rec.Body.String() != "said "+string(c.outcome) {
			t.Errorf("%s: answered %d %q", c.name, rec.Code, rec.Body)
		}
	}
	r.idle()
	before := len(f.read)
	for _, method := range []string{"GET", "OPTIONS", "POST"} {
		if rec := r.request(method, "?challenge=abc", "x"); rec.Code != 200 || rec.Body.String() != "abc" {
			t.Errorf("handshake by %s: answered %d %q", method, rec.Code, rec.Body)
		}
	}
	if rec := r.request("GET", "", ""); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("a GET that is no handshake: answered %d", rec.Code)
	}
	r.idle()
	if len(f.read) != before {
		t.Errorf("%d handshakes were read as deliveries", len(f.read)-before)
	}
}

// single is a CRM that is asked record by record: one failure takes no other along.
type single struct {
	*fake
	mu    sync.Mutex
	asked map[string]int
}

func (f *single) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]connectors.Result, len(refs))
	for i, ref := range refs {
		f.asked[ref.ID]++
		if ref.ID == "13" {
			out[i].Err = &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.Rejected, Err: errors.New("refused"),
			}
			continue
		}
		out[i].Notices = profiles(refs[i : i+1])
	}
	return out
}

// TestOneFailureTakesNoOther: of a batch in which one record is refused the others are stored at once, and none is
// asked for twice.
func TestOneFailureTakesNoOther(t *testing.T) {
	f := &single{fake: &fake{}, asked: map[string]int{}}
	r := newRig(t, t.TempDir(), func(o *Options) { o.Sources[0].CRM.Fetch = f }, f.fake)
	var ns []crm.Notice
	for i := 10; i < 18; i++ {
		ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: fmt.Sprint(i)}})
	}
	r.send("fake", ns...)
	r.idle()
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, n := range f.asked {
		if n != 1 {
			t.Errorf("record %s was asked for %d times", id, n)
		}
	}
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, watermark.StageFetch, "fake")
	if err != nil || len(letters) != 1 || !slices.Contains(letters[0].Contacts, "13") {
		t.Errorf("dead letters %+v, %v; want one, of 13", letters, err)
	}
}

// apart is a CRM whose calls take changes of one half of the people each, and refuses a call that mixes them.
type apart struct {
	*fake
	mixed, calls int
}

func half(contact string) bool { return contact[len(contact)-1]%2 == 0 }

func (f *apart) Split(chs []crm.Change) [][]crm.Change {
	var even, odd []crm.Change
	for _, ch := range chs {
		if half(ch.Contact) {
			even = append(even, ch)
		} else {
			odd = append(odd, ch)
		}
	}
	return [][]crm.Change{even, odd}
}

func (f *apart) refuse(chs []crm.Change) []error {
	f.calls++
	errs := make([]error, len(chs))
	for i, ch := range chs {
		if half(ch.Contact) != half(chs[0].Contact) {
			f.mixed++
		}
		if half(ch.Contact) {
			errs[i] = &connectors.Error{
				Vendor: "fake", Op: "write", Kind: connectors.Rejected, Whole: len(chs) > 1, Err: errors.New("refused"),
			}
		}
	}
	return errs
}

// TestCallsAreApart: changes are divided as the vendor's calls are, and a call that is refused is judged by itself.
func TestCallsAreApart(t *testing.T) {
	f := &apart{fake: &fake{}}
	f.write = f.refuse
	r := newRig(t, t.TempDir(), func(o *Options) { o.Sources[0].CRM.Write = f }, f.fake)
	for i := range 10 {
		r.send("fake", mail(fmt.Sprint(20+i), "1", start))
	}
	r.idle()
	for i := range 10 {
		id := fmt.Sprint(20 + i)
		if written := f.of(id) != nil; written == half(id) {
			t.Errorf("person %s: written %t", id, written)
		}
	}
	f.fake.mu.Lock()
	defer f.fake.mu.Unlock()
	if f.mixed > 0 {
		t.Errorf("%d changes were in a call with others that it does not take", f.mixed)
	}
}

// TestTextLeavesTheFiles: a delivery that holds words of a message is gone from the files once it was read and the
// queues were trimmed, whatever is kept for inspection; a dead letter that holds some says so and expires.
func TestTextLeavesTheFiles(t *testing.T) {
	dir := t.TempDir()
	f := &talker{fake: &fake{}}
	r := newRig(t, dir, func(o *Options) { o.Sources[0].CRM.Receive, o.Sources[0].CRM.Reply = f, f }, f.fake)
	const words = "the roof leaks since Monday"
	if rec := r.request(http.MethodPost, "/note", `["`+words+`"]`, "X-Secret", "right"); rec.Code != http.StatusOK {
		t.Fatalf("answered %d", rec.Code)
	}
	r.idle()
	if !holds(t, dir, words) {
		t.Fatal("the delivery is not in the files at all: the test would see nothing")
	}
	if err := r.p.Trim(t.Context(), timing.KeepDeliveries); err != nil {
		t.Fatal(err)
	}
	if holds(t, dir, words) {
		t.Error("the words of the message are still in the files")
	}
	if rec := r.request(http.MethodPost, "/broken", `["`+words+`"]`, "X-Secret", "right"); rec.Code != http.StatusOK {
		t.Fatalf("answered %d", rec.Code)
	}
	r.idle()
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, "", "")
	if err != nil || len(letters) != 1 || !letters[0].Text || letters[0].Keep ||
		!strings.Contains(letters[0].Fix, "holds words of a message") {
		t.Errorf("letters %+v, %v, want one that says that it holds text and expires", letters, err)
	}
}

// holds reports whether a file below dir holds words.
func holds(t *testing.T, dir, words string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that has gone meanwhile
		}
		data, err := os.ReadFile(path)
		found = found || err == nil && bytes.Contains(data, []byte(words))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
