package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
)

// knobs are all settings in order: the general ones, then six of each signal.
var knobs = append(general, signalKnobs()...)

const (
	minute = time.Minute
	hour   = time.Hour
	years  = 3650 * calendar.Days
)

var general = []knob{
	long("SETTLE", "5m", 0, 24*hour,
		"nothing is announced against a contact until no new fact about it has come for this long", "",
		func(s *Settings) *time.Duration { return &s.Settling }),

	zone("ZONE", "UTC",
		"zone by which the clocks of a prospect run whose own is not known",
		func(s *Settings) **time.Location { return &s.Zone }),
	zone("OWNER_ZONE", "UTC", "zone of our people where the CRM does not say",
		func(s *Settings) **time.Location { return &s.OwnerZone }),
	hours("HOURS", "09:00-17:00", "business hours of prospects, in their zone",
		func(s *Settings) *calendar.Hours { return &s.Hours }),
	hours("OWNER_HOURS", "09:00-17:00", "our business hours, in the owner's zone",
		func(s *Settings) *calendar.Hours { return &s.OwnerHours }),
	{
		"WORK_WEEK", "mon-fri", "weekdays",
		"working days, where the country has no other week by law", "", func(s *Settings, v string) (text string,
			err error,
		) {
			s.Week, text, err = parseWeek(v)
			return text, err
		},
	},
	{
		"OWNER_COUNTRY", "", "ISO 3166-1 code", "country whose public holidays our people have", "",
		func(s *Settings, v string) (string, error) {
			s.OwnerCountry = strings.ToUpper(v)
			if len(v) != 0 && len(v) != 2 {
				return "", fmt.Errorf("want a country's two letters such as DE, or nothing")
			}
			return s.OwnerCountry, nil
		},
	},
	whole("SLA", 1, 0, 60, "business days", "how long we may take to answer", "",
		func(s *Settings) *int { return &s.SLA }),
	list("FOLLOW_UP_PROPERTIES", "",
		"properties that hold an agreed date; while it lies ahead, clocks stand still", "",
		func(s *Settings) *[]string { return &s.FollowUps }),

	long("QUOTA_EARLY", "45d", 1*calendar.Days, years,
		"silence before the first meeting or quote until unresponsive", signals.S2+"; A39",
		func(s *Settings) *time.Duration { return &s.QuotaEarly }),
	long("QUOTA_AFTER", "30d", 1*calendar.Days, years,
		"silence after the first meeting or quote until unresponsive", signals.S2+"; A39",
		func(s *Settings) *time.Duration { return &s.QuotaAfter }),
	long("QUOTA_LATE", "45d", 1*calendar.Days, years,
		"silence in late stages, and after a meeting held and a quote, until unresponsive", signals.S2+"; A39",
		func(s *Settings) *time.Duration { return &s.QuotaLate }),
	whole("LATE_PROBABILITY", 60, 1, 100, "per cent",
		"a deal with at least this probability is in a late stage", "", func(s *Settings) *int { return &s.Late }),
	whole("ATTEMPTS", 3, 2, 20, "attempts",
		"delivered attempts of ours without an answer before unresponsive", "A39",
		func(s *Settings) *int { return &s.Attempts }),
	whole("ATTEMPT_DAYS", 3, 1, 20, "days", "on at least this many different days", "A39",
		func(s *Settings) *int { return &s.AttemptDays }),
	whole("ATTEMPT_GAP", 3, 0, 30, "business days",
		"an attempt sooner than this after the one before is not counted", "G15",
		func(s *Settings) *int { return &s.AttemptGap }),
	whole("ATTEMPT_REST", 5, 0, 60, "business days", "since our last attempt before unresponsive", "A39",
		func(s *Settings) *int { return &s.AttemptRest }),
	long("ATTEMPT_LASTS", "14d", 0, years, "until enough has been tried, an attempt keeps the clock of silence "+
		"running for this long; what follows is our own silence; 0s: it runs on", "G3",
		func(s *Settings) *time.Duration { return &s.AttemptLasts }),
	long("MIN_AGE", "14d", 1*calendar.Days, years, "a contact known for less is never pending", "G4",
		func(s *Settings) *time.Duration { return &s.MinAge }),
	whole("GRACE", 7, 1, 120, "business days",
		"from pending to disqualified, in the prospect's calendar", "A50", func(s *Settings) *int { return &s.Grace }),
	long("RECHECK", "90d", 7*calendar.Days, years, "from disqualified to the recheck date", "A52",
		func(s *Settings) *time.Duration { return &s.Recheck }),
	long("RECHECK_UNRESPONSIVE", "150d", 7*calendar.Days, years, "the same where the ground was silence", "A52",
		func(s *Settings) *time.Duration { return &s.RecheckSilent }),
	long("REQUALIFIED_FLOOR", "30d", 0, years,
		"how long one who came back is rated no worse than C", "A51",
		func(s *Settings) *time.Duration { return &s.Floor }),
	long("REQUALIFIED_AGAIN", "180d", 0, years,
		"one who comes back again within this is seen with the conduct of before the last time too", "A51",
		func(s *Settings) *time.Duration { return &s.BackAgain }),
	long("OUT_OF_OFFICE", "14d", 1*calendar.Days, 365*calendar.Days, "an absence that states no return", "",
		func(s *Settings) *time.Duration { return &s.Away }),
	whole("OUT_OF_OFFICE_MARGIN", 1, 0, 20, "business days", "added to a stated return", "",
		func(s *Settings) *int { return &s.AwayMargin }),
	whole("PROMISE_DUE", 5, 0, 60, "business days", "when a promise of ours without a date falls due", "A13",
		func(s *Settings) *int { return &s.PromiseDue }),
	long("NOT_READY", "90d", 7*calendar.Days, years,
		"when to come back to one who said later and named no date", "A43",
		func(s *Settings) *time.Duration { return &s.NotReady }),
	long("TALK", "2m", 0, 2*hour,
		"a call without an outcome that lasted this long counts as a talk", "",
		func(s *Settings) *time.Duration { return &s.Talk }),
	long("REPLY_TIME", "10d", 1*calendar.Days, 365*calendar.Days,
		"a question of ours counts as unanswered after this", "A04",
		func(s *Settings) *time.Duration { return &s.ReplyTime }),

	whole("ENGAGEMENT_LOW", 40, 0, 100, "points", "engagement below is low", "",
		func(s *Settings) *int { return &s.Bands[0].Low }),
	whole("ENGAGEMENT_HIGH", 65, 0, 100, "points", "engagement from here on is high", "", func(s *Settings) *int {
		return &s.Bands[0].High
	}),
	whole("FIT_LOW", 40, 0, 100, "points", "fit below is low", "", func(s *Settings) *int { return &s.Bands[1].Low }),
	whole("FIT_HIGH", 65, 0, 100, "points", "fit from here on is high", "", func(s *Settings) *int {
		return &s.Bands[1].High
	}),
	whole("WORTH_LOW", 40, 0, 100, "points", "worth below is low", "",
		func(s *Settings) *int { return &s.Bands[2].Low }),
	whole("WORTH_HIGH", 65, 0, 100, "points", "worth from here on is high", "", func(s *Settings) *int {
		return &s.Bands[2].High
	}),
	{
		"MATRIX", "AAB,BCC,CDD", "letters",
		"rating by engagement (rows: high, middle, low) and fit (columns: high, middle, low)", "", setMatrix,
	},
	whole("STEADY_MARGIN", 5, 0, 50, "points",
		"by how many points engagement has to leave a band before time alone moves the letter", "",
		func(s *Settings) *int { return &s.Margin }),
	whole("WEIGHT_ENGAGEMENT", 50, 0, 100, "per cent",
		"share of engagement in the score that sorts inside a rating", "",
		func(s *Settings) *int { return &s.weights[0] }),
	whole("WEIGHT_FIT", 30, 0, 100, "per cent", "share of fit", "", func(s *Settings) *int { return &s.weights[1] }),
	whole("WEIGHT_WORTH", 20, 0, 100, "per cent", "share of worth", "",
		func(s *Settings) *int { return &s.weights[2] }),
	whole("FLAG_RATE_LOW", 5, 0, 100, "per cent",
		"share of contacts flagged below which a review warns", signals.S0+"; A53",
		func(s *Settings) *int { return &s.flagLow }),
	whole("FLAG_RATE_HIGH", 15, 0, 100, "per cent", "share above which it warns", signals.S0+"; A53",
		func(s *Settings) *int { return &s.flagHigh }),

	long("NO_PROGRESS", "60d", 7*calendar.Days, years, "without a commitment until no progress", "A43",
		func(s *Settings) *time.Duration { return &s.NoProgress }),
	whole("NO_PROGRESS_FOLLOW_UPS", 2, 1, 20, "follow-ups", "follow-ups that we kept in that time without one", "A43",
		func(s *Settings) *int { return &s.NoProgressFollowUp }),
	whole("NO_PROGRESS_ASKS", 4, 0, 50, "questions", "questions of ours in that time that do for follow-ups with one "+
		"who answers in a word, finds no time or only asks; 0: none do", "A43", func(s *Settings) *int {
		return &s.NoProgressAsks
	}),
	long("FACT_FINDING", "30d", 7*calendar.Days, years,
		"silence after taking much information until dormant", "A15",
		func(s *Settings) *time.Duration { return &s.FactFinding }),
	whole("FACT_FINDING_ATTEMPTS", 2, 1, 20, "attempts", "delivered attempts of ours in that silence", "A15",
		func(s *Settings) *int { return &s.FactAttempts }),
	whole("DIFFICULT_SIGNALS", 2, 2, 10, "signals", "conduct signals at once that make difficult", signals.S3,
		func(s *Settings) *int { return &s.Difficult }),
	whole("DIFFICULT_POINTS", 12, 1, 100, "points",
		"that they have to take together: as many as one of them at its strongest", signals.S3, func(s *Settings) *int {
			return &s.DifficultPoints
		}),
	whole("UNPROFITABLE_HOURS", 0, 0, 10000, "hours",
		"effort without any commitment until unprofitable; 0: never", signals.S3+"; A17", func(s *Settings) *int {
			return &s.UnprofitableHours
		}),
	{
		"MISFIT", "", "conditions",
		"whom we cannot serve: country=XX;industry=retail|food. They get a helpful pointer", signals.S0 + "; A34",
		func(s *Settings, v string) (text string, err error) {
			s.Misfits, text, err = signals.ParsePredicates(v)
			return text, err
		},
	},
	yesNo("MISFIT_ENDS", "false",
		"a misfit who was helped on becomes pending; otherwise nurture is the worst", "A34, G5",
		func(s *Settings) *bool { return &s.MisfitEnds }),

	{
		"SUSPECT_HOURS", "off;fri 16:00-18:00", "windows",
		"hours of a first enquiry that are suspect; off: outside business hours", signals.S0 + "; A01",
		func(s *Settings, v string) (string, error) {
			w, err := parseWindows(v)
			s.Suspect = w
			return strings.TrimSpace(v), err
		},
	},
	whole("FREE_INFORMATION_ASKS", 5, 2, 100, "questions", "questions and price requests that make much", signals.S0,
		func(s *Settings) *int { return &s.InfoAsks }),
	long("REPLY_LATENCY_FAST", "4h", 0, 400*hour, "business time to answer that is quick", "",
		func(s *Settings) *time.Duration { return &s.LatencyFast }),
	long("REPLY_LATENCY_TYPICAL", "16h", 0, 400*hour, "business time to answer that is usual", "",
		func(s *Settings) *time.Duration { return &s.LatencyTypical }),
	long("REPLY_LATENCY_SLOW", "56h", 0, 800*hour, "business time to answer that is slow", "",
		func(s *Settings) *time.Duration { return &s.LatencySlow }),
	whole("REPLY_LATENCY_TURNS", 3, 1, 50, "answers", "answers before the median says anything", signals.S2,
		func(s *Settings) *int { return &s.LatencyTurns }),
	whole("SHORT_ANSWERS_UNITS", 2, 1, 20, "units", "an answer of at most this length is short", signals.S3,
		func(s *Settings) *int { return &s.ShortUnits }),
	whole("SHORT_ANSWERS_OF", 3, 1, 20, "answers", "how many of the last answers are looked at", signals.S3,
		func(s *Settings) *int { return &s.ShortOf }),
	whole("SHORT_ANSWERS_MIN", 2, 1, 20, "answers", "how many of them have to be short", signals.S3,
		func(s *Settings) *int { return &s.ShortMin }),
	whole("NO_CALL_TIME_MIN", 2, 1, 20, "times",
		"declined, moved or missed appointments before they count", signals.S3,
		func(s *Settings) *int { return &s.CallTimes }),
	whole("NO_CALL_TIME_BOOK", 10, 1, 60, "business days",
		"an answered proposal without a booking in this time was declined", signals.S3,
		func(s *Settings) *int { return &s.BookWithin }),
	whole("DINNER_CALLS_WITHIN", 5, 1, 30, "business days", "after our voicemail", signals.S3,
		func(s *Settings) *int { return &s.ReturnCall }),
	whole("SAME_QUOTE_WARN", 3, 2, 50, "sends", "sends of one quote at their request that warn", signals.S3,
		func(s *Settings) *int { return &s.QuoteWarn }),
	whole("SAME_QUOTE_FLAG", 4, 2, 50, "sends", "sends of one quote at their request that flag", signals.S3,
		func(s *Settings) *int { return &s.QuoteFlag }),
	whole("NEEDY_BURST", 3, 2, 50, "messages", "messages in a row that make a burst", signals.S3,
		func(s *Settings) *int { return &s.Burst }),
	long("NEEDY_BURST_WITHIN", "2h", 10*minute, 48*hour, "within this time", signals.S3,
		func(s *Settings) *time.Duration { return &s.BurstWithin }),
	whole("NEEDY_WEEK", 12, 3, 500, "messages",
		"messages in seven days, half of them outside business hours, that make needy", signals.S3,
		func(s *Settings) *int { return &s.NeedyWeek }),
	whole("MARGIN_PRESSURE_ASKS", 2, 1, 20, "times", "discount requests before they count", signals.S3,
		func(s *Settings) *int { return &s.Discounts }),
	whole("SCOPE_CREEP_FREE", 2, 0, 50, "changes",
		"changes in thirty days after the contract that are normal", signals.S2,
		func(s *Settings) *int { return &s.ScopeFree }),
	whole("LOW_MARGIN", 10, -100, 100, "per cent",
		"expected margin after discount below which the rating is at best B", signals.S3,
		func(s *Settings) *int { return &s.MinMargin }),
	long("EFFORT_MAIL", "10m", 0, 8*hour, "our time for a message", signals.S1,
		func(s *Settings) *time.Duration { return &s.EffortMail }),
	long("EFFORT_CALL", "10m", 0, 8*hour, "our time around a call, beside the call itself", signals.S1,
		func(s *Settings) *time.Duration { return &s.EffortCall }),
	long("EFFORT_QUOTE", "1h", 0, 80*hour, "our time for a quote", signals.S1,
		func(s *Settings) *time.Duration { return &s.EffortQuote }),
	long("EFFORT_MEETING", "1h", 0, 8*hour, "our time for a meeting whose length is not known", signals.S1,
		func(s *Settings) *time.Duration { return &s.EffortMeeting }),
	long("EFFORT_NOTE", "5m", 0, 8*hour,
		"our time for a note about them; it is reported, and never brings on hold, light or unprofitable", signals.S1,
		func(s *Settings) *time.Duration { return &s.EffortNote }),
	long("EFFORT_CAP", "6h", 1*hour, 1000*hour,
		"our time for a fact-finder; beyond it hold, treatment light", signals.S1+"; A46, G6",
		func(s *Settings) *time.Duration { return &s.EffortCap }),
	yesNo("CONTRACTS", "false",
		"deals say whether a contract is on file; true by itself where a source has a CONTRACT_PROPERTY",
		signals.S2+"; A33", func(s *Settings) *bool { return &s.Contracts }),
	yesNo("MARGINS", "false",
		"quotes say which margin is expected; true by itself where a source has a MARGIN_PROPERTY", signals.S2+"; A21",
		func(s *Settings) *bool { return &s.Margins }),
	long("TENURE", "730d", 30*calendar.Days, years,
		"two-way contact over this long keeps the rating at C or better", signals.S2,
		func(s *Settings) *time.Duration { return &s.Tenure }),

	property("INDUSTRY_PROPERTY", "industry", "where the industry stands", signals.S0, func(s *Settings) *string {
		return &s.IndustryProperty
	}),
	list("INDUSTRY_GOOD", "", "industries that fit", signals.S0,
		func(s *Settings) *[]string { return &s.IndustryGood }),
	list("INDUSTRY_BAD", "", "industries that do not", signals.S0,
		func(s *Settings) *[]string { return &s.IndustryBad }),
	property("COMPANY_SIZE_PROPERTY", "company_size", "where the number of employees stands", signals.S0,
		func(s *Settings) *string { return &s.SizeProperty }),
	whole("COMPANY_SIZE_MIN", 0, 0, 10_000_000, "employees", "smallest size that fits; 0: any", signals.S0,
		func(s *Settings) *int { return &s.SizeMin }),
	whole("COMPANY_SIZE_MAX", 0, 0, 10_000_000, "employees", "largest size that fits; 0: any", signals.S0,
		func(s *Settings) *int { return &s.SizeMax }),
	property("ROLE_PROPERTY", "role", "where the role stands", signals.S0,
		func(s *Settings) *string { return &s.RoleProperty }),
	list("ROLES", "", "words in the role of one who decides: head,director,owner", signals.S0,
		func(s *Settings) *[]string { return &s.Roles }),
	whole("SPEND_GOOD", 1_000_000, 1, 1_000_000_000_000, "minor units",
		"won and open amounts that bring all the points", signals.S0, func(s *Settings) *int { return &s.SpendGood }),
	property("RECURRING_PROPERTY", "recurring_revenue",
		"where recurring revenue a year stands, in major units", signals.S0, func(s *Settings) *string {
			return &s.RecurringProperty
		}),
	whole("RECURRING_GOOD", 5000, 1, 1_000_000_000, "major units", "recurring revenue that brings all the points",
		signals.S0, func(s *Settings) *int { return &s.RecurringGood }),
	property("REFERRALS_PROPERTY", "referrals_given",
		"where the number of contacts stands that they sent us, if the CRM does not link them",
		signals.S0+"; "+signals.S4, func(s *Settings) *string { return &s.ReferralsProperty }),
	property("REFERRED_BY_PROPERTY", "referred_by",
		"where it stands through whom they came, if the CRM does not link them; any value counts",
		signals.S0+"; "+signals.S4, func(s *Settings) *string { return &s.ReferredByProperty }),
	property("REPUTATION_PROPERTY", "reputation", "where the reputation stands", signals.S0, func(s *Settings) *string {
		return &s.ReputationProperty
	}),
	list("REPUTATION_GOOD", "good,excellent", "values that raise", signals.S0, func(s *Settings) *[]string {
		return &s.ReputationGood
	}),
	list("REPUTATION_BAD", "bad,poor", "values that lower", signals.S0, func(s *Settings) *[]string {
		return &s.ReputationBad
	}),
	property("SUPPORT_PROPERTY", "open_tickets", "where the number of support cases stands", signals.S2,
		func(s *Settings) *string { return &s.SupportProperty }),
	property("ESCALATIONS_PROPERTY", "escalations", "where the number of escalations stands", signals.S2,
		func(s *Settings) *string { return &s.EscalationsProperty }),
	property("REFUNDS_PROPERTY", "refunds", "where the number of refunds stands", signals.S2,
		func(s *Settings) *string { return &s.RefundsProperty }),
	whole("SUPPORT_HEAVY", 3, 1, 100, "cases",
		"as many support cases as an escalation or a refund weighs", signals.S2,
		func(s *Settings) *int { return &s.SupportHeavy }),
	whole("SUPPORT_MANY", 5, 1, 10000, "cases", "support cases that bring all the points", signals.S2,
		func(s *Settings) *int { return &s.SupportMany }),
	property("VOTE_PROPERTY", "rep_vote", "where the vote of our people stands, -2 to 2", signals.S3,
		func(s *Settings) *string { return &s.VoteProperty }),
	property("GAPS_PROPERTY", "open_lines",
		"where the number of product lines stands that it does not buy yet", signals.S2,
		func(s *Settings) *string { return &s.GapsProperty }),
	{
		"FIT_PROFILE", "", "conditions with points",
		"further conditions of fit: industry=retail:+10;employees<5:-5", signals.S0 + "; A31",
		func(s *Settings, v string) (text string, err error) {
			s.FitPredicates, text, err = signals.ParseWeighted(v)
			return text, err
		},
	},
	{
		"WORTH_PROFILE", "", "conditions with points",
		"further conditions of worth, written the same way", signals.S0 + "; A31",
		func(s *Settings, v string) (text string, err error) {
			s.WorthPredicates, text, err = signals.ParseWeighted(v)
			return text, err
		},
	},
}

func setMatrix(s *Settings, v string) (string, error) {
	v = strings.ToUpper(strings.ReplaceAll(v, " ", ""))
	rows := strings.Split(v, ",")
	for i, row := range rows {
		if len(rows) != 3 || len(row) != 3 || strings.Trim(row, "ABCD") != "" {
			return "", fmt.Errorf("want three rows of three letters from A to D, as in AAB,BCC,CDD")
		}
		copy(s.Matrix[i][:], row)
	}
	return v, nil
}

// signalKnobs are the six settings of every signal.
func signalKnobs() []knob {
	var list []knob
	for i := range signals.Book {
		sig := &signals.Book[i]
		prefix := strings.ToUpper(sig.Name) + "_"
		field := func(s *Settings) *Signal { return &s.Rows[i] }
		list = append(list, yesNo(prefix+"ON", strconv.FormatBool(sig.On), sig.ID+", whether it "+sig.Why, sig.Source,
			func(s *Settings) *bool { return &field(s).On }))
		if sig.Sub == "" {
			continue
		}
		list = append(list,
			whole(prefix+"POINTS", sig.Points, -50, 50, "points", sig.ID+", at full strength and age zero, towards "+
				string(sig.Sub), sig.Source, func(s *Settings) *int { return &field(s).Points }),
			whole(prefix+"CAP", sig.Cap, 0, 50, "points", sig.ID+", most points of either sign", sig.Source,
				func(s *Settings) *int { return &field(s).Cap }),
			long(prefix+"HALF_LIFE", formatDuration(sig.HalfLife), 0, years, sig.ID+", until half of the points are "+
				"left; 0s: they stay", sig.Source, func(s *Settings) *time.Duration { return &field(s).HalfLife }),
			long(prefix+"WINDOW", formatDuration(sig.Window), 0, years,
				sig.ID+", older facts do not count; 0s: all do", sig.Source, func(s *Settings) *time.Duration {
					return &field(s).Window
				}),
			whole(prefix+"EARLY", sig.Early, 0, 100, "per cent", sig.ID+", share of negative points that counts "+
				"before the first booking, quote or stage", "A18, "+sig.Source,
				func(s *Settings) *int { return &field(s).Early }),
		)
	}
	return list
}
