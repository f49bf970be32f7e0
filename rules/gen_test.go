package rules

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Start is a Monday.
var Start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// story is a generated history: facts, in the order of their instants.
type story []crm.Fact

var intentsIn = []crm.Intents{
	0, crm.QuoteRequest, crm.QuoteAgain | crm.QuoteRequest, crm.Discount, crm.FutureBusiness, crm.ProposesTime,
	crm.AcceptsTime, crm.RefusesTime, crm.DefersTime,
	crm.Asks, crm.Asks | crm.AsksYesNo, crm.Answers, crm.ClearYes, crm.ClearNo, crm.Informs, crm.Vague, crm.Accepts,
	crm.NotInterested, crm.NotReady,
	crm.Thanks, crm.Urgent, crm.ChangeRequest, crm.Answers | crm.Informs, crm.Promises | crm.DefersTime,
	crm.Promises | crm.NotReady, crm.Promises | crm.Thanks, crm.OurFault, crm.OurFault | crm.Requests | crm.Asks,
}

var intentsOut = []crm.Intents{
	0, crm.Asks, crm.Asks | crm.AsksYesNo, crm.ProposesTime, crm.CarriesQuote, crm.CarriesQuote | crm.Asks, crm.Thanks,
	crm.Promises, crm.Asks | crm.Promises,
}

// genStory draws histories of up to n facts over about a year.
func genStory(n int) *rapid.Generator[story] {
	return rapid.Custom(func(t *rapid.T) story {
		var s story
		at := Start
		count := rapid.IntRange(0, n).Draw(t, "facts")
		if rapid.Bool().Draw(t, "many") {
			count = n - count // small numbers are likelier
		}
		if rapid.IntRange(0, 7).Draw(t, "asker") == 0 {
			s, at = genAsker(t)
			count = min(count, 3)
		}
		for i := range count {
			at = at.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(t, "hours later")) * time.Hour)
			s = append(s, genFact(t, fmt.Sprintf("f/%02d", i), at))
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "notes") {
			s = append(s, note(fmt.Sprintf("notes/%d", i),
				Start.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "note, day"))*24*time.Hour)))
		}
		if rapid.Bool().Draw(t, "zone") {
			zone := rapid.SampledFrom([]struct{ zone, country string }{
				{"Europe/Berlin", "DE"}, {"America/New_York", "US"}, {"Asia/Kolkata", "IN"}, {"Asia/Riyadh", "SA"},
			}).Draw(t, "where")
			s = append(s, prop(crm.PropOwnerTimeZone, zone.zone, Start), prop(crm.PropTimeZone, zone.zone, Start),
				prop(crm.PropCountry, zone.country, Start))
		}
		if rapid.IntRange(0, 3).Draw(t, "next") == 0 {
			s = append(s, prop(crm.PropNextActivity,
				at.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "days"))*24*time.Hour).Format(time.RFC3339),
				Start))
		}
		if rapid.IntRange(0, 9).Draw(t, "customer") == 0 {
			s = append(s, prop(crm.PropCustomer, "true", Start))
		}
		for _, name := range []string{
			"industry", "company_size", "role", "reputation", "recurring_revenue", "rep_vote", "open_tickets",
			"escalations", "refunds", "open_lines", "referrals_given", "referred_by",
		} {
			if rapid.IntRange(0, 3).Draw(t, name) == 0 {
				s = append(s, prop(name, rapid.SampledFrom([]string{
					"3", "40", "-2", "bad", "good", "retail", "head of sales", "9000",
				}).Draw(t, "value"), Start))
			}
		}
		return s
	})
}

// genAsker draws the beginning of one who asks, gets answers, and leaves questions of ours open.
func genAsker(t *rapid.T) (s story, at time.Time) {
	at = Start
	message := func(m crm.Message) {
		s = append(s, crm.Fact{
			ID: fmt.Sprintf("asker/%02d", len(s)), Version: at.UnixMilli(), At: crm.At(at), Kind: crm.KindMessage,
			Message: &m,
		})
		at = at.Add(time.Duration(rapid.IntRange(1, 5*24).Draw(t, "hours between")) * time.Hour)
	}
	for range rapid.IntRange(2, 6).Draw(t, "rounds") {
		message(crm.Message{Direction: crm.In, Channel: crm.Email, Text: crm.Text{
			Units: 20, Asks: rapid.IntRange(1, 2).Draw(t, "asks"), Intents: crm.Asks,
		}})
		message(crm.Message{Direction: crm.Out, Channel: crm.Email, Text: crm.Text{
			Units: 30, Intents: rapid.SampledFrom([]crm.Intents{0, crm.Asks}).Draw(t, "answer"),
		}})
	}
	for range rapid.IntRange(1, 3).Draw(t, "open questions") {
		message(crm.Message{Direction: crm.Out, Channel: crm.Email, Text: crm.Text{Units: 30, Intents: crm.Asks}})
	}
	return s, at
}

func prop(name, value string, at time.Time) crm.Fact {
	return crm.Fact{
		ID: "property/" + name, Kind: crm.KindProperty, Version: at.UnixMilli(), At: crm.At(at),
		Property: &crm.Property{Name: name, Value: value},
	}
}

// gone takes a fact back as of a version.
func gone(f crm.Fact, version int64) crm.Fact {
	return crm.Fact{
		ID: f.ID, Version: version, Kind: f.Kind, At: f.At, Peer: f.Peer, Gone: true, Task: f.Task, Meeting: f.Meeting,
	}
}

// note is what one of us wrote about the contact.
func note(id string, at time.Time) crm.Fact {
	return crm.Fact{ID: id, Version: at.UnixMilli(), At: crm.At(at), Kind: crm.KindNote}
}

func genFact(t *rapid.T, id string, at time.Time) crm.Fact {
	f := crm.Fact{ID: id, Version: at.UnixMilli(), At: crm.At(at)}
	if rapid.IntRange(0, 15).Draw(t, "peer") == 0 {
		f.Peer = rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "peer id")
	}
	switch k := rapid.IntRange(0, 19).Draw(t, "kind"); {
	case k < 6:
		f.Kind, f.Message = crm.KindMessage, genOut(t)
	case k < 12:
		f.Kind, f.Message = crm.KindMessage, genIn(t, at)
		if rapid.IntRange(0, 19).Draw(t, "direction known") == 0 {
			f.Message.Direction = 0
		}
	case k < 14:
		f.Kind, f.Call = crm.KindCall, &crm.Call{
			Direction: rapid.SampledFrom([]crm.Direction{crm.In, crm.Out}).Draw(t, "call direction"),
			Outcome:   crm.Outcome(rapid.IntRange(0, 4).Draw(t, "outcome")),
			Seconds:   rapid.SampledFrom([]int{0, 20, 600}).Draw(t, "seconds"),
		}
	case k < 16:
		m := crm.Meeting{
			Start: later(t, at, 1, 20), State: crm.MeetingState(rapid.IntRange(0, 4).Draw(t, "state")),
			By: crm.Direction(rapid.IntRange(0, 2).Draw(t, "by")),
		}
		m.End = m.Start + calendar.HourMS
		f.Kind, f.Meeting = crm.KindMeeting, &m
	case k < 17:
		q := crm.Quote{
			Key: rapid.SampledFrom([]string{"k1", "k2"}).Draw(t, "key"), Amount: 100000,
			Discount: rapid.SampledFrom([]int64{0, 5000, 20000}).Draw(t, "discount"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "sends") {
			q.Sent = append(q.Sent, later(t, at, 0, 60))
		}
		sortMillis(q.Sent)
		if rapid.IntRange(0, 4).Draw(t, "accepted") == 0 {
			q.Accepted = later(t, at, 1, 30)
		}
		f.Kind, f.Quote = crm.KindQuote, &q
	case k < 18:
		task := crm.Task{Due: later(t, at, 1, 20)}
		if rapid.Bool().Draw(t, "done") {
			task.Done = later(t, at, 1, 30)
		}
		f.Kind, f.Task = crm.KindTask, &task
	case k < 19:
		d := crm.Deal{
			Moves:    []crm.StageMove{{At: f.At, Stage: "a", Probability: 20}},
			NextStep: rapid.Bool().Draw(t, "next step"), Amount: 300000, Contract: rapid.Bool().Draw(t, "contract"),
		}
		if rapid.Bool().Draw(t, "moved") {
			d.Moves = append(d.Moves, crm.StageMove{At: later(t, at, 1, 30), Stage: "b", Probability: 70})
		}
		if rapid.IntRange(0, 5).Draw(t, "won") == 0 {
			d.Won = later(t, at, 30, 60)
		}
		f.Kind, f.Deal = crm.KindDeal, &d
	default:
		f.Kind, f.Referral = crm.KindReferral, &crm.Referral{
			Direction: crm.Direction(rapid.IntRange(1, 2).Draw(t, "referral")), Other: "x" + id,
			Level: rapid.IntRange(1, 3).Draw(t, "level"),
		}
	}
	return f
}

func later(t *rapid.T, at time.Time, from, until int) crm.Millis {
	return crm.At(at.Add(time.Duration(rapid.IntRange(from*24, until*24).Draw(t, "later")) * time.Hour))
}

func genOut(t *rapid.T) *crm.Message {
	m := crm.Message{
		Direction: crm.Out, Channel: crm.Email, Failed: rapid.IntRange(0, 9).Draw(t, "failed") == 0,
		Mass: rapid.IntRange(0, 9).Draw(t, "mass") == 0, Copied: rapid.IntRange(0, 9).Draw(t, "copied") == 0,
	}
	m.Text = crm.Text{
		Units: 30, Intents: rapid.SampledFrom(intentsOut).Draw(t, "out"),
		Unread: rapid.IntRange(0, 14).Draw(t, "unread") == 0,
	}
	return &m
}

func genIn(t *rapid.T, at time.Time) *crm.Message {
	m := crm.Message{Direction: crm.In, Channel: crm.Channel(rapid.IntRange(1, 4).Draw(t, "channel"))}
	m.Text = crm.Text{
		Units:   rapid.SampledFrom([]int{1, 2, 3, 40}).Draw(t, "units"),
		Asks:    rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "asks"),
		Intents: rapid.SampledFrom(intentsIn).Draw(t, "in"), Unread: rapid.IntRange(0, 9).Draw(t, "unread") == 0,
	}
	switch rapid.IntRange(0, 11).Draw(t, "class") {
	case 0:
		m.Text.Class = crm.OutOfOffice
		if rapid.Bool().Draw(t, "states return") {
			m.Text.Return = later(t, at, 1, 20)
		}
	case 1:
		m.Text.Class = crm.Class(rapid.IntRange(1, 7).Draw(t, "machine"))
	}
	if m.Text.Intents.Any(crm.NotReady|crm.DefersTime|crm.FutureBusiness|crm.Promises) &&
		rapid.Bool().Draw(t, "names a time") {
		m.Text.Horizon = later(t, at, 5, 120)
	}
	return &m
}

func sortMillis(m []crm.Millis) {
	for i := range m {
		for j := i; j > 0 && m[j] < m[j-1]; j-- {
			m[j], m[j-1] = m[j-1], m[j]
		}
	}
}

// genNow draws an instant during or after a story.
func genNow(t *rapid.T) time.Time {
	return Start.Add(time.Duration(rapid.IntRange(0, 600*24*60).Draw(t, "now, minutes")) * time.Minute)
}

// rich are settings under which every signal speaks that can.
var rich = must(Parse(map[string]string{
	"INDUSTRY_GOOD": "software,40", "INDUSTRY_BAD": "retail,9000", "COMPANY_SIZE_MIN": "10",
	"COMPANY_SIZE_MAX": "5000", "ROLES": "head", "REP_VOTE_ON": "true",
	"SUPPORT_LOAD_ON": "true", "FIT_PROFILE": "company_size<5:-5;role~sales:+4", "WORTH_PROFILE": "industry=retail:-5",
	"UNPROFITABLE_HOURS": "3",
	"MISFIT":             "industry=retail", "MISFIT_ENDS": "true", "DIFFICULT_SIGNALS": "2", "NEEDY_BURST": "2",
	"NEEDY_WEEK": "3", "FREE_INFORMATION_ASKS": "2", "MARGIN_PRESSURE_ASKS": "1", "NO_CALL_TIME_MIN": "1",
	"SCOPE_CREEP_FREE": "0", "SAME_QUOTE_WARN": "2", "SAME_QUOTE_FLAG": "3", "NO_PROGRESS_FOLLOW_UPS": "1",
	"TENURE": "90d", "CONTRACTS": "true", "FOLLOW_UP_PROPERTIES": "industry", "ANSWERS_HALF_LIFE": "20d",
	"EFFORT_CAP": "2h", "ENGAGEMENT_LOW": "48",
}))

// genSettings draws the default settings, or rich ones.
func genSettings(t *rapid.T) *Settings {
	return rapid.SampledFrom([]*Settings{Defaults(), rich}).Draw(t, "settings")
}

// calm is an instant at which nothing keeps a decision from being announced.
func calm(now time.Time) Instant { return Instant{Now: now, Profiled: true} }

func recordOf(facts ...crm.Fact) *Record {
	var r Record
	r.Fold(facts...)
	return &r
}

func shuffled(facts []crm.Fact, seed uint64) []crm.Fact {
	out := append([]crm.Fact(nil), facts...)
	rng := rand.New(rand.NewPCG(seed, 1))
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// drive lets time pass over facts that are known from the start, as the pipeline would: it rates at every due instant,
// and what is announced becomes a fact. It returns the ratings and the facts with the decisions among them.
func drive(s *Settings, facts []crm.Fact, from, until time.Time) (ratings []crm.Rating, all []crm.Fact) {
	all = append([]crm.Fact(nil), facts...)
	now := from
	for range 1000 {
		var r Record
		for _, f := range all {
			if f.At <= crm.At(now) || f.Kind == crm.KindProperty {
				r.Fold(f)
			}
		}
		rating := Rate(s, &r, calm(now))
		ratings = append(ratings, rating)
		next := rating.Due.Time()
		if rating.Decide != nil {
			next = now.Add(2 * time.Second)
			all = append(all, crm.Fact{
				ID: fmt.Sprintf("decision/%04d", len(all)), Kind: crm.KindDecision, At: crm.At(next),
				Decision: rating.Decide,
			})
		}
		for _, f := range facts {
			if t := f.At.Time(); t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		if next.IsZero() || next.After(until) {
			break
		}
		now = next
	}
	return ratings, all
}
