package rules

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Signal is one row of the rule book. Its numbers come from WINNOW_RULES_<NAME>_*; what it looks for is code beside it.
type Signal struct {
	ID       string        // as in the rule book, A06: stored with ratings, never reused
	Name     string        // short_answers: in settings, metrics and files
	Sub      crm.Sub       // the sub-score it counts towards; empty: it informs, without points
	Points   int           // at age zero, full strength; negative lowers the score
	Cap      int           // most points, of either sign, per contact
	HalfLife time.Duration // until half the points are left; 0 means no decay
	Window   time.Duration // facts older than this do not count; 0 means all
	Early    int           // per cent of its negative points that count before the first meeting or quote
	On       bool
	Why      string // what it looks for, for people who read the rule book
	Source   string // who says so
}

// The signals, in the order of the rule book.
const (
	sSuspectHour = iota
	sFreeInformation
	sInbound
	sAnswers
	sReplyLatency
	sShortAnswers
	sNoCallTime
	sDinnerCalls
	sSameQuote
	sNeedy
	sMarginPressure
	sBrokenPromises
	sFuturePromises
	sOurPromises
	sScopeCreep
	sDormantIntake
	sFactFinding
	sEffort
	sSupportLoad
	sRepVote
	sLowMargin
	sIndustry
	sCompanySize
	sChampions
	sSpend
	sRecurring
	sReferralsGiven
	sReferralsReceived
	sReputation
	sFitProfile
	sWorthProfile
	sDepth
	sTenure
	sContract
	sMisfit
	sCommitments
	signalCount
)

const (
	s0 = "S0, More crazy customers"
	s1 = "S1, Pick and choose your customers"
	s2 = "S2, Are customers testing your patience"
	s3 = "S3, Not all money is good money"
	s4 = "S4, Trust-based selling"
)

const days = 24 * time.Hour

// book is the rule book with its default numbers.
var book = [signalCount]Signal{
	sSuspectHour:       {"A01", "suspect_hour", crm.Engagement, -3, 3, 30 * days, 180 * days, 30, true, "first wrote at an hour that settings call suspect; counts only beside another negative", s0},
	sFreeInformation:   {"A02", "free_information", crm.Engagement, -10, 10, 60 * days, 180 * days, 30, true, "asks much, answers less than half of what we ask, commits to nothing", s0 + "; " + s1},
	sInbound:           {"A03", "inbound", "", 0, 0, 0, 0, 100, true, "came to us: adds nothing, and alone never makes an A", s0},
	sAnswers:           {"A04", "answers", crm.Engagement, -10, 10, 0, 180 * days, 30, true, "the share of our questions that got an answer: none lowers, all raises", s3},
	sReplyLatency:      {"A05", "reply_latency", crm.Engagement, -8, 8, 0, 180 * days, 30, true, "median time to answer in its business hours, against the usual and its own", s2 + "; " + s3},
	sShortAnswers:      {"A06", "short_answers", crm.Engagement, -12, 12, 60 * days, 180 * days, 30, true, "answers questions in a word or two that say nothing", s3},
	sNoCallTime:        {"A07", "no_call_time", crm.Engagement, -12, 12, 90 * days, 270 * days, 30, true, "declines times to talk, moves, cancels or misses meetings, set against meetings held", s3},
	sDinnerCalls:       {"A08", "dinner_calls", crm.Engagement, -3, 6, 30 * days, 90 * days, 30, true, "returns our voicemails outside our hours", s3},
	sSameQuote:         {"A09", "same_quote", crm.Engagement, -12, 12, 90 * days, 365 * days, 30, true, "asks for one and the same quote again and again", s3},
	sNeedy:             {"A10", "needy", crm.Engagement, -6, 6, 14 * days, 60 * days, 30, true, "writes in bursts, at all hours, while we are within our own time to answer", s3},
	sMarginPressure:    {"A11", "margin_pressure", crm.Engagement, -8, 8, 90 * days, 365 * days, 30, true, "asks for discounts repeatedly; what we gave way to counts too, our own first offer never", s3},
	sBrokenPromises:    {"A12", "broken_promises", crm.Engagement, -6, 12, 180 * days, 730 * days, 30, true, "promised later business and did not keep it", s3},
	sFuturePromises:    {"A12", "future_promises", crm.Worth, 1, 1, 0, 365 * days, 100, true, "promises later business: worth next to nothing until it is kept", s3},
	sOurPromises:       {"A13", "our_promises", "", 0, 0, 0, 0, 100, true, "waits for something that we promised: stops every clock", s3},
	sScopeCreep:        {"A14", "scope_creep", crm.Engagement, -8, 8, 60 * days, 180 * days, 30, true, "keeps changing what was agreed, where a contract is on file", s2},
	sDormantIntake:     {"A15", "dormant_after_intake", crm.Engagement, -8, 8, 0, 0, 30, true, "took much information and fell silent", s2},
	sFactFinding:       {"A16", "fact_finding", "", 0, 0, 0, 180 * days, 100, true, "collects facts without a milestone or a date: a class of its own, not a bad one", s1},
	sEffort:            {"A17", "effort", "", 0, 0, 0, 180 * days, 100, true, "hours that we have spent, against commitments", s1 + "; " + s3},
	sSupportLoad:       {"A19", "support_load", crm.Worth, -6, 6, 0, 0, 100, false, "needs much support: open cases, escalations, refunds", s2},
	sRepVote:           {"A20", "rep_vote", crm.Engagement, 3, 6, 0, 0, 100, false, "the vote of whoever works with it, -2 to 2", s3},
	sLowMargin:         {"A21", "low_margin", "", 0, 0, 0, 365 * days, 100, true, "leaves too small a margin: no better than B", s3},
	sIndustry:          {"A24", "industry", crm.Fit, 15, 15, 0, 0, 100, true, "is in an industry that settings name", s0},
	sCompanySize:       {"A25", "company_size", crm.Fit, 10, 10, 0, 0, 100, true, "has the size that settings name", s0},
	sChampions:         {"A26", "champions", crm.Fit, 8, 16, 0, 180 * days, 100, true, "holds a deciding role, or colleagues of it are active too", s0},
	sSpend:             {"A27", "spend", crm.Worth, 15, 20, 0, 730 * days, 100, true, "has bought, or has a sizeable deal open", s0},
	sRecurring:         {"A28", "recurring_revenue", crm.Worth, 10, 10, 0, 0, 100, true, "brings recurring revenue", s0},
	sReferralsGiven:    {"A29", "referrals_given", crm.Worth, 10, 20, 365 * days, 1095 * days, 100, true, "has sent us others; theirs count by half, and theirs by a quarter", s0 + "; " + s4},
	sReferralsReceived: {"A29", "referrals_received", crm.Fit, 4, 4, 0, 0, 100, true, "came to us through somebody we know", s0},
	sReputation:        {"A30", "reputation", crm.Worth, 8, 8, 0, 0, 100, true, "has the reputation that settings name", s0},
	sFitProfile:        {"A31", "fit_profile", crm.Fit, 1, 50, 0, 0, 100, true, "meets conditions that settings give points for; the points factor them", s2},
	sWorthProfile:      {"A31", "worth_profile", crm.Worth, 1, 50, 0, 0, 100, true, "meets conditions that settings give points for; the points factor them", s2},
	sDepth:             {"A32", "depth", crm.Worth, 5, 10, 0, 365 * days, 100, true, "several people or several deals: a broad relation; open product lines", s2},
	sTenure:            {"A32", "tenure", "", 0, 0, 0, 0, 100, true, "has talked with us for long: no worse than C", s2},
	sContract:          {"A33", "contract_missing", "", 0, 0, 0, 0, 100, true, "bought without a contract on file", s2},
	sMisfit:            {"A34", "misfit", "", 0, 0, 0, 0, 100, true, "is one whom we cannot serve: gets a helpful pointer", s0 + "; " + s4},
	sCommitments:       {"A40", "commitments", crm.Engagement, 6, 18, 120 * days, 365 * days, 100, true, "booked or held meetings, accepted quotes, advanced stages", s1 + "; " + s2},
}
