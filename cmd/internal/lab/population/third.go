package population

import (
	"time"

	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Third is a crowd that is harder to judge: languages that nobody reads, zones of half and quarter hours, winters in
// July, firms that close over the end of the year, absences one after another, machines that answer everything,
// colleagues who answer in their place, and still more careless sellers. It was settled before anything was judged on
// it, and is kept for the last look: no number and no rule is to be changed for its sake.
func Third(seed uint64, people int) *Population {
	return draw(seed, people, crowd{
		name: "third", begin: time.Date(2025, time.September, 15, 0, 0, 0, 0, time.UTC), shares: thirdShares,
		careless: 2, world: newThirdWorld(),
		known: [3]float64{0.35, 0.1, 0.3}, hardship: thirdHardship,
	})
}

// Shares in per cent, nine of ten in earnest as in the others.
var thirdShares = map[string]float64{
	"decided": 6, "plain": 11, "committee": 12, "early_cold": 8, "terse": 8, "bargainer": 7, "forgotten": 8,
	"let_down": 6, "traveller": 8, "pursued": 4,
	"not_yet": 5, "referrer": 1, "learner": 3, "night_owl": 1, "declines": 2,
	"silent": 1.5, "ghost_after_quote": 1, "fact_finder": 1, "one_word": 1.5, "same_quote": 1, "never_a_time": 1,
	"presser": 1, "promiser": 1, "needy": 0.5, "dinner_caller": 0.5,
}

// hardship is what a crowd's time brings that is nobody's manner.
type hardship struct {
	bounces  float64       // share of our mails that do not arrive
	unread   float64       // share of our mails of which the CRM shows no text
	repeats  time.Duration // an absent person's machine answers no sooner again
	dated    float64       // share of these answers that state the return
	blind    bool          // they state the end of this absence, and the next begins then
	chains   float64       // share of the absences that another one follows at once
	closed   float64       // share of people whose firm closes over the end of the year
	machines float64       // share of our mails to which a machine answers that they have come in
	peers    float64       // factor on how often a colleague writes too
	// share of the questions that they leave to a colleague, of those who do not answer themselves
	instead float64
}

// usual is the time of the first two crowds.
var usual = hardship{bounces: 0.01, repeats: 4 * 24 * time.Hour, dated: 0.8, peers: 1}

var thirdHardship = hardship{
	bounces: 0.03, unread: 0.03, repeats: 24 * time.Hour, dated: 0.5, blind: true, chains: 0.35, closed: 0.5,
	machines: 0.1, peers: 1.5, instead: 0.15,
}

func newThirdWorld() *world {
	return worldOf([]country{
		{"GB", "Europe/London", satSun, gb.Holidays, 0.12, 0.05},
		{"IN", "Asia/Kolkata", satSun, nil, 0.12, 0.05},
		{"US", "America/Chicago", satSun, us.Holidays, 0.1, 0.05},
		{"AT", "Europe/Vienna", satSun, at.Holidays, 0.08, 0.05},
		{"AU", "Australia/Adelaide", satSun, au.HolidaysSA, 0.08, 0.05},
		{"DE", "Europe/Berlin", satSun, de.Holidays, 0.08, 0.05},
		{"BR", "America/Sao_Paulo", satSun, br.Holidays, 0.07, 0.05},
		{"NZ", "Pacific/Auckland", satSun, nz.Holidays, 0.05, 0.05},
		{"CA", "America/St_Johns", satSun, ca.Holidays, 0.05, 0.05},
		{"SE", "Europe/Stockholm", satSun, se.Holidays, 0.06, 0.9},
		{"PL", "Europe/Warsaw", satSun, pl.Holidays, 0.05, 0.9},
		{"JP", "Asia/Tokyo", satSun, jp.Holidays, 0.04, 0.9},
		{"KR", "Asia/Seoul", satSun, nil, 0.03, 0.9},
		{"IL", "Asia/Jerusalem", friSat, nil, 0.03, 0.9},
		{"NP", "Asia/Kathmandu", satSun, nil, 0.02, 0.5},
		{"AE", "Asia/Dubai", satSun, nil, 0.02, 0.5},
	})
}

// often is chance, but draws no lot where there is nothing to draw: the other crowds must stay what they are.
func (l *Life) often(p float64) bool { return p > 0 && l.chance(p) }

// legible is what shows in any language: a question mark, a number, a bare yes, no or perhaps.
const legible = crm.Asks | crm.Informs | crm.ClearYes | crm.ClearNo | crm.Vague

// understood is what is read into a message of theirs: in a language without a lexicon little, and no date.
func (l *Life) understood(t crm.Text) crm.Text {
	if l.often(l.home.foreign) {
		t.Intents &= legible
		t.Horizon = 0
	}
	return t
}

// closures adds to the absences: firms close over the end of the year, longer where that is summer, and one absence
// follows another.
func (l *Life) closures(p *Population) {
	if l.often(l.hard.closed) {
		for year := p.Begin.Year(); year <= p.End.Year(); year++ {
			from, days := time.Date(year, time.December, 20, 0, 0, 0, 0, time.UTC), 15
			if c := l.home.country; c == "AU" || c == "NZ" || c == "BR" {
				days = 26
			}
			l.away = append(l.away, stretch{
				l.home.at(from.In(l.home.zone), shuts), l.home.at(from.AddDate(0, 0, days).In(l.home.zone), opens),
			})
		}
	}
	for _, s := range l.away {
		if l.often(l.hard.chains) {
			l.away = append(l.away, stretch{s.until, s.until.AddDate(0, 0, between(l.rnd, 3, 12))})
		}
	}
	if l.hard.chains > 0 {
		sortStretches(l.away)
	}
}

// stated is the return that an automatic reply names: the end of it all, or what whoever set the machine up knew of.
func (l *Life) stated(back time.Time) time.Time {
	if !l.hard.blind {
		return back
	}
	for _, s := range l.away {
		if !l.now.Before(s.from) && l.now.Before(s.until) {
			return s.until
		}
	}
	return back
}

// machines says that our mail has come in, or that it was opened, without anybody being there.
func (l *Life) machines() {
	if !l.often(l.hard.machines) {
		return
	}
	t := crm.Text{Class: crm.AutoReply, Units: 25}
	if l.chance(0.3) {
		t = crm.Text{Class: crm.Receipt, Units: 5}
	}
	l.plan(l.now.Add(2*time.Minute), func() {
		l.emit(&crm.Fact{ID: l.id("emails"), Kind: crm.KindMessage, Message: &crm.Message{
			Direction: crm.In, Channel: crm.Email, Text: t,
		}})
	})
}
