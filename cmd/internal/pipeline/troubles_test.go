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

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestTroublesAreSaidOnce: an outage is a line when it begins and one when it is over, however often the CRM was
// asked, and what needs a person is an error that backfill's progress names.
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
					return nil, &connectors.Error{
						Vendor: "fake", Op: "fetch", Kind: c.kind, After: time.Millisecond,
						Err: errors.New("the token lacks the scope"),
					}
				}
				return profiles(refs), nil
			}}
			core, logs := observer.New(zap.InfoLevel)
			r := newRig(t, t.TempDir(), func(o *Options) { o.Log = zap.New(core) }, f)
			wait := func(what string, done func() bool) {
				t.Helper()
				waittest.Until(t, what, done)
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
			wait("it is over", func() bool {
				return logs.FilterMessage("the CRM is there again").Len() > 0 && putOff() == ""
			})
			if n := logs.FilterMessage("fetch put off"); n.Len() != 1 || n.All()[0].Level != c.level {
				t.Errorf("%d refusals are said as %+v, want once at level %s", refused.Load(), n.All(), c.level)
			}
			if n := logs.FilterMessage("the CRM is there again").Len(); n != 1 {
				t.Errorf("that it is over is said %d times", n)
			}
		})
	}
}

// TestTroublesEndWithTheirProcess: whoever mends a token starts Winnow again, and what was wrong with the old one is
// told no more.
func TestTroublesEndWithTheirProcess(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{RoleReceive} }, &fake{})
	if err := stored.PutOffState("fake").Put(t.Context(), r.q, "the token lacks the scope",
		stored.AnyRevision); err != nil {
		t.Fatal(err)
	}
	next := newRig(t, t.TempDir(), func(o *Options) { o.Queue = r.q }, &fake{})
	next.send("fake", mail("7", "1", start))
	next.idle() // under the source's lease
	if s, err := next.p.Backfill(t.Context(), "fake"); err != nil || s.PutOff != "" {
		t.Errorf("backfill says %q, %v", s.PutOff, err)
	}
}

// TestStrangersFillNoLog: what anybody can cause without a signature is said once a minute, and a delivery that is
// lost is said too.
func TestStrangersFillNoLog(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	r := newRig(t, t.TempDir(), func(o *Options) { o.Log, o.MaxBody = zap.New(core), 1000 }, &fake{})
	for range 200 {
		if status := r.post("fake", "wrong", []byte("[]")); status != http.StatusUnauthorized {
			t.Fatalf("answered %d, want 401", status)
		}
	}
	for _, message := range []string{"delivery not verified", "delivery lost"} {
		if message == "delivery lost" {
			body := &untouched{}
			req := httptest.NewRequest(http.MethodPost, "/hooks/fake", body)
			req.SetPathValue("source", "fake")
			req.ContentLength = 99999999999
			rec := httptest.NewRecorder()
			r.p.Receiver().ServeHTTP(rec, req)
			if rec.Code != http.StatusRequestEntityTooLarge || body.read {
				t.Errorf("a body that says it is too large: answered %d, read %v, want 413 at once", rec.Code,
					body.read)
			}
		}
		n := 0
		for _, e := range logs.All() {
			if strings.HasPrefix(e.Message, message) {
				n++
				if e.Level != zap.WarnLevel {
					t.Errorf("%q is of level %s: what anybody can cause is no error", e.Message, e.Level)
				}
			}
		}
		if n != 1 {
			t.Errorf("%q is said %d times, want once", message, n)
		}
	}
}

// untouched is a body that notes whether somebody reads it.
type untouched struct{ read bool }

func (u *untouched) Read([]byte) (int, error) { u.read = true; return 0, io.EOF }
