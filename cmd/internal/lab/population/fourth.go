package population

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Fourth is a crowd of people who waste our time in ways that each look harmless for a month: watched for a year,
// beside people of genuine interest who do the same for a while and buy. It was settled before anything was judged on
// it.
func Fourth(seed uint64, people int) *Population {
	return draw(seed, people, crowd{
		name: "fourth", begin: time.Date(2025, time.March, 3, 0, 0, 0, 0, time.UTC), shares: fourthShares,
		careless: 1.2, world: newWorld(),
		known: usuallyKnown, hardship: usual, watched: 365 * 24 * time.Hour,
	})
}

// Shares in per cent, nine of ten in earnest as in the others.
var fourthShares = map[string]float64{
	"decided": 8, "plain": 15, "committee": 9, "early_cold": 4, "terse": 5, "bargainer": 4, "forgotten": 6,
	"let_down": 4, "traveller": 5, "pursued": 4,
	"not_yet": 4, "referrer": 1, "learner": 3, "night_owl": 1, "declines": 2,
	"next_week_then_buys": 4, "weekly_buyer": 3, "file_again": 3, "warm_buyer": 5,
	"next_week": 1.5, "never_there": 1.5, "chased": 1.5, "shrugs_back": 1.5, "friendly": 1.5, "weekly_question": 1.25,
	"same_file": 1.25,
}

// fourthArchetypes are the kinds that occur in the fourth crowd alone. The quotas are those of the others: who is
// silent is seen within sixty days, who talks within a hundred and twenty; who answers each farewell with a shrug has
// had two by then.
var fourthArchetypes = []Archetype{
	{
		"next_week_then_buys", Genuine, "S2",
		"puts us off to next week more than once, means it, and buys", 0, false, 0, buyer(func(m *manner) {
			m.putsOff, m.hours = 0.3, 9
		}),
	},
	{
		"weekly_buyer", Genuine, "S1", "asks a question a week, answers ours, and buys", 0, false, 0,
		buyer(func(m *manner) {
			m.weekly, m.asks = true, 0.6
		}),
	},
	{
		"file_again", Genuine, "S3",
		"gets the offer as a file, asks for it once more, and buys", 0, false, 0, buyer(func(m *manner) {
			m.file, m.again, m.helpless = true, 0.2, true
		}),
	},
	{"warm_buyer", Genuine, "S4", "is full of kind words, and buys", 0, false, 0, buyer(func(m *manner) {
		m.warm = 0.4
	})},

	{"next_week", Waster, "S3", "call me next week, for a year", quotaTalker, true, 0, waster(func(m *manner) {
		m.putsOff, m.answer, m.hours, m.fades = 0.95, 0.9, 10, 0
	})},
	{
		"never_there", Waster, "S3", "takes every time that we propose, and is never there", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.call, m.keeps, m.short, m.dodges, m.answer, m.fades = 0.95, 0, 0.1, 0.1, 0.85, 0.01
		}),
	},
	{"chased", Waster, "S3", "is written to every day, and silent", quotaSilent, true, 0, waster(func(m *manner) {
		m.pursued, m.fades, m.answer, m.returns, m.evening = true, 1, 0, 0, 0
	})},
	{
		"shrugs_back", Waster, "S3",
		"silent; answers each farewell with a shrug, and is silent again", 2 * quotaSilent, false, 2,
		waster(func(m *manner) {
			m.fades, m.shrugs, m.returns = 1, true, 0
		}),
	},
	{
		"friendly", Waster, "S1", "answers everything with kind words, and goes nowhere", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.warm, m.answer, m.hours, m.fades, m.bursts = 0.95, 0.95, 5, 0, 0
		}),
	},
	{
		"weekly_question", Waster, "S1",
		"asks a question a week, for a year, and answers none", quotaTalker, true, 0, waster(func(m *manner) {
			m.weekly, m.answer, m.fades, m.bursts, m.returns = true, 0, 0, 0, 0
		}),
	},
	{
		"same_file", Waster, "S3", "asks for the same file for the sixth time", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.file, m.again, m.helpless, m.short, m.dodges, m.discount, m.promise, m.fades = true, 0.9, true, 0.05, 0.1,
				0.02, 0.02, 0.01
		}),
	},
}

// putOff is "next week": a time without a day. We come back to it then, and the first such week is theirs.
func (l *Life) putOff() {
	t := crm.Text{
		Units: between(l.rnd, 3, 12), Intents: crm.DefersTime, Horizon: crm.At(l.now.AddDate(0, 0, 7)), Loose: true,
	}
	first := l.refusals == 0
	l.refusals++
	l.write(t, false)
	if first {
		l.until = t.Horizon.Time()
	}
}

// kind is an answer full of kind words that holds nothing, at times with a "soon".
func (l *Life) kind() {
	t := crm.Text{Units: between(l.rnd, 12, 50), Intents: crm.Answers}
	if l.chance(0.3) {
		t.Intents |= crm.DefersTime
	}
	l.write(t, true)
}

// weeklyQuestions has them ask by themselves, about once a week.
func (l *Life) weeklyQuestions() {
	if !l.m.weekly {
		return
	}
	for at := l.Appears.AddDate(0, 0, 7); at.Before(l.end); at = at.AddDate(0, 0, 7) {
		l.plan(l.theirTime(at.Add(l.upTo(24*time.Hour)), 2), func() {
			if !l.bought && !l.closed && !l.gone && l.turn > 0 {
				l.write(crm.Text{Units: between(l.rnd, 8, 30), Asks: 1, Intents: crm.Asks}, true)
			}
		})
	}
}

// shrug is what they answer to a farewell, and no more.
func (l *Life) shrug() {
	l.plan(l.theirTime(l.now, 12), func() {
		l.parted = false
		l.write(crm.Text{Units: between(l.rnd, 1, 3), Intents: crm.Vague}, true)
	})
}

// fileOf is the hash of the offer that they get as a file: always the same one.
func (l *Life) fileOf() uint64 { return l.quote.Quote.Link | 2 }
