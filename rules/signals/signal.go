package signals

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
	Early    int           // per cent of its negative points that count before the first booking, quote or stage
	On       bool
	Why      string // what it looks for, for people who read the rule book
	Source   string // who says so
}

// The signals, in the order of the rule book.
const (
	RowSuspectHour = iota
	RowFreeInformation
	RowInbound
	RowAnswers
	RowReplyLatency
	RowShortAnswers
	RowNoCallTime
	RowDinnerCalls
	RowSameQuote
	RowNeedy
	RowMarginPressure
	RowBrokenPromises
	RowFuturePromises
	RowOurPromises
	RowScopeCreep
	RowDormantIntake
	RowFactFinding
	RowEffort
	RowSupportLoad
	RowRepVote
	RowLowMargin
	RowIndustry
	RowCompanySize
	RowChampions
	RowSpend
	RowRecurring
	RowReferralsGiven
	RowReferralsReceived
	RowReputation
	RowFitProfile
	RowWorthProfile
	RowDepth
	RowTenure
	RowContract
	RowMisfit
	RowCommitments
	RowCount
)

const (
	S0 = "S0, More crazy customers"
	S1 = "S1, Pick and choose your customers"
	S2 = "S2, Are customers testing your patience"
	S3 = "S3, Not all money is good money"
	S4 = "S4, Trust-based selling"
)
