package admin

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/admin/pagestest"
)

// surface is a page with the answer that it shows.
type surface[Q, A any] struct {
	name  string
	draw  func(Q, A) any
	table func(A) [][]string
	empty string // paths of the answer that are left empty, because they stand instead of others
	but   string // paths that the page leaves out
	csv   string // paths that the table leaves out beside those
}

// check fails where the page or its table leaves something of the answer out.
func (s surface[Q, A]) check(t *testing.T) {
	t.Helper()
	c := NewConsole(tryable())
	c.access = newAccess(nil)
	var marks []pagestest.Mark
	var pages, tables []string
	for _, yes := range []bool{true, false} {
		answer, all := pagestest.Fill[A](yes, strings.Fields(s.empty)...)
		mux := http.NewServeMux()
		ready := func(context.Context, Q) (A, error) { return answer, nil }
		show(c, mux, "/"+s.name, s.name, ready, s.draw, s.table)
		got := ask(mux, "GET", "/"+s.name)
		if got.Code != http.StatusOK {
			t.Fatalf("/%s: %d %s", s.name, got.Code, got.Body)
		}
		marks, pages = append(marks, all...), append(pages, got.Body.String())
		tables = append(tables, ask(mux, "GET", "/"+s.name+".csv").Body.String())
	}
	if left := pagestest.Missing(marks, unbroken(pages), strings.Fields(s.but)...); len(left) > 0 {
		t.Errorf("/%s leaves out %s", s.name, strings.Join(left, " "))
	}
	if s.table == nil {
		return
	}
	if left := pagestest.Missing(marks, tables, strings.Fields(s.but+" "+s.csv)...); len(left) > 0 {
		t.Errorf("/%s.csv leaves out %s", s.name, strings.Join(left, " "))
	}
}

// of are fields of lists, as paths.
func of(lists, fields string) (paths string) {
	for _, list := range strings.Fields(lists) {
		for _, field := range strings.Fields(fields) {
			paths += " " + list + "." + field
		}
	}
	return paths
}

// What every page leaves to the contact's own, and what it says in other words.
const (
	elsewhere = "machine_rating ball owed owed_since segment score changed override_until "
	inWords   = "list.share "
)

// TestPagesShowTheirAnswers: what an answer has, its page and its table show, so that page, JSON and CSV say the same.
// What they leave out stands here.
func TestPagesShowTheirAnswers(t *testing.T) {
	surface[api.OwedQuery, api.OwedPage]{
		name: "owed", draw: owedOf, table: owedTable,
		but: inWords + of("contacts", "machine_rating status ground ball pending_until recheck_on held segment "+
			"override override_until score changed"),
		csv: "at list unnamed owners next", // a table of people
	}.check(t)
	surface[api.ContactsQuery, api.ContactsPage]{
		name: "contacts", draw: contactsOf, table: contactsTable, but: inWords + "at",
		csv: "list unnamed next unlisted",
	}.check(t)
	surface[api.ContactQuery, api.ContactPage]{
		name: "contact", draw: func(_ api.ContactQuery, a api.ContactPage) any { return contactOf(a) },
		empty: "merged_to rating.unrated if_drafted.error", // they stand instead of all else
		but: "name facts written links stage ball_by effort.cap_hours attempts.fact stops.fact decisions.hangs " +
			"decisions.fact letters.score if_drafted.lines" +
			of("rating", "ball owed_reply_since treatment recommended_message model decide language due "+
				"reasons.name reasons.evidence.fact") +
			of("turns", "direction until fact") +
			of("if_answered if_drafted", "machine_rating unrated score reasons ground pending_until recheck_on "+
				"owed_reply_since treatment recommended_message model decide held language due engagement fit worth") +
			of("if_drafted", "ball recommended_action"),
	}.check(t)
	surface[api.Nothing, api.DecisionsPage]{
		name: "decisions", draw: plain[api.Nothing, api.DecisionsPage],
		but: inWords + "breakers.released" + of("pending held disqualified overrides", elsewhere+"recheck_on") +
			of("breakers.some", elsewhere+"status ground pending_until recheck_on held override"),
	}.check(t)
	surface[api.RulesQuery, api.RulesPage]{
		name: "rules", draw: rulesOf, empty: "error trial.error", // it ran into an error, or has a result
		but: inWords + "signals.part trial.state trial.report.changes trial.report.since trial.report.until " +
			"trial.of trial.seconds_left trial.report.contacts trial.report.settings.ratings signals.early_per_cent " +
			"trial.report.settings.flagged trial.report.settings.statuses trial.report.settings.grounds" +
			of("costs changes", elsewhere+"source contact rating status ground pending_until recheck_on held owner "+
				"override amount change.source change.contact change.cost"),
	}.check(t)
	surface[api.TrendsQuery, api.TrendsPage]{
		name: "trends", draw: trendsOf, table: trendsTable, but: inWords + "letters.rated",
		csv: "at list unnamed days looked",
	}.check(t)
	surface[api.Nothing, api.StatusPage]{
		name: "today", draw: todayOf, empty: "unknown",
		but: inWords + "not_ready letters waiting streams unrated ratings letters_by_day flagged_band members " +
			"disk" +
			of("sources", "vendor read_up_to to_read to_fetch to_write rated flagged overdue without_profile held "+
				"behind roles lacks budget_interval budget_day needs"),
	}.check(t)
	surface[api.Nothing, api.StatusPage]{
		name: "sources", draw: plain[api.Nothing, api.StatusPage],
		but: "list unnamed version mode model not_ready problems letters waiting streams unrated ratings " +
			"letters_by_day flagged_band sources.held sources.rated members disk",
	}.check(t)
	surface[api.SystemQuery, api.SystemPage]{
		name: "system", draw: systemOf,
		but: inWords + "disk settings.group settings.default settings.unit problems sources ratings " +
			"letters_by_day flagged_band letters.payload letters.bytes " +
			"streams.bytes streams.most",
	}.check(t)
}

// unbroken are pages without the places at which a line may end inside a word.
func unbroken(pages []string) (whole []string) {
	for _, page := range pages {
		whole = append(whole, strings.ReplaceAll(page, "<wbr>", ""))
	}
	return whole
}
