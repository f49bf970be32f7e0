package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/espocrm"
	"github.com/winnow-crm/winnow/cmd/internal/lab/salesforce"
	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	story "github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// site is a sandbox of any vendor and a Winnow beside it, on a clock that stands until a test moves it. Between them
// stands a front, at which the API can be ill.
type site struct {
	t      *testing.T
	vendor string
	face   story.Face
	front  *front
	app    *App
	clock  stillClock
	dir    string
	env    []string
	log    *syncBuffer
	quit   func() error
}

// twoKinds are the vendors that have contacts and leads: a coded one, and one by a mapping.
var twoKinds = []string{"espocrm", "salesforce"}

// newSite starts both. env is added to the settings.
func newSite(t *testing.T, vendor string, env ...string) *site {
	t.Helper()
	w := &site{t: t, vendor: vendor, dir: t.TempDir(), log: &syncBuffer{}}
	w.clock.Set(monday)
	w.face = w.sandbox()
	w.front = newFront(t, w.face.URL())
	w.front.now = w.clock.now
	settings := w.face.Settings(vendor)
	for i, kv := range settings {
		settings[i] = strings.Replace(kv, w.face.URL(), "http://"+w.front.address, 1)
	}
	w.env = slices.Concat(settings, []string{
		"WINNOW_SOURCES=" + stage.Sources(vendor), "WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0",
		"WINNOW_DATA_DIR=" + w.dir, "WINNOW_PARTITIONS=2", "WINNOW_POLL_INTERVAL=240h", "WINNOW_QUEUE_MIN_FREE=1MiB",
		"WINNOW_QUEUE_MAX_STORE=1GiB", "WINNOW_REASON_ROWS=true",
		"WINNOW_" + strings.ToUpper(vendor) + "_RATE_LIMIT=1000000", // the budget goes by the clock, which stands
	}, env)
	w.start()
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", tail(w.log.String(), 6000))
		}
	})
	return w
}

// sandbox starts the vendor's, whose webhooks tell of our own writes too, as where nobody has switched that off.
func (w *site) sandbox() story.Face {
	w.t.Helper()
	var face story.Face
	var err error
	switch w.vendor {
	case "espocrm":
		var e *espocrm.Espo
		e, err = espocrm.Start(espocrm.Options{
			Now: w.clock.now, Fields: true, Echo: true, RetryWait: 10 * time.Millisecond,
		})
		face = espocrm.Face{Espo: e}
	case "salesforce":
		var o *salesforce.Org
		o, err = salesforce.Start(salesforce.Options{
			Now: w.clock.now, Fields: true, Echo: true, RetryWait: 10 * time.Millisecond, DailyLimit: -1,
		})
		face = salesforce.Face{Org: o}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = face.Close() })
	return face
}

// start starts Winnow over the store that is there.
func (w *site) start() {
	w.t.Helper()
	cfg, err := config.Load(w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	log := zap.New(zapcore.NewCore(
		zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(w.log), zapcore.InfoLevel,
	))
	ctx, cancel := context.WithCancel(context.Background())
	a, err := New(ctx, cfg, log, Options{Now: w.clock.now, Tick: 5 * time.Millisecond})
	if err != nil {
		cancel()
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	w.app = a
	w.face.SetWebhookURL(w.hooks())
	w.quit = func() error {
		cancel()
		return errors.Join(<-done, a.Close())
	}
}

// hooks is where the vendor's webhooks go.
func (w *site) hooks() string {
	hooks, _ := w.app.Addresses()
	return "http://" + hooks + "/hooks/" + w.vendor
}

func (w *site) stop() error {
	if w.quit == nil {
		return nil
	}
	quit := w.quit
	w.quit = nil
	return quit()
}

// settle sends the webhooks that wait and returns when Winnow has nothing left to do at this instant. Stages that
// cannot end because the CRM is away are named in but.
func (w *site) settle(but ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Hang)
	defer cancel()
	if err := w.face.Flush(ctx); err != nil {
		w.t.Fatalf("flush: %v", err)
	}
	if err := w.app.Pipeline.Idle(ctx, but...); err != nil {
		w.t.Fatalf("idle: %v", err)
	}
}

// pass moves the clock on by d in steps of a day at most, settling after each.
func (w *site) pass(d time.Duration, but ...string) {
	w.t.Helper()
	for d > 0 {
		step := min(d, day)
		w.clock.Set(w.clock.now().Add(step))
		d -= step
		w.settle(but...)
	}
}

// until lets the clock run as real time does until done reports true.
func (w *site) until(what string, done func() bool) {
	w.t.Helper()
	last := time.Now()
	waittest.Until(w.t, what, func() bool {
		now := time.Now()
		w.clock.Set(w.clock.now().Add(now.Sub(last)))
		last = now
		return done()
	})
}

// lead and contact make a prospect of each kind that the vendors have.
func (w *site) lead(name string) string {
	return "lead/" + w.face.CreatePerson(story.Profile{
		First: "P", Last: name, Email: name + "@hard.example", Company: name, Role: "Weaver",
	})
}

func (w *site) contact(name string) string {
	switch f := w.face.(type) {
	case espocrm.Face:
		return "contact/" + f.Insert("Contact", map[string]any{
			"firstName": "P", "lastName": name, "emailAddress": name + "@hard.example", "title": "Weaver",
		})
	case salesforce.Face:
		return "contact/" + f.Insert("Contact", map[string]any{
			"FirstName": "P", "LastName": name, "Email": name + "@hard.example", "Title": "Weaver",
		})
	}
	return ""
}

// idOf is what the vendor calls a person, whatever the kind.
func idOf(person string) string { return crm.ParsePerson(person).ID }

// theyWrite logs a mail of somebody's, and weWrite one of ours.
func (w *site) theyWrite(person, text string) string {
	return w.face.Email([]string{idOf(person)}, story.Email{Incoming: true, Subject: "Re: Looms", Text: text})
}

func (w *site) weWrite(person string) string {
	return w.face.Email([]string{idOf(person)}, story.Email{
		Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
	})
}

// field is what stands in one of Winnow's fields in the sandbox.
func (w *site) field(person, name string) string {
	w.t.Helper()
	p, ok := w.face.Person(idOf(person))
	if !ok {
		w.t.Fatalf("no %s in the sandbox", person)
	}
	return p.Fields[name]
}

func (w *site) want(person, name, value string) {
	w.t.Helper()
	if got := w.field(person, name); got != value {
		w.t.Errorf("%s: %s is %q, want %q; reasons:\n%s", person, name, got, value, w.field(person, "reasons"))
	}
}

// explain is the rating as it would be now; ok is false where nothing is known of a person.
func (w *site) explain(person string) (e operate.Explanation, ok bool) {
	w.t.Helper()
	e, err := w.app.Pipeline.Explain(w.t.Context(), crm.ContactRef{Source: w.vendor, Contact: person})
	if errors.Is(err, operate.ErrUnknownContact) {
		return e, false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return e, true
}

// mails are the ids of the mails that are known of a person.
func (w *site) mails(person string) (ids []string) {
	w.t.Helper()
	key, q := queue.Key{Source: w.vendor, Contact: person}, w.app.Queue
	found, err := q.Contacts.Load(w.t.Context(), q.PartitionOf(key.Source, key.Contact), []queue.Key{key})
	if err != nil {
		w.t.Fatal(err)
	}
	if found[key].Data == nil {
		return nil
	}
	c, err := stored.Decode[stored.Contact](found[key].Data)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range slices.Concat(c.Record.Conduct, c.Record.Peers) {
		if f.Message != nil && !f.Gone {
			ids = append(ids, idOf(f.ID))
		}
	}
	return crm.Unique(ids)
}

// path is every status that was written of a person, in order, without repetitions.
func (w *site) path(person string) []string { return cast.Path(w.face, idOf(person)) }

// writes are how many writes there were to a person.
func (w *site) writes(person string) (n int) {
	for _, wr := range w.face.Writes() {
		if wr.Person == idOf(person) {
			n++
		}
	}
	return n
}

// api posts to the admin API.
func (w *site) api(path string, in url.Values) {
	w.t.Helper()
	_, addr := w.app.Addresses()
	resp, err := http.PostForm("http://"+addr+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d", path, resp.StatusCode)
	}
}

// delete deletes a person at the screen.
func (w *site) delete(person string) {
	switch f := w.face.(type) {
	case espocrm.Face:
		f.Delete(idOf(person))
	case salesforce.Face:
		f.Delete(idOf(person))
	}
}

// restore takes a person out of the bin.
func (w *site) restore(person string) {
	switch f := w.face.(type) {
	case espocrm.Face:
		f.Restore(idOf(person))
		f.Set(idOf(person), map[string]any{"title": "Weaver, again"}) // of the restoring itself nothing is told
	case salesforce.Face:
		f.Undelete(idOf(person))
	}
}

// call says of a person something that stands in a field of the profile.
func (w *site) call(person, role string) {
	switch f := w.face.(type) {
	case espocrm.Face:
		f.Set(idOf(person), map[string]any{"title": role})
	case salesforce.Face:
		f.Set(idOf(person), map[string]any{"Title": role})
	}
}

// refuseMails takes the right to read mails away.
func (w *site) refuseMails() {
	w.front.answers(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v1/Email"):
			rw.WriteHeader(http.StatusForbidden)
		case strings.Contains(r.URL.Query().Get("q"), " FROM EmailMessage"):
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(rw, `[{"errorCode":"INVALID_TYPE","message":"'EmailMessage' is not supported."}]`)
		default:
			w.front.refused.Add(-1)
			w.front.proxy.ServeHTTP(rw, r)
		}
	})
}

// profilesRead is how often the profile of a lead or contact was asked for.
func (w *site) profilesRead() int { return int(w.front.profiles.Load()) }
