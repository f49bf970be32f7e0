package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/rules"
)

// hasty is a draft by which whoever is silent for two weeks is pending, and let go a day later.
const hasty = "WINNOW_RULES_QUOTA_EARLY=14d\nWINNOW_RULES_ATTEMPTS=2\nWINNOW_RULES_ATTEMPT_DAYS=2\n" +
	"WINNOW_RULES_GRACE=1"

// tried has a draft tried, as the form of the page does, and waits for what came of it.
func (w *world) tried(draft string) api.RulesPage {
	w.t.Helper()
	stamp := regexp.MustCompile(`name="stamp" value="([^"]+)"`).FindStringSubmatch(w.page("/rules"))
	if stamp == nil {
		w.t.Fatal("/rules has no form")
	}
	_, addr := w.app.Addresses()
	form := url.Values{"stamp": {stamp[1]}, "draft": {draft}, "days": {"90"}}
	resp, err := http.PostForm("http://"+addr+"/rules/try", form)
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/rules" {
		w.t.Fatalf("%d at %s", resp.StatusCode, resp.Request.URL)
	}
	var page api.RulesPage
	w.until("the draft is tried", func() bool {
		page = parsed[api.RulesPage](w.t, w.page("/rules.json?"+resp.Request.URL.RawQuery))
		return page.Error != "" || page.Trial.State == api.TrialDone
	})
	return page
}

// TestDraftIsTriedOnAll: of a draft the page says who changes, and who bought and would have been lost, and it says
// what winnow backtest makes of the same records.
func TestDraftIsTriedOnAll(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_RULES_SLA=2")
	var ids []string
	for i := range 3 {
		ids = append(ids, w.box.CreateContact(map[string]string{
			"email":     fmt.Sprintf("p%d@drafts.example", i),
			"firstname": []string{"Anna", "Bert", "Carl"}[i], "lastname": "Loom",
		}))
	}
	deal := w.box.Deal(ids[:1], hubspot.Deal{Name: "Looms", Amount: 900})
	w.letters3(ids[0], ids[1])
	w.pass(7 * day)
	w.box.SetStage(deal, "closedwon") // whom haste would have let go bought after four weeks
	w.pass(7 * day)
	w.listed()

	page := w.tried(hasty)
	report := page.Trial.Report
	if report == nil || report.Wins != 1 || report.Cut != 1 || report.Contacts != 3 || page.Trial.Of != 3 {
		t.Fatalf("it found %+v of %+v", report, page.Trial)
	}
	if len(page.Costs) != 1 || page.Costs[0].Contact.Contact != ids[0] ||
		page.Costs[0].Change.Cost != backtesting.CostCut {
		t.Errorf("it would have cost %+v", page.Costs)
	}
	if len(page.Changes) != 1 || page.Changes[0].Contact.Contact != ids[1] {
		t.Errorf("besides it changes %+v", page.Changes)
	}
	if diff := cmp.Diff(strings.Split(hasty, "\n"), page.Lines); diff != "" {
		t.Errorf("as environment lines (-want +got):\n%s", diff)
	}
	query := "/rules?" + url.Values{"draft": {hasty}, "days": {"90"}}.Encode()
	body := w.shows(query, "Anna Loom", "/record/0-1/"+ids[0], "Who bought, and would have been lost", "Bert Loom",
		"won "+w.clock().AddDate(0, 0, -7).Format("2 Jan 2006")+", 900", "GRACE alone")
	if strings.Contains(body, `http-equiv="refresh"`) {
		t.Error("a page that is done comes anew by itself")
	}

	// The command, from the records that it is given.
	today, err := rules.Parse(map[string]string{"SLA": "2"})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := backtesting.Read(hasty)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := today.With(lines.Values)
	if err != nil {
		t.Fatal(err)
	}
	until := report.Until.Time()
	command := backtesting.New(backtesting.Plan{
		Today: today, Draft: draft, Alone: lines.Alone(today), Since: until.AddDate(0, 0, -90), Now: until, Workers: 2,
	})
	records := json.NewDecoder(strings.NewReader(w.page("/api/records?source=hubspot")))
	for {
		var l api.RecordLine
		if err := records.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Count != nil {
			break
		}
		if l.Record != nil {
			command.Add("hubspot", l.Contact, l.Record)
		}
	}
	if diff := cmp.Diff(command.Report(), report); diff != "" {
		t.Errorf("page and command differ (-command +page):\n%s", diff)
	}

	// What is wrong in a draft is said in its place.
	for draft, want := range map[string]string{
		"GRACE=never": "WINNOW_RULES_GRACE", "SLA=2": "nothing to compare", "GRACE": "line 1: want NAME=value",
	} {
		if page := w.tried(draft); !strings.Contains(page.Error, want) {
			t.Errorf("of %q the page says %q, want %q", draft, page.Error, want)
		}
	}
	if now := w.clock(); now.Sub(until) > time.Minute {
		t.Errorf("it looked until %s, at %s", until, now)
	}
}
