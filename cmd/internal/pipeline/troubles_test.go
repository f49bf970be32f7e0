package pipeline

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestTroublesAreSaidOnce: an outage is a line when it begins and one when it is over, however often the CRM was asked, and what needs a
// person is an error that backfill's progress names.
func TestTroublesAreSaidOnce(t *testing.T) {
	for _, c := range []struct {
		kind  connectors.Kind
		level zapcore.Level
		says  string // by backfill
	}{
		{connectors.RateLimited, zap.WarnLevel, ""},
		{connectors.Unauthenticated, zap.ErrorLevel, "the token lacks the scope"},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			var refused, granted atomic.Int32
			f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
				if granted.Load() == 0 {
					refused.Add(1)
					return nil, &connectors.Error{Vendor: "fake", Op: "fetch", Kind: c.kind, After: time.Millisecond, Err: errors.New("the token lacks the scope")}
				}
				return profiles(refs), nil
			}}
			core, logs := observer.New(zap.InfoLevel)
			r := newRig(t, t.TempDir(), func(o *Options) { o.Log = zap.New(core) }, f)
			wait := func(what string, done func() bool) {
				t.Helper()
				for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("not within 20 s: %s", what)
					}
				}
			}
			putOff := func() string {
				s, err := r.p.Backfill(t.Context(), "fake")
				if err != nil {
					t.Fatal(err)
				}
				return s.PutOff
			}
			for i := range int32(3) { // a new contact each, because the ones before are put off
				r.send("fake", mail(string('7'+i), "1", start))
				wait("the CRM is asked", func() bool { return refused.Load() > i })
			}
			wait("backfill tells", func() bool { return strings.Contains(putOff(), c.says) })
			granted.Store(1)
			r.send("fake", mail("1", "1", start))
			wait("it is over", func() bool { return logs.FilterMessage("the CRM is there again").Len() > 0 && putOff() == "" })
			if n := logs.FilterMessage("fetch put off"); n.Len() != 1 || n.All()[0].Level != c.level {
				t.Errorf("%d refusals are said as %+v, want once at level %s", refused.Load(), n.All(), c.level)
			}
			if n := logs.FilterMessage("the CRM is there again").Len(); n != 1 {
				t.Errorf("that it is over is said %d times", n)
			}
		})
	}
}

// TestTroublesOfStages: each stage's trouble stands by itself. That one is over takes no other one back, and what is said names the stage.
func TestTroublesOfStages(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	r := newRig(t, t.TempDir(), func(o *Options) { o.Log, o.Roles = zap.New(core), []Role{RoleReceive} }, &fake{})
	s := r.p.sources["fake"]
	refused := func(what string) {
		err := &connectors.Error{Vendor: "fake", Op: "call", Kind: connectors.Unauthenticated, Err: errors.New("no scope for " + what)}
		r.p.ails(t.Context(), s, what, "put off", err)
	}
	tells := func(want string) {
		t.Helper()
		if b, err := r.p.Backfill(t.Context(), "fake"); err != nil || b.PutOff != want {
			t.Errorf("backfill tells %q, %v, want %q", b.PutOff, err, want)
		}
	}
	refused(stageWrite)
	refused(stageFetch + " emails")
	tells("fetch emails: fake: call: no scope for fetch emails; write: fake: call: no scope for write")
	r.p.well(t.Context(), s, stageFetch+" emails")
	tells("write: fake: call: no scope for write")
	r.p.well(t.Context(), s, stageWrite)
	tells("")
	for _, what := range []string{stageWrite, stageFetch + " emails"} {
		if n := logs.FilterField(zap.String("for", what)).Len(); n != 2 {
			t.Errorf("%d lines are for %s, want when it began and when it was over", n, what)
		}
	}
}

// TestTroublesEndWithTheirProcess: whoever mends a token starts Winnow again, and what was wrong with the old one is told no more.
func TestTroublesEndWithTheirProcess(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{RoleReceive} }, &fake{})
	if err := putState(t.Context(), r.q, "putoff.fake", "the token lacks the scope", anyRevision); err != nil {
		t.Fatal(err)
	}
	next := newRig(t, t.TempDir(), func(o *Options) { o.Queue = r.q }, &fake{})
	next.send("fake", mail("7", "1", start))
	next.idle() // under the source's lease
	if s, err := next.p.Backfill(t.Context(), "fake"); err != nil || s.PutOff != "" {
		t.Errorf("backfill says %q, %v", s.PutOff, err)
	}
}

// TestStrangersFillNoLog: what anybody can cause without a signature is said once a minute, and a delivery that is lost is said too.
func TestStrangersFillNoLog(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	r := newRig(t, t.TempDir(), func(o *Options) { o.Log, o.MaxBody = zap.New(core), 1000 }, &fake{})
	for range 200 {
		if status := r.post("fake", "wrong", []byte("[]")); status != http.StatusUnauthorized {
			t.Fatalf("answered %d, want 401", status)
		}
	}
	for message, level := range map[string]zapcore.Level{"delivery not verified": zap.ErrorLevel, "delivery lost": zap.ErrorLevel} {
		if message == "delivery lost" {
			body := &untouched{}
			req := httptest.NewRequest(http.MethodPost, "/hooks/fake", body)
			req.SetPathValue("source", "fake")
			req.ContentLength = 99999999999
			rec := httptest.NewRecorder()
			r.p.Receiver().ServeHTTP(rec, req)
			if rec.Code != http.StatusRequestEntityTooLarge || body.read {
				t.Errorf("a body that says it is too large: answered %d, read %v, want 413 at once", rec.Code, body.read)
			}
		}
		n := 0
		for _, e := range logs.All() {
			if strings.HasPrefix(e.Message, message) {
				n++
				if e.Level != level {
					t.Errorf("%q is of level %s, want %s", e.Message, e.Level, level)
				}
			}
		}
		if n != 1 {
			t.Errorf("%q is said %d times, want once", message, n)
		}
	}
}

// TestBodiesAreBounded: what unverified senders make the process hold is bounded over all of them, and what one held is free when it is
// answered.
func TestBodiesAreBounded(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.MaxBody = 1000 }, &fake{})
	r.p.receiver.most = 1500
	slow, send := io.Pipe()
	answered := make(chan int)
	go func() {
		req := httptest.NewRequest(http.MethodPost, "/hooks/fake", slow)
		req.SetPathValue("source", "fake")
		rec := httptest.NewRecorder()
		r.p.Receiver().ServeHTTP(rec, req)
		answered <- rec.Code
	}()
	if _, err := send.Write(make([]byte, 900)); err != nil {
		t.Fatal(err)
	}
	for r.p.receiver.bodies.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if status := r.post("fake", "wrong", make([]byte, 900)); status != http.StatusServiceUnavailable {
		t.Errorf("beside a body of 900 bytes one more is answered with %d, want 503", status)
	}
	if err := send.Close(); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != http.StatusUnauthorized {
		t.Errorf("the first one is answered with %d, want 401: its bytes were within the bound", status)
	}
	if status := r.post("fake", "wrong", make([]byte, 900)); status != http.StatusUnauthorized || r.p.receiver.bodies.Load() != 0 {
		t.Errorf("afterwards one is answered with %d, want 401, and %d bytes are in hand", status, r.p.receiver.bodies.Load())
	}
}

// untouched is a body that notes whether somebody reads it.
type untouched struct{ read bool }

func (u *untouched) Read([]byte) (int, error) { u.read = true; return 0, io.EOF }
