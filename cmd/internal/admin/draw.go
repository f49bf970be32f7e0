package admin

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// pager is where the next page is, and the same as a table.
type pager struct{ Next, CSV, JSON string }

func pagerOf(path string, q any, next string) pager {
	form := api.Values(q)
	form.Del("after")
	p := pager{CSV: path + ".csv?" + form.Encode(), JSON: path + ".json?" + form.Encode()}
	if next != "" {
		form.Set("after", next)
		p.Next = path + "?" + form.Encode()
	}
	return p
}

func owedOf(q api.OwedQuery, a api.OwedPage) any { return pagerOf("/owed", q, a.Next) }

// contactsDrawn is the page of contacts with its filters.
type contactsDrawn struct {
	pager
	Filters []filter
	Sorts   []string
}

// filter is one of the choices above a list.
type filter struct {
	Name, Label, Given string
	Options            []string
}

func contactsOf(q api.ContactsQuery, a api.ContactsPage) any {
	var grounds []string
	for _, spec := range crm.FieldTable {
		if spec.Field == crm.FieldGround {
			for _, o := range spec.Options {
				grounds = append(grounds, o.Value)
			}
		}
	}
	return contactsDrawn{pagerOf("/contacts", q, a.Next), []filter{
		{"letter", "Letter", q.Letter, crm.Letters},
		{
			"status",
			"Status",
			q.Status,
			[]string{"open", "pending", "disqualified", "requalified", "nurture", "override"},
		},
		{"ground", "Ground", q.Ground, grounds},
		{"ball", "Next move", q.Ball, []string{"us", "them", "none"}},
		{
			"held",
			"Held by",
			q.Held,
			[]string{"any", "settle", "lag", "backfill", "breaker", "dead_letter", "profile", "merge"},
		},
	}, seen.Sorts()}
}

func todayOf(_ api.Nothing, a api.StatusPage) any {
	sum := struct {
		Rated, Flagged, Share int
		Charts                []trend
	}{Charts: chartsOf(a.Days)}
	for _, s := range a.Sources {
		for _, n := range s.Rated {
			sum.Rated += n
		}
		sum.Flagged += s.Flagged
	}
	if sum.Rated > 0 {
		sum.Share = 100 * sum.Flagged / sum.Rated
	}
	return sum
}

// ruleGroup is a part of the rule book.
type ruleGroup struct {
	Name string
	Rows []api.SignalUse
}

func rulesOf(q api.RulesQuery, a api.RulesPage) any {
	groups := []ruleGroup{{Name: "Conduct"}, {Name: "Fit"}, {Name: "Worth"}, {Name: "Without points"}}
	for _, s := range a.Signals {
		i := map[crm.Sub]int{crm.Engagement: 0, crm.Fit: 1, crm.Worth: 2, "": 3}[s.Part]
		groups[i].Rows = append(groups[i].Rows, s)
	}
	var changed, other []config.Rule
	for _, v := range a.Rules {
		switch {
		case v.Value != v.Default:
			changed = append(changed, v)
		case !config.OfSignal(v.Meaning):
			other = append(other, v)
		}
	}
	return struct {
		Groups         []ruleGroup
		Changed, Other []config.Rule // from their defaults; at them, those of signals aside
		Days           int
	}{groups, changed, other, cmp.Or(q.Days, trialDays)}
}

// systemDrawn is the settings, those apart that are set.
type systemDrawn struct{ Set, Default []config.Row }

func systemOf(_ api.SystemQuery, a api.SystemPage) any {
	var d systemDrawn
	for _, row := range a.Settings {
		if row.From == "default" {
			d.Default = append(d.Default, row)
			continue
		}
		d.Set = append(d.Set, row)
	}
	return d
}

// waterfall draws how the points of the reasons lead from 50 to a score.
type waterfall struct {
	Sub   crm.Sub
	Score int
	Bars  []bar
	Rows  int // height in units of a row
}

// bar is one reason in a waterfall: it begins at X and is Width wide, of 100.
type bar struct {
	Y, X, Width int
	From, To    int
	Worse       bool
	Reason      crm.Reason
}

// barHeight is the height of a row of a waterfall.
const barHeight = 24

func waterfallOf(sub crm.Sub, score int, reasons []crm.Reason) waterfall {
	w := waterfall{Sub: sub, Score: score}
	at := 50
	for _, r := range reasons {
		if r.Sub != sub || r.Points == 0 {
			continue
		}
		to := at + r.Points
		w.Bars = append(w.Bars, bar{
			Y: barHeight * (len(w.Bars) + 1), X: 2 * clamp(min(at, to)), Width: 2 * max(1, clamp(max(at,
				to))-clamp(min(at, to))),
			From: at, To: to, Worse: r.Points < 0, Reason: r,
		})
		at = to
	}
	w.Rows = barHeight * (len(w.Bars) + 2)
	return w
}

func clamp(n int) int { return min(max(n, 0), 100) }

// clockBar is a clock as a bar.
type clockBar struct {
	rules.Clock
	Share int // of its time that is over, in per cent; 0 where it has no end
}

// contactDrawn is what is drawn of a contact.
type contactDrawn struct {
	Waterfalls []waterfall
	Clocks     []clockBar
	Written    []writtenField
}

type writtenField struct{ Label, Value string }

func contactOf(a api.ContactPage) any {
	d := contactDrawn{}
	for _, s := range []struct {
		sub   crm.Sub
		score int
	}{{crm.Engagement, a.Rating.Engagement}, {crm.Fit, a.Rating.Fit}, {crm.Worth, a.Rating.Worth}} {
		d.Waterfalls = append(d.Waterfalls, waterfallOf(s.sub, s.score, a.Rating.Reasons))
	}
	for _, c := range a.Clocks {
		b := clockBar{Clock: c}
		if c.Ends > c.Since {
			b.Share = clamp(int(100 * (a.At - c.Since) / (c.Ends - c.Since)))
		}
		d.Clocks = append(d.Clocks, b)
	}
	for _, spec := range crm.FieldTable {
		if v := a.Written[spec.Field]; v != "" && spec.Field != crm.FieldReasons && spec.Field != crm.FieldModel {
			d.Written = append(d.Written, writtenField{strings.TrimPrefix(spec.Label, "Winnow "), v})
		}
	}
	return d
}

// trend is how letters stood over days, as an area chart.
type trend struct {
	Source string
	Days   []trendBar
	Width  int
}

type trendBar struct {
	X                int
	Day              crm.Millis
	Parts            []trendPart
	Flagged, Overdue int
}

type trendPart struct {
	Letter        string
	Y, H, Counted int
}

const chartHeight = 120

func trendsOf(q api.TrendsQuery, a api.TrendsPage) any {
	return struct {
		pager
		Charts []trend
	}{pagerOf("/trends", q, ""), chartsOf(a.Letters)}
}

// chartsOf are how the letters of each source have stood, a bar a day.
func chartsOf(letters map[string][]stored.TrendDay) (list []trend) {
	for _, source := range slices.Sorted(maps.Keys(letters)) {
		days := letters[source]
		t := trend{Source: source, Width: 10 * len(days)}
		most := 1
		for _, d := range days {
			most = max(most, total(d.Rated))
		}
		for i, d := range days {
			b := trendBar{X: 10 * i, Day: d.Day, Flagged: d.Flagged, Overdue: d.Overdue}
			y := chartHeight
			for _, letter := range []string{"D", "C", "B", "A"} {
				h := d.Rated[letter] * chartHeight / most
				y -= h
				b.Parts = append(b.Parts, trendPart{letter, y, h, d.Rated[letter]})
			}
			slices.Reverse(b.Parts) // from A to D, as they are read
			t.Days = append(t.Days, b)
		}
		list = append(list, t)
	}
	return list
}

func total(rated map[string]int) (n int) {
	for _, k := range rated {
		n += k
	}
	return n
}

func owedTable(a api.OwedPage) [][]string {
	table := [][]string{
		{"source", "contact", "name", "owner", "owed", "since", "due", "waited", "over", "rating", "amount", "link"},
	}
	for _, r := range a.Contacts {
		table = append(table, []string{
			r.Source, r.Contact.Contact, r.Name, r.Owner, string(r.Owed), stamp(r.OwedSince), stamp(r.Due), r.Waited,
			r.Over, r.Letter,
			decimal(r.Amount), r.Link,
		})
	}
	return table
}

func contactsTable(a api.ContactsPage) [][]string {
	table := [][]string{{
		"source", "contact", "name", "owner", "rating", "machine_rating", "status", "ground", "next_move", "owed",
		"owed_since", "pending_until", "recheck_on", "held", "override", "override_until", "segment", "score", "amount",
		"changed", "link",
	}}
	for _, r := range a.Contacts {
		table = append(table, []string{
			r.Source, r.Contact.Contact, r.Name, r.Owner, r.Letter, r.Machine, string(r.Status), string(r.Ground),
			string(r.Ball), string(r.Owed), stamp(r.OwedSince), stamp(r.PendingUntil), stamp(r.Recheck), r.Held,
			r.Override, stamp(r.OverrideUntil), r.Segment, strconv.Itoa(r.Score), decimal(r.Amount),
			stamp(r.Changed), r.Link,
		})
	}
	return table
}

// trendsTable is all that the page shows in one table: what a row is of, its first cell says.
func trendsTable(a api.TrendsPage) [][]string {
	head := []string{
		"what", "source", "day", "owner", "letter", "status", "ground", "count", "overdue", "in_time", "median_hours",
		"slowest_hours", "oldest", "amount",
	}
	table := [][]string{head}
	add := func(what string, cells map[string]string) {
		row := make([]string, len(head))
		for i, name := range head {
			row[i] = cells[name]
		}
		row[0] = what
		table = append(table, row)
	}
	for _, source := range slices.Sorted(maps.Keys(a.Letters)) {
		for _, d := range a.Letters[source] {
			day := d.Day.Time().Format(time.DateOnly)
			for _, letter := range slices.Sorted(maps.Keys(d.Rated)) {
				add("letters", map[string]string{
					"source": source, "day": day, "letter": letter, "count": strconv.Itoa(d.Rated[letter]),
				})
			}
			add("flagged", map[string]string{
				"source": source, "day": day, "count": strconv.Itoa(d.Flagged), "overdue": strconv.Itoa(d.Overdue),
			})
		}
	}
	for _, d := range a.Decisions {
		add("decisions", map[string]string{
			"day": d.Day.Time().Format(time.DateOnly), "status": string(d.Status), "ground": string(d.Ground),
			"count": strconv.Itoa(d.Count),
		})
	}
	for _, o := range a.Owners {
		add("owed", map[string]string{
			"owner": o.Owner, "count": strconv.Itoa(o.Owed), "overdue": strconv.Itoa(o.Overdue),
			"oldest": stamp(o.Oldest), "amount": decimal(o.Amount),
		})
	}
	for _, n := range a.Answers {
		add("answers", map[string]string{
			"owner": n.Owner, "count": strconv.Itoa(n.Answers), "in_time": strconv.Itoa(n.InTime),
			"median_hours": number(n.Median), "slowest_hours": number(n.Slowest),
		})
	}
	return table
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func stamp(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.RFC3339)
}

func decimal(minor int64) string {
	if minor == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(minor)/100, 'f', 2, 64)
}
