package population

// Archetype is a kind of people: what is true of them, and how they deal with us.
type Archetype struct {
	Name   string
	Truth  Truth
	Source string // the article of the rule book that describes them
	Story  string
	// Quota is for wasters: how many days may pass from their turn until they are pending. Days on which we owed
	// something, they were away or a date was agreed do not count. It follows from the rule book: 45 days of silence
	// before the first quote, 30 after it, 60 without progress, and 15 for the last attempt to rest and for the
	// calendar.
	Quota int
	// Talks says that the waste is in the talking, so that the quota runs from the first contact; otherwise it runs
	// from the first question of ours after which they never write again.
	Talks bool
	// Times is how often a waster has to be pending to count as found, where once is not enough.
	Times  int
	manner manner
}

// manner is how somebody deals with us, in shares of 1 where nothing else is said.
type manner struct {
	answer   float64 // answers a question or a reminder of ours
	hours    float64 // median business hours until an answer
	busy     float64 // an answer takes two to four weeks more
	cold     int     // at most so many of our first messages stay without an answer
	rounds   int     // questions to be answered before we propose a call
	short    float64 // answers in a word or two
	vague    float64 // of those: says nothing
	asks     float64 // has questions of their own in a message
	dodges   float64 // asks instead of answering
	call     float64 // agrees to a time that we propose
	keeps    float64 // keeps an appointment; otherwise they move, cancel or miss it
	again    float64 // asked about the quote, wants the same one once more
	discount float64 // asked about the quote, wants a better price
	promise  float64 // asked about the quote, promises later business
	later    float64 // asked about the quote, asks us to come back at a date
	buys     float64 // asked about the quote, accepts it
	no       float64 // asked about anything, says that they do not want it
	fades    float64 // after a message of theirs: never writes again
	bursts   float64 // after a message of theirs: more at once
	odd      float64 // writes outside business hours
	evening  float64 // returns our voicemails after hours
	away     float64 // is away for weeks, beside a usual holiday
	peers    float64 // a colleague writes while they are silent
	refers   float64 // sends us somebody, in a month
	returns  float64 // answers the break-up mail
	forget   float64 // we leave a message of theirs unanswered for weeks
	miss     float64 // we let a follow-up or a promise of ours pass
	pursued  bool    // we write every day
	helpless bool    // needs a quote from us before any call
	ghost    bool    // is gone as soon as the quote is there
	putsOff  float64 // puts us off to next week, whatever we want
	warm     float64 // answers with kind words alone
	weekly   bool    // asks a question a week by themselves
	shrugs   bool    // answers the break-up mail with a shrug
	file     bool    // gets the offer as a file, and no quote
	comes    float64 // comes back by themselves, some weeks after a message of ours that they let lie
}

func buyer(change func(*manner)) manner {
	m := manner{
		answer: 0.8, hours: 6, busy: 0.03, rounds: 2, short: 0.1, vague: 0.1, asks: 0.35, dodges: 0.03, call: 0.75,
		keeps: 0.9, again: 0.04, discount: 0.12,
		promise: 0.04, later: 0.05, buys: 0.45, bursts: 0.03, odd: 0.12, evening: 0.05, peers: 0.05, refers: 0.01,
		returns: 0.7, forget: 0.03, miss: 0.04,
		comes: 0.3,
	}
	change(&m)
	return m
}

func waster(change func(*manner)) manner {
	m := manner{
		answer: 0.75, hours: 14, busy: 0.03, rounds: 2, short: 0.25, vague: 0.6, asks: 0.5, dodges: 0.35, call: 0.2,
		keeps: 0.4, again: 0.15, discount: 0.15,
		promise: 0.12, later: 0.04, fades: 0.05, bursts: 0.05, odd: 0.25, evening: 0.15, returns: 0.2, forget: 0.03,
		miss: 0.04,
	}
	change(&m)
	return m
}

// The quotas, see Archetype.Quota.
const (
	quotaSilent = 45 + 15
	quotaGhost  = 30 + 15
	quotaTalker = 60 + 45 + 15
)

var archetypes = append([]Archetype{
	{"decided", Genuine, "S0", "knows what they want, answers within hours, buys", 0, false, 0, buyer(func(m *manner) {
		m.answer, m.hours, m.busy, m.rounds, m.call, m.buys = 0.95, 2, 0, 1, 0.92, 0.7
	})},
	{"plain", Genuine, "S1", "an ordinary buyer, neither quick nor slow", 0, false, 0, buyer(func(*manner) {})},
	{
		"committee", Genuine, "S2",
		"has to ask others: slow, announces when they decide, colleagues write too", 0, false, 0,
		buyer(func(m *manner) {
			m.hours, m.busy, m.peers, m.later, m.buys, m.rounds, m.answer = 20, 0.15, 0.4, 0.3, 0.25, 3, 0.7
		}),
	},
	{
		"early_cold", Genuine, "S2", "does not react to the first mails, then warms up", 0, false, 0,
		buyer(func(m *manner) {
			m.cold, m.hours = 3, 10
		}),
	},
	{
		"terse", Genuine, "S3", "answers in a word or two that say what is needed, and buys", 0, false, 0,
		buyer(func(m *manner) {
			m.short, m.vague, m.asks, m.buys = 0.7, 0.12, 0.1, 0.55
		}),
	},
	{"bargainer", Genuine, "S3", "asks for a better price once or twice, and buys", 0, false, 0, buyer(func(m *manner) {
		m.discount, m.buys = 0.45, 0.4
	})},
	{
		"forgotten", Genuine, "S4", "waits for our answer: we forget them, more than once", 0, false, 0,
		buyer(func(m *manner) {
			m.forget = 0.45
		}),
	},
	{"let_down", Genuine, "S4", "we promise to come back and let the date pass", 0, false, 0, buyer(func(m *manner) {
		m.miss = 0.5
	})},
	{
		"traveller", Genuine, "S2",
		"away for weeks at a time, with and without a stated return", 0, false, 0, buyer(func(m *manner) {
			m.away, m.hours = 1, 9
		}),
	},
	{
		"pursued", Genuine, "S4", "we write to them every day; they answer in their own time", 0, false, 0,
		buyer(func(m *manner) {
			m.pursued, m.answer, m.hours, m.busy = true, 0.35, 24, 0.1
		}),
	},
	{
		"not_yet", Genuine, "S2",
		"asks us to come back after the budget round, and buys then", 0, false, 0, buyer(func(m *manner) {
			m.later, m.buys = 0.55, 0.35
		}),
	},
	{"referrer", Genuine, "S4", "buys little, sends us others", 0, false, 0, buyer(func(m *manner) {
		m.refers, m.buys, m.hours = 0.5, 0.3, 12
	})},
	{
		"learner", Genuine, "S1", "asks a great deal, and commits: meetings, then an order", 0, false, 0,
		buyer(func(m *manner) {
			m.asks, m.dodges, m.call, m.rounds = 0.9, 0.2, 0.8, 3
		}),
	},
	{
		"night_owl", Genuine, "S0",
		"first writes on a Friday evening, works at odd hours, and buys", 0, false, 0, buyer(func(m *manner) {
			m.odd, m.evening, m.bursts = 0.7, 0.3, 0.1
		}),
	},
	{
		"declines", Declines, "S4", "listens, then says openly that they do not want it", 0, false, 0,
		buyer(func(m *manner) {
			m.no, m.buys, m.returns = 0.3, 0, 0.05
		}),
	},

	{"silent", Waster, "S3", "a reaction or two, then nothing for ever", quotaSilent, false, 0, waster(func(m *manner) {
		m.fades, m.returns = 0.6, 0.15
	})},
	{
		"ghost_after_quote", Waster, "S2", "is quick until the quote is there, then gone", quotaGhost, false, 0,
		waster(func(m *manner) {
			m.answer, m.hours, m.dodges, m.short, m.fades, m.helpless, m.ghost = 0.9, 6, 0.1, 0.1, 0, true, true
		}),
	},
	{
		"fact_finder", Waster, "S1", "wants to know everything, tells nothing, falls silent", quotaSilent, false, 0,
		waster(func(m *manner) {
			m.asks, m.dodges, m.call, m.fades, m.answer = 0.95, 0.8, 0.05, 0.15, 0.85
		}),
	},
	{"one_word", Waster, "S3", "maybe, later, not sure", quotaTalker, true, 0, waster(func(m *manner) {
		m.short, m.vague, m.asks, m.dodges = 0.85, 0.9, 0.05, 0.05
	})},
	{
		"same_quote", Waster, "S3", "asks for the same quote for the fifth time", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.again, m.helpless, m.dodges, m.discount, m.promise = 0.8, true, 0.15, 0.05, 0.05
		}),
	},
	{
		"never_a_time", Waster, "S3", "will not commit to a call: moves, cancels, misses", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.call, m.keeps, m.dodges = 0.35, 0.08, 0.15
		}),
	},
	{
		"presser", Waster, "S3", "presses for price after price, never orders", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.discount, m.helpless, m.again, m.promise = 0.75, true, 0.1, 0.1
		}),
	},
	{"promiser", Waster, "S3", "there will be much more next quarter", quotaTalker, true, 0, waster(func(m *manner) {
		m.promise, m.helpless, m.discount, m.again = 0.6, true, 0.2, 0.05
	})},
	{
		"needy", Waster, "S3", "writes at all hours and in bursts, commits to nothing", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.bursts, m.odd, m.asks, m.answer, m.hours = 0.6, 0.6, 0.8, 0.9, 5
		}),
	},
	{
		"dinner_caller", Waster, "S3", "never there, calls back at dinner time", quotaTalker, true, 0,
		waster(func(m *manner) {
			m.evening, m.answer, m.call, m.odd = 0.7, 0.5, 0.1, 0.5
		}),
	},
}, fourthArchetypes...)

// Shares in per cent: 90 of genuine interest, those who decline among them, and 10 wasters.
var (
	firstShares = map[string]float64{
		"decided": 14, "plain": 17, "committee": 8, "early_cold": 5, "terse": 7, "bargainer": 6, "forgotten": 6,
		"let_down": 4, "traveller": 5, "pursued": 4,
		"not_yet": 4, "referrer": 2, "learner": 4, "night_owl": 2, "declines": 2,
		"silent": 1.5, "ghost_after_quote": 1, "fact_finder": 1, "one_word": 1, "same_quote": 1, "never_a_time": 1,
		"presser": 1, "promiser": 1, "needy": 0.75, "dinner_caller": 0.75,
	}
	secondShares = map[string]float64{
		"decided": 8, "plain": 13, "committee": 13, "early_cold": 7, "terse": 5, "bargainer": 5, "forgotten": 8,
		"let_down": 6, "traveller": 7, "pursued": 5,
		"not_yet": 5, "referrer": 1, "learner": 3, "night_owl": 2, "declines": 2,
		"silent": 2, "ghost_after_quote": 1.5, "fact_finder": 1.5, "one_word": 0.75, "same_quote": 0.75,
		"never_a_time": 1, "presser": 0.75, "promiser": 0.75, "needy": 0.5, "dinner_caller": 0.5,
	}
)
