package admin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// tryable are answers that know the rules and the time, and nobody.
func tryable() *Answers {
	return NewAnswers(Deps{Operate: &operate.Operate{Deps: operate.Deps{Rules: rules.Defaults(), Now: time.Now}}})
}

// TestTrialOnItsWay: a page says how far a draft has been tried, comes anew by itself as long as it is, and can stop
// it.
func TestTrialOnItsWay(t *testing.T) {
	a := tryable()
	q := api.RulesQuery{Draft: "GRACE=9"}
	if got, err := a.try(t.Context(), q); err != nil || got.State != api.TrialRunning {
		t.Fatalf("begun it is %+v, %v", got, err)
	}
	running := <-a.trials.begun // nothing runs that would try it
	running.of, running.began = 10, time.Now().Add(-time.Minute)
	for _, contact := range []string{"1", "2", "3"} {
		running.test.Add("eu", contact, known(t))
	}
	c := NewConsole(a)
	c.access = newAccess(nil)
	mux := http.NewServeMux()
	show(c, mux, "/rules", "rules", func(ctx context.Context, q api.RulesQuery) (page api.RulesPage, err error) {
		settings, draft, days, err := a.draftOf(q)
		page.Lines, page.Days = draft.Lines(), days
		if err == nil {
			page.Trial = a.trials.of(settings, days)
		}
		return page, err
	}, rulesOf, nil)
	page := func() string { return ask(mux, "GET", "/rules?"+api.Values(q).Encode()).Body.String() }
	for _, want := range []string{
		`<meta http-equiv="refresh" content="3">`, "3 of 10 contacts rated, about 2 minutes to go",
		`<progress max="100" value="30"`, `action="/rules/stop"`, "WINNOW_RULES_GRACE=9",
	} {
		if body := page(); !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if _, err := a.stopTrying(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	body := page()
	if strings.Contains(body, "http-equiv") || !strings.Contains(body, "stopped after 3 of 10 contacts") {
		t.Errorf("stopped it says:\n%s", body)
	}
	running.end(errUnwanted)
	if got := running.shown(); got.State != api.TrialStopped || got.Error != "" {
		t.Errorf("a trial that nobody wants ends as %+v", got)
	}
}

// known is a record of somebody who wrote once.
func known(t *testing.T) *rules.Record {
	t.Helper()
	var r rules.Record
	at := crm.At(time.Now().AddDate(0, 0, -40))
	r.Fold(crm.Fact{ID: "emails/1", Kind: crm.KindMessage, At: at, Version: int64(at), Message: &crm.Message{
		Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 30, Intents: crm.Asks},
	}})
	return &r
}

// TestLatestDraftIsTried: one draft at a time; a later one takes its turn, and those that nobody waits for are not
// tried at all.
func TestLatestDraftIsTried(t *testing.T) {
	a := tryable()
	state := func(draft string) string {
		t.Helper()
		settings, _, days, err := a.draftOf(api.RulesQuery{Draft: draft})
		if err != nil {
			t.Fatal(err)
		}
		return a.trials.of(settings, days).State
	}
	for _, draft := range []string{"GRACE=2", "GRACE=8", "GRACE=9", "GRACE=9"} {
		if _, err := a.try(t.Context(), api.RulesQuery{Draft: draft}); err != nil {
			t.Fatal(err)
		}
	}
	for draft, want := range map[string]string{
		"GRACE=3": api.TrialNone, "GRACE=2": api.TrialStopped, "GRACE=8": api.TrialStopped,
		"GRACE=9": api.TrialRunning,
	} {
		if got := state(draft); got != want {
			t.Errorf("%s is %s, want %s", draft, got, want)
		}
	}
	next := <-a.trials.begun
	next.end(nil)
	if got := state("GRACE=9"); got != api.TrialDone {
		t.Errorf("tried it is %s", got)
	}
	if len(a.trials.begun) > 0 {
		t.Error("another draft waits to be tried")
	}
	got, err := a.try(t.Context(), api.RulesQuery{Draft: "GRACE=8"})
	if err != nil || got.State != api.TrialRunning {
		t.Errorf("one that was stopped is not begun anew: %+v, %v", got, err)
	}
	for range 2 * trialsKept { // what is remembered is bounded
		if _, err := a.try(t.Context(), api.RulesQuery{Draft: "GRACE=9", Days: 1 + a.trials.known.Len()}); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.trials.known.Len(); n > trialsKept {
		t.Errorf("%d drafts are remembered", n)
	}
}

// TestWhoMayTry: trying changes nothing, so that a token that may look only may do it; the form has to be ours all the
// same.
func TestWhoMayTry(t *testing.T) {
	a := tryable()
	c := NewConsole(a)
	h := New(Options{
		Ready: NewProbe("ready", pass), Live: NewProbe("live", pass), Gatherer: prometheus.NewRegistry(),
		Tokens: []Token{{Name: "sales", Secret: "looks-only"}}, Answers: a.Handler(), Console: c,
	})
	post := func(path string, form url.Values) int {
		r := httptest.NewRequest("POST", "http://winnow.internal:8081"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("sales", "looks-only")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	stamp := c.access.stamp(context.WithValue(t.Context(), callerKey{}, caller{name: "sales"}))
	draft := url.Values{"draft": {"GRACE=9"}}
	if got := post("/rules/try", draft); got != http.StatusForbidden {
		t.Errorf("a form of another site: %d", got)
	}
	draft.Set("stamp", stamp)
	if got := post("/rules/try", draft); got != http.StatusSeeOther {
		t.Errorf("our form: %d", got)
	}
	if len(a.trials.begun) != 1 {
		t.Error("the draft is not tried")
	}
	if got := post("/decisions/release", url.Values{"stamp": {stamp}}); got != http.StatusForbidden {
		t.Errorf("a token that may look only releases: %d", got)
	}
}
