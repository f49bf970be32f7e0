package backtesting

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Setting is one value that a draft changes.
type Setting struct {
	Name  string `json:"name"`
	Today string `json:"today"`
	Draft string `json:"draft"`
}

// Changed lists what a draft changes, in the order of the settings.
func Changed(today, draft *rules.Settings) []Setting {
	var list []Setting
	was := map[string]string{}
	for _, s := range today.Describe() {
		was[s.Name] = s.Value
	}
	seen := map[string]bool{}
	for _, s := range draft.Describe() {
		seen[s.Name] = true
		if v, ok := was[s.Name]; !ok || v != s.Value {
			list = append(list, Setting{s.Name, v, s.Value})
		}
	}
	for _, s := range today.Describe() {
		if !seen[s.Name] {
			list = append(list, Setting{s.Name, s.Value, ""})
		}
	}
	return list
}

// Variant is a set of settings under trial.
type Variant struct {
	Name  string
	Rules *rules.Settings
}

// Tally is what one variant makes of all contacts.
type Tally struct {
	Name      string             `json:"name"`
	Letters   map[string]int     `json:"ratings"`
	Statuses  map[crm.Status]int `json:"statuses"`
	Grounds   map[crm.Ground]int `json:"grounds"` // of the first flag
	Flagged   int                `json:"flagged"` // pending or disqualified at the end
	Ever      int                `json:"ever_flagged"`
	WinsWarn  int                `json:"wins_flagged_before"` // pending at some time before the deal was won
	WinsCut   int                `json:"wins_cut"`            // disqualified before it was won
	WinsMoney int64              `json:"wins_cut_amount"`     // minor units
	LossFlag  int                `json:"losses_flagged_before"`
}

// Difference is a contact of which the draft says something else.
type Difference struct {
	Source  string     `json:"source"`
	Contact string     `json:"contact"`
	Today   Side       `json:"today"`
	Draft   Side       `json:"draft"`
	Why     []string   `json:"why"` // reasons that differ, strongest first
	Cost    Cost       `json:"cost,omitempty"`
	Outcome string     `json:"outcome,omitempty"`
	Closed  crm.Millis `json:"closed,omitempty"`
	Amount  int64      `json:"amount,omitempty"`
}

// Cost is what a draft would have done to somebody who bought, and today's settings would not.
type Cost string

// The costs.
const (
	CostCut  Cost = "cut"     // disqualified before the deal was won
	CostWarn Cost = "pending" // pending before it was won
)

// Side is what one of the two says of a contact.
type Side struct {
	Rating  string     `json:"rating"`
	Score   int        `json:"score"`
	Status  crm.Status `json:"status"`
	Ground  crm.Ground `json:"ground,omitempty"`
	Flagged crm.Millis `json:"first_pending,omitempty"`
	Ended   crm.Millis `json:"first_disqualified,omitempty"`
}

const dayMillis = crm.Millis(24 * time.Hour / time.Millisecond)

// Report is what a backtest found. Tallies are those of today's settings, the draft's, and those of each changed
// setting alone.
type Report struct {
	Since    crm.Millis     `json:"since"`
	Until    crm.Millis     `json:"until"`
	Changed  []Setting      `json:"changed"`
	Contacts int            `json:"contacts"`
	Unrated  int            `json:"unrated"`
	Wins     int            `json:"wins"`
	Losses   int            `json:"losses"`
	Newly    int            `json:"newly_flagged"` // whom the draft flags at the end and today's settings do not
	Freed    int            `json:"newly_free"`
	Tallies  []Tally        `json:"settings"`
	Cut      int            `json:"wins_newly_cut"`
	Warned   int            `json:"wins_newly_pending"`
	Moves    map[string]int `json:"moves"` // "A>B": how many
	Differ   int            `json:"contacts_changed"`
	Changes  []Difference   `json:"changes"` // the gravest first, as many as were to be kept
}

// Plan is what is compared, and over which time.
type Plan struct {
	Today, Draft *rules.Settings
	Alone        []Variant // each changed setting by itself
	Since, Now   time.Time
	Workers      int // that rate beside whoever adds; 0: Add rates
	Most         int // changes that are kept, the gravest; 0: all
}

// Backtest rates contacts under several settings at the same instants. Contacts are added one by one, from one
// goroutine.
type Backtest struct {
	plan     Plan
	settings []*rules.Settings
	work     chan job
	wait     sync.WaitGroup
	mu       sync.Mutex
	report   Report
}

type job struct {
	source, contact string
	record          *rules.Record
}

// New begins a backtest.
func New(p Plan) *Backtest {
	b := &Backtest{plan: p, work: make(chan job, 64)}
	b.report = Report{
		Since: crm.At(p.Since), Until: crm.At(p.Now), Changed: Changed(p.Today, p.Draft), Moves: map[string]int{},
		Changes: []Difference{},
	}
	for _, v := range append([]Variant{{"today", p.Today}, {"draft", p.Draft}}, p.Alone...) {
		b.settings = append(b.settings, v.Rules)
		b.report.Tallies = append(b.report.Tallies, Tally{
			Name: v.Name, Letters: map[string]int{}, Statuses: map[crm.Status]int{}, Grounds: map[crm.Ground]int{},
		})
	}
	for range p.Workers {
		b.wait.Go(func() {
			for j := range b.work {
				b.one(&j)
			}
		})
	}
	return b
}

// Add has a contact worked on. The record must not be changed afterwards.
func (b *Backtest) Add(source, contact string, r *rules.Record) {
	j := job{source, contact, r}
	if b.plan.Workers == 0 {
		b.one(&j)
		return
	}
	b.work <- j
}

// Report waits for everything that was added and returns what came of it. Nothing can be added afterwards.
func (b *Backtest) Report() *Report {
	close(b.work)
	b.wait.Wait()
	return b.SoFar()
}

// SoFar is what has come of those contacts that have been rated. It may be called at any time, from any goroutine.
func (b *Backtest) SoFar() *Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trim(b.plan.Most)
	r := b.report
	r.Moves, r.Tallies, r.Changes = maps.Clone(r.Moves), slices.Clone(r.Tallies), slices.Clone(r.Changes)
	for i := range r.Tallies {
		t := &r.Tallies[i]
		t.Letters, t.Statuses, t.Grounds = maps.Clone(t.Letters), maps.Clone(t.Statuses), maps.Clone(t.Grounds)
	}
	return &r
}

// trim sorts the changes, the gravest first, and keeps so many of them; 0: all.
func (b *Backtest) trim(most int) {
	list := b.report.Changes
	slices.SortFunc(list, func(x, y Difference) int {
		return cmp.Or(x.weight()-y.weight(), cmp.Compare(x.Source, y.Source), cmp.Compare(x.Contact, y.Contact))
	})
	if most > 0 && len(list) > most {
		clear(list[most:])
		b.report.Changes = list[:most]
	}
}

// weight sorts the gravest changes first: those who bought and would have been lost, those who are newly flagged, those
// who are freed, other ratings, the rest.
func (d *Difference) weight() int {
	switch {
	case d.Cost == CostCut:
		return 0
	case d.Cost == CostWarn:
		return 1
	case d.newly():
		return 2
	case d.freed():
		return 3
	case d.Today.Rating != d.Draft.Rating:
		return 4
	}
	return 5
}

func (d *Difference) newly() bool { return !flagged(d.Today.Status) && flagged(d.Draft.Status) }

func (d *Difference) freed() bool { return flagged(d.Today.Status) && !flagged(d.Draft.Status) }

func flagged(s crm.Status) bool { return s == crm.Pending || s == crm.Disqualified }

func (b *Backtest) one(j *job) {
	tracks := replay(b.settings, j.record, b.plan.Since, b.plan.Now)
	closed := boughtOf(j.record)
	if closed != nil && (closed.At < b.report.Since || closed.At > b.report.Until) {
		closed = nil
	}
	d := difference(j, tracks, closed)
	b.mu.Lock()
	defer b.mu.Unlock()
	rep := &b.report
	if tracks[0].Rating.Unrated != "" {
		rep.Unrated++
		return
	}
	rep.Contacts++
	if closed != nil && closed.Won {
		rep.Wins++
	} else if closed != nil {
		rep.Losses++
	}
	for i := range tracks {
		rep.Tallies[i].add(&tracks[i], closed)
	}
	if d != nil {
		b.note(d)
	}
}

// note counts a change and keeps it.
func (b *Backtest) note(d *Difference) {
	rep := &b.report
	if d.Today.Rating != d.Draft.Rating {
		rep.Moves[d.Today.Rating+">"+d.Draft.Rating]++
	}
	switch {
	case d.newly():
		rep.Newly++
	case d.freed():
		rep.Freed++
	}
	switch d.Cost {
	case CostCut:
		rep.Cut++
	case CostWarn:
		rep.Warned++
	}
	rep.Differ++
	rep.Changes = append(rep.Changes, *d)
	if most := b.plan.Most; most > 0 && len(rep.Changes) >= 2*most {
		b.trim(most)
	}
}

func (t *Tally) add(tr *Track, closed *Closed) {
	t.Letters[tr.Rating.Letter]++
	t.Statuses[tr.Rating.Status]++
	if flagged(tr.Rating.Status) {
		t.Flagged++
	}
	if tr.Flagged != 0 {
		t.Ever++
		t.Grounds[tr.Ground]++
	}
	if closed == nil {
		return
	}
	cost := costOf(tr, closed)
	switch {
	case closed.Won && cost == CostCut:
		t.WinsCut++
		t.WinsWarn++
		t.WinsMoney += closed.Amount
	case closed.Won && cost == CostWarn:
		t.WinsWarn++
	case !closed.Won && tr.Flagged != 0 && tr.Flagged < closed.At:
		t.LossFlag++
	}
}

// costOf is what a track would have done to somebody who bought.
func costOf(tr *Track, closed *Closed) Cost {
	before := func(m crm.Millis) bool { return m != 0 && m < closed.At }
	switch {
	case closed == nil || !closed.Won:
		return ""
	case before(tr.Ended):
		return CostCut
	case before(tr.Flagged):
		return CostWarn
	}
	return ""
}

// difference is what the draft says otherwise, nil where it says the same.
func difference(j *job, tracks []Track, closed *Closed) *Difference {
	today, draft := sideOf(&tracks[0]), sideOf(&tracks[1])
	if today.byDay() == draft.byDay() {
		return nil
	}
	d := &Difference{
		Source: j.source, Contact: j.contact, Today: today, Draft: draft,
		Why: why(&tracks[0].Rating, &tracks[1].Rating),
	}
	d.Why = append(movedText(&tracks[0], &tracks[1]), d.Why...)
	if before, cost := costOf(&tracks[0], closed), costOf(&tracks[1], closed); cost != before && before != CostCut {
		d.Cost = cost
	}
	if closed != nil {
		d.Outcome, d.Closed, d.Amount = "lost", closed.At, closed.Amount
		if closed.Won {
			d.Outcome = "won"
		}
	}
	return d
}

func sideOf(t *Track) Side {
	r := &t.Rating
	return Side{
		Rating: r.Letter, Score: r.Score, Status: r.Status, Ground: r.Ground, Flagged: t.Flagged, Ended: t.Ended,
	}
}

// byDay is s with its instants cut to days: people are shown days, and what differs by hours differs by nothing that
// they see.
func (s Side) byDay() Side {
	s.Flagged -= s.Flagged % dayMillis
	s.Ended -= s.Ended % dayMillis
	return s
}

// movedText says how the first time pending and the first time disqualified differ.
func movedText(today, draft *Track) []string {
	var list []string
	for _, m := range [...]struct {
		status         crm.Status
		today, draft   crm.Millis
		ground, before crm.Ground
	}{
		{crm.Pending, today.Flagged, draft.Flagged, draft.Ground, today.Ground},
		{crm.Disqualified, today.Ended, draft.Ended, draft.Ground, today.Ground},
	} {
		days := int(m.draft/dayMillis - m.today/dayMillis)
		switch {
		case days == 0:
		case m.draft == 0:
			list = append(list, fmt.Sprintf("never %s, instead of on %s for %s", m.status, date(m.today), m.before))
		case m.today == 0:
			list = append(list, fmt.Sprintf("%s on %s for %s, instead of never", m.status, date(m.draft), m.ground))
		case days < 0:
			list = append(list, fmt.Sprintf("%s %d days earlier, for %s", m.status, -days, m.ground))
		default:
			list = append(list, fmt.Sprintf("%s %d days later, for %s", m.status, days, m.ground))
		}
	}
	return list
}

// why lists the reasons that one of two ratings has and the other has not, or has with other points.
func why(today, draft *crm.Rating) []string {
	type pair struct {
		points [2]int
		text   string
	}
	pairs := map[string]*pair{}
	var names []string
	for side, r := range [...]*crm.Rating{today, draft} {
		for i := range r.Reasons {
			reason := &r.Reasons[i]
			name, text := reason.Name+" ("+reason.ID+")", words.Default().Reason(reason.Says)
			if pairs[name] == nil {
				pairs[name] = &pair{text: text}
				names = append(names, name)
			}
			pairs[name].points[side] += reason.Points
			known := func(o crm.Reason) bool { return o.Name == reason.Name }
			if reason.Sub == "" && side == 1 && !slices.ContainsFunc(today.Reasons, known) {
				pairs[name].text = "new: " + text
			}
		}
	}
	var list []string
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := pairs[a].points, pairs[b].points
		return magnitude(y[1]-y[0]) - magnitude(x[1]-x[0])
	})
	for _, name := range names {
		switch p := pairs[name]; {
		case p.points[0] != p.points[1]:
			list = append(list, fmt.Sprintf("%s: %s, %+d instead of %+d", name, p.text, p.points[1], p.points[0]))
		case len(p.text) > 5 && p.text[:5] == "new: ":
			list = append(list, name+": "+p.text[5:])
		}
	}
	return list
}

func magnitude(n int) int { return max(n, -n) }
