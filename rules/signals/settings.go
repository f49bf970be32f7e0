package signals

import (
	"time"

	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/history"
)

// Settings are what the signals need beside the history: their rows, and what each of them looks for.
type Settings struct {
	history.Settings

	Rows   [RowCount]Signal
	Custom []CustomSignal

	SLA         int // business days
	FactFinding time.Duration
	Misfits     []Predicate

	ShortOf, ShortMin                        int
	LatencyFast, LatencyTypical, LatencySlow time.Duration
	LatencyTurns                             int
	QuoteWarn, QuoteFlag                     int
	CallTimes                                int
	BookWithin                               int // business days
	Suspect                                  []calendar.Window
	InfoAsks                                 int
	Burst                                    int
	BurstWithin                              time.Duration
	NeedyWeek                                int
	ReturnCall                               int // business days
	Discounts                                int
	ScopeFree                                int
	MinMargin                                int // per cent
	EffortMail, EffortCall, EffortQuote      time.Duration
	EffortMeeting, EffortNote                time.Duration
	Tenure                                   time.Duration
	Contracts, Margins                       bool // whether the CRM says so

	IndustryProperty               string
	IndustryGood, IndustryBad      []string
	SizeProperty                   string
	SizeMin, SizeMax               int
	RoleProperty                   string
	Roles                          []string
	SpendGood                      int // minor units
	RecurringProperty              string
	RecurringGood                  int // major units
	ReferredByProperty             string
	ReputationProperty             string
	ReputationGood, ReputationBad  []string
	SupportProperty                string
	EscalationsProperty            string
	RefundsProperty                string
	SupportHeavy, SupportMany      int
	VoteProperty                   string
	GapsProperty                   string
	FitPredicates, WorthPredicates []Weighted
}

// View is a history as the signals see it.
type View struct {
	history.History
	S *Settings
}
