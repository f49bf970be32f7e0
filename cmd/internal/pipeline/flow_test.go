package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// fake is a CRM whose webhooks are JSON lists of notices, whose records are made by fetch and whose writes are kept.
type fake struct {
	fetch func([]crm.Ref) ([]crm.Notice, error)
	write func([]crm.Change) []error
	who   func(crm.Ref) ([]string, error) // whom a record concerns; nil: nobody knows

	mu      sync.Mutex
	written map[string]map[crm.Field]string
	calls   int
	fetched int
}

func (f *fake) Verify(d connectors.Delivery, _ time.Time) error {
	if d.Header.Get("X-Secret") != "right" {
		return &connectors.Error{
			Vendor: "fake", Op: "verify", Kind: connectors.Unauthenticated, Err: errors.New("wrong secret"),
		}
	}
	return nil
}

func (f *fake) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	var ns []crm.Notice
	if err := json.Unmarshal(d.Body, &ns); err != nil {
		return nil, &connectors.Error{
			Vendor: "fake", Op: "decode", Kind: connectors.Malformed, Err: errors.New("no list of notices"),
		}
	}
	return ns, nil
}

func (f *fake) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	return d.Kept(nil, nil), false
}

func (f *fake) FetchLimits(string) connectors.Limits { return connectors.Limits{Batch: 10, Calls: 1} }

func (f *fake) WriteLimits() connectors.Limits        { return connectors.Limits{Batch: 10, Calls: 4} }
func (f *fake) Split(chs []crm.Change) [][]crm.Change { return connectors.InBatches(chs, 10) }

func (f *fake) vendor() connectors.Vendor {
	return connectors.Vendor{
		People: []connectors.PersonKind{{Record: "contacts"}}, Receive: f, Fetch: f, Relate: f, Write: f,
	}
}

func (f *fake) Concerned(_ context.Context, ref crm.Ref) ([]string, error) {
	if f.who == nil {
		return nil, errors.New("not known")
	}
	return f.who(ref)
}

func (f *fake) Fetch(_ context.Context, refs []crm.Ref) []connectors.Result {
	f.mu.Lock()
	f.fetched += len(refs)
	f.mu.Unlock()
	if f.fetch != nil {
		ns, err := f.fetch(refs)
		return connectors.Together(len(refs), ns, err)
	}
	return connectors.Together(len(refs), profiles(refs), nil)
}

// profiles gives each contact the day on which the CRM got to know it.
func profiles(refs []crm.Ref) (ns []crm.Notice) {
	for _, r := range refs {
		ns = append(ns, crm.Notice{Fact: &crm.Fact{
			Contact: r.ID, ID: "property/created", Version: 1, Kind: crm.KindProperty, At: crm.At(start),
			Property: &crm.Property{Name: crm.PropCreated, Value: start.Format(time.RFC3339)},
		}}, crm.Notice{Fact: crm.Profiled(r.ID)})
	}
	return ns
}

func (f *fake) Write(_ context.Context, chs []crm.Change) []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	errs := make([]error, len(chs))
	if f.write != nil {
		errs = f.write(chs)
	}
	for i, c := range chs {
		if errs[i] == nil {
			f.written[c.Contact] = c.Values
		}
	}
	return errs
}

func (f *fake) of(contact string) map[crm.Field]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written[contact]
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// bench is a pipeline over an embedded queue, beside fakes, on a clock that stands.
type rig struct {
	t   *testing.T
	p   *Pipeline
	q   *queue.Queue
	now atomic.Int64
	end func() // tells the pipeline to end; the test's end waits for it
}

func newRig(t *testing.T, dir string, change func(*Options), fakes ...*fake) *rig {
	t.Helper()
	r := &rig{t: t}
	r.now.Store(start.UnixNano())
	names := []string{"fake", "other"}[:len(fakes)]
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: dir, Partitions: 4, Sources: names, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.q = q
	o := Options{
		Queue: q, Rules: rules.Defaults(), Grace: 2 * time.Second, Tick: 2 * time.Millisecond, Now: r.clock,
		Log:     zaptest.NewLogger(t),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	}
	for i, f := range fakes {
		f.written = map[string]map[crm.Field]string{}
		o.Sources = append(o.Sources, watermark.Source{
			Source: crm.Source{Name: names[i], Vendor: "fake"}, CRM: f.vendor(),
		})
	}
	if change != nil {
		change(&o)
	}
	r.p = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	r.end = cancel
	done := make(chan error, 1)
	go func() { done <- r.p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := q.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func (r *rig) clock() time.Time { return time.Unix(0, r.now.Load()).UTC() }

func (r *rig) pass(d time.Duration) { r.now.Add(int64(d)) }

func (r *rig) idle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Hang)
	defer cancel()
	if err := r.p.Idle(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// state is how a source stands.
func (r *rig) state(source string) operate.SourceState {
	r.t.Helper()
	states, err := r.p.State(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range states {
		if s.Name == source {
			return s
		}
	}
	return operate.SourceState{}
}

// post sends notices of a source as one delivery and returns the answer's status.
func (r *rig) post(source, secret string, body []byte) int {
	req := httptest.NewRequest(http.MethodPost, "/hooks/"+source, bytes.NewReader(body))
	req.SetPathValue("source", source)
	req.Header.Set("X-Secret", secret)
	rec := httptest.NewRecorder()
	r.p.Receiver().ServeHTTP(rec, req)
	return rec.Code
}

// deliver sends notices of a source as one genuine delivery and returns the answer's status.
func (r *rig) deliver(source string, ns ...crm.Notice) int {
	r.t.Helper()
	b, err := json.Marshal(ns)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.post(source, "right", b)
}

func (r *rig) send(source string, ns ...crm.Notice) {
	r.t.Helper()
	if status := r.deliver(source, ns...); status != http.StatusNoContent {
		r.t.Fatalf("delivery answered with %d", status)
	}
}

// mail is a message of theirs.
func mail(contact, id string, at time.Time) crm.Notice {
	return crm.Notice{Fact: &crm.Fact{
		Contact: contact, ID: "emails/" + id, Version: at.UnixMilli(), Kind: crm.KindMessage, At: crm.At(at),
		Message: &crm.Message{
			Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 20, Asks: 1, Intents: crm.Asks},
		},
	}}
}

func TestFlow(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "1", start))
	r.idle()
	got := f.of("7")
	if got[crm.FieldRating] == "" || got[crm.FieldStatus] != "open" || got[crm.FieldRatedAt] == "" {
		t.Fatalf("written: %v, want a rating, status open and rated_at", got)
	}
	if f.fetched != 1 {
		t.Errorf("%d fetches, want one of the profile", f.fetched)
	}
	calls := f.calls
	r.send("fake", mail("7", "1", start)) // the same again
	r.idle()
	if f.calls != calls {
		t.Errorf("a repeated delivery caused %d writes", f.calls-calls)
	}
}

func TestExplainByAddress(t *testing.T) {
	r := newRig(t, t.TempDir(), nil, &fake{})
	_, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: "a@buyer.example"})
	if !errors.Is(err, operate.ErrUnknownContact) || !strings.Contains(err.Error(), "id of its record") ||
		strings.Contains(err.Error(), "@") {
		t.Errorf("%v, want that the id is asked for", err)
	}
}

func TestAnswers(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.MaxBody = 1000 }, &fake{})
	for _, c := range []struct {
		name, source, secret, body string
		want                       int
		dead                       int
	}{
		{"genuine", "fake", "right", "[]", 204, 0},
		{"wrong secret", "fake", "wrong", "[]", 401, 0},
		{"unknown source", "nobody", "right", "[]", 404, 0},
		{"too large", "fake", "right", string(bytes.Repeat([]byte("x"), 1001)), 413, 0},
		{"not JSON: kept with its reason", "fake", "right", "{", 204, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := r.q.DeadLetters.List(t.Context(), 0, 100, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if got := r.post(c.source, c.secret, []byte(c.body)); got != c.want {
				t.Errorf("answered %d, want %d", got, c.want)
			}
			r.idle()
			after, err := r.q.DeadLetters.List(t.Context(), 0, 100, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if len(after)-len(before) != c.dead {
				t.Fatalf("%d new dead letters, want %d", len(after)-len(before), c.dead)
			}
			if c.dead > 0 {
				d := after[len(after)-1]
				if string(d.Payload) != c.body || d.Reason == "" || d.Fix == "" || d.Stage != watermark.StageRead ||
					d.Kind != "malformed" {
					t.Errorf("dead letter %+v lacks its payload, reason or fix", d)
				}
			}
		})
	}
}

// TestWriteOutcomes sends each kind of refusal through the writer.
func TestWriteOutcomes(t *testing.T) {
	refuse := map[string]connectors.Kind{"2": connectors.Rejected, "3": connectors.NotFound}
	var tries atomic.Int32
	f := &fake{write: func(chs []crm.Change) []error {
		errs := make([]error, len(chs))
		for _, c := range chs {
			if k, ok := refuse[c.Contact]; ok { // names no record: one bad one fails the call
				for i := range errs {
					errs[i] = &connectors.Error{
						Vendor: "fake", Op: "write", Kind: k, Whole: true, Err: errors.New("refused"),
					}
				}
				return errs
			}
		}
		for i, c := range chs {
			if c.Contact == "4" && tries.Add(1) < 3 {
				errs[i] = &connectors.Error{
					Vendor: "fake", Op: "write", Kind: connectors.Conflict, Err: errors.New("changed"),
				}
			}
		}
		return errs
	}}
	r := newRig(t, t.TempDir(), nil, f)
	for i := range 6 {
		r.send("fake", mail(fmt.Sprint(i), "1", start))
	}
	r.idle()
	for i := range 6 {
		id := fmt.Sprint(i)
		if _, refused := refuse[id]; (f.of(id) == nil) != refused {
			t.Errorf("contact %s: written %v, refused %t", id, f.of(id), refused)
		}
	}
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 100, watermark.StageWrite, "fake")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range letters {
		if len(d.Contacts) != 1 || refuse[d.Contacts[0]].String() != d.Kind {
			t.Errorf("dead letter of %v is %q", d.Contacts, d.Kind)
		}
	}
	if len(letters) != len(refuse) {
		t.Errorf("%d dead letters, want %d", len(letters), len(refuse))
	}
	refuse = nil
	for _, d := range letters {
		if err := r.p.Resend(t.Context(), d.Seq); err != nil {
			t.Fatal(err)
		}
	}
	r.idle()
	if f.of("2") == nil {
		t.Error("a rating that was sent again is not written")
	}
}

// TestLanesAreApart has one source's CRM refuse everything while the other goes on.
func TestLanesAreApart(t *testing.T) {
	down := func() error {
		return &connectors.Error{Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("down")}
	}
	sick := &fake{
		fetch: func([]crm.Ref) ([]crm.Notice, error) { return nil, down() },
		write: func(chs []crm.Change) []error {
			errs := make([]error, len(chs))
			for i := range errs {
				errs[i] = down()
			}
			return errs
		},
	}
	well := &fake{}
	r := newRig(t, t.TempDir(), nil, sick, well)
	for i := range 200 {
		r.send("fake", mail(fmt.Sprint(i), "1", start))
		r.send("other", mail(fmt.Sprint(i), "1", start))
	}
	waittest.Until(t, "the contacts of the healthy source are written", func() bool {
		well.mu.Lock()
		defer well.mu.Unlock()
		return len(well.written) == 200
	})
	if len(sick.written) != 0 {
		t.Error("the sick source's contacts were written")
	}
}

// TestFarFuture: an event dated in the far future outlasts nothing, whether it comes before or after what is true.
func TestFarFuture(t *testing.T) {
	property := func(value string, at time.Time) crm.Notice {
		return crm.Notice{Fact: &crm.Fact{
			Contact: "7", ID: "property/" + crm.PropOptOut, Version: at.UnixMilli(), Kind: crm.KindProperty,
			At:       crm.At(at),
			Property: &crm.Property{Name: crm.PropOptOut, Value: value},
		}}
	}
	future := start.AddDate(70, 0, 0)
	wrong, right := property("true", future), property("false", start.Add(time.Second))
	for name, order := range map[string][]crm.Notice{"first": {wrong, right}, "last": {right, wrong}} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
				return append(profiles(refs), property("false", start.Add(-time.Hour))), nil
			}
			r := newRig(t, t.TempDir(), nil, f)
			r.pass(time.Minute)
			r.send("fake", mail("7", "1", start))
			r.idle()
			for _, n := range order {
				fetched := f.fetched
				r.send("fake", n)
				r.idle()
				if n.Fact.Property.Value == "true" && f.fetched == fetched {
					t.Error("the CRM was not asked what the property is")
				}
			}
			if f.of("7")[crm.FieldRating] == "" {
				t.Errorf("written: %v, want a rating: they have not opted out", f.of("7"))
			}
			gone := crm.Notice{
				Fact: &crm.Fact{
					Contact: "7", ID: "existence", Version: future.UnixMilli(), At: crm.At(future),
					Kind: crm.KindExistence, Existence: &crm.Existence{Deleted: true},
				},
			}
			r.send("fake", gone)
			r.send("fake", crm.Notice{Fact: &crm.Fact{
				Contact: "8", ID: "forget", Version: future.UnixMilli(), At: crm.At(future), Kind: crm.KindForget,
			}})
			r.idle()
			if letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, watermark.StageRead, ""); err != nil ||
				len(letters) != 1 || letters[0].Kind != "malformed" {
				t.Errorf("dead letters %+v, %v, want the deletion", letters, err)
			}
			if e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"}); err != nil ||
				e.Rating.Unrated != "" {
				t.Errorf("unrated: %q, %v", e.Rating.Unrated, err)
			}
			if gone, err := r.p.Forgotten(t.Context(), crm.ContactRef{Source: "fake", Contact: "8"}); err != nil ||
				!gone {
				t.Errorf("to be forgotten has no date: %v, %v", gone, err)
			}
		})
	}
}

// TestClearsWhatALostStoreWrote: what stands in the CRM of a contact who must not be rated, and of which this store
// knows nothing, is cleared once. Nobody else is written to.
func TestClearsWhatALostStoreWrote(t *testing.T) {
	property := func(contact, name string) crm.Notice {
		return crm.Notice{Fact: &crm.Fact{
			Contact: contact, ID: "property/" + name, Version: start.UnixMilli(), Kind: crm.KindProperty,
			At:       crm.At(start),
			Property: &crm.Property{Name: name, Value: "true"},
		}}
	}
	f := &fake{}
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		return append(profiles(refs), property("7", crm.PropShown)), nil
	}
	r := newRig(t, t.TempDir(), nil, f)
	for range 3 {
		r.send("fake", property("7", crm.PropDoNotProfile), property("8", crm.PropDoNotProfile))
		r.idle()
		r.pass(2 * time.Hour)
	}
	got := f.of("7")
	if v, ok := got[crm.FieldRating]; !ok || strings.Join(slices.Collect(maps.Values(got)), "") != "" || f.calls != 1 {
		t.Errorf("written in %d calls: %v, want every field cleared, %s among them (%q), once", f.calls, got,
			crm.FieldRating, v)
	}
	if f.of("8") != nil {
		t.Errorf("written to somebody of whom nothing stands in the CRM: %v", f.of("8"))
	}
}

// TestPassedOver: events of what nobody asked for are counted, and lead to nothing else.
func TestPassedOver(t *testing.T) {
	registry := prometheus.NewRegistry()
	r := newRig(t, t.TempDir(), func(o *Options) { o.Metrics = NewMetrics(registry) }, &fake{})
	r.send("fake", crm.Notice{Passed: "tickets"}, crm.Notice{Passed: "tickets"})
	r.idle()
	if n := counted(t, registry, "winnow_events_passed_over_total"); n != 2 {
		t.Errorf("%v events are counted, want 2", n)
	}
}

// counted is the value of a counter with one series, 0 without any.
func counted(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}
