package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/rules/signals"
)

// Asleep is a signal that cannot speak, because what it needs is not configured.
type Asleep struct {
	Signal string // by its name
	Wants  string // what would wake it: settings of the rules, or of a source
}

// Asleep lists the signals that are switched on and lack their input. None of them affects a rating.
func (s *Settings) Asleep() []Asleep {
	given := func(property string) bool { return slices.Contains(s.named, property) }
	var list []Asleep
	for _, c := range [...]struct {
		row   int
		awake bool
		wants string
	}{
		{signals.RowLowMargin, s.Margins, "a source's MARGIN_PROPERTY"},
		{signals.RowIndustry, len(s.IndustryGood)+len(s.IndustryBad) > 0, Prefix + "INDUSTRY_GOOD or _BAD"},
		{signals.RowCompanySize, s.SizeMin > 0 || s.SizeMax > 0, Prefix + "COMPANY_SIZE_MIN or _MAX"},
		{signals.RowRecurring, given(s.RecurringProperty), Prefix + "RECURRING_PROPERTY"},
		{signals.RowReputation, given(s.ReputationProperty), Prefix + "REPUTATION_PROPERTY"},
		{signals.RowFitProfile, len(s.FitPredicates) > 0, Prefix + "FIT_PROFILE"},
		{signals.RowWorthProfile, len(s.WorthPredicates) > 0, Prefix + "WORTH_PROFILE"},
		{signals.RowScopeCreep, s.Contracts, "a source's CONTRACT_PROPERTY"},
		{signals.RowContract, s.Contracts, "a source's CONTRACT_PROPERTY"},
		{signals.RowMisfit, len(s.Misfits) > 0, Prefix + "MISFIT"},
	} {
		if row := &s.Rows[c.row]; row.On && !c.awake {
			list = append(list, Asleep{row.Name, c.wants})
		}
	}
	return list
}
