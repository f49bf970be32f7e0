// Package status decides where a contact stands: what was announced, whether it still stands, whether something new is
// to be.
package status

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/signals"
)

// Settings are what the status needs beside the signals: the bands of the letter, the quotas and the graces.
type Settings struct {
	signals.Settings

	Settling    time.Duration
	QuotaEarly  time.Duration
	QuotaAfter  time.Duration
	QuotaLate   time.Duration
	AttemptDays int
	AttemptRest int // business days
	MinAge      time.Duration
	Grace       int // business days

	Recheck, RecheckSilent time.Duration
	Floor                  time.Duration

	Bands  [3]Band    // engagement, fit, worth
	Margin int        // points
	Matrix [3][3]byte // engagement high, middle, low; fit high, middle, low

	NoProgress         time.Duration
	NoProgressFollowUp int
	NoProgressAsks     int
	FactAttempts       int
	Difficult          int
	DifficultPoints    int
	UnprofitableHours  int
	MisfitEnds         bool
	EffortCap          time.Duration
}

// Band splits a sub-score: below low, from low, from high.
type Band struct{ Low, High int }

// Of is the row or column of the matrix: 0 from high on, 1 in the middle, 2 below low.
func (b Band) Of(score int) int {
	switch {
	case score >= b.High:
		return 0
	case score >= b.Low:
		return 1
	}
	return 2
}

// Judge decides about one contact at one instant.
type Judge struct {
	signals.View
	S *Settings

	longest time.Duration // see patient; known once looked is set
	looked  bool
}

// Look takes the history of a record as of an instant; facts later than limit are left out.
func (h *Judge) Look(s *Settings, r *record.Record, now, seen, limit crm.Millis) {
	h.S, h.View.S = s, &s.Settings
	h.Build(&s.Settings.Settings, r, now, seen, limit)
}
