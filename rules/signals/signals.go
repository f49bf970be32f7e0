// Package signals weighs a history: a file and a row of the rule book for each thing that it looks for.
package signals

// weigher is one signal at work: it adds what it finds to the sheet.
type weigher struct {
	row   int
	weigh func(*View, *Sheet)
}

var conduct = [...]weigher{
	{RowAnswers, answers},
	{RowReplyLatency, replyLatency},
	{RowShortAnswers, shortAnswers},
	{RowNoCallTime, noCallTime},
	{RowFreeInformation, freeInformation},
	{RowDinnerCalls, dinnerCalls},
	{RowSameQuote, sameQuote},
	{RowNeedy, needy},
	{RowMarginPressure, marginPressure},
	{RowScopeCreep, scopeCreep},
	{RowDormantIntake, dormantIntake},
	{RowCommitments, commitments},
}

// Conduct weighs what they did. Of our own messages only those count that they answered: an unanswered one is at most a
// question that is still open, and the fewer of them there are the better for the contact.
func Conduct(h *View, sh *Sheet) {
	weighAll(h, sh, conduct[:])
	futureBusiness(h, sh)
	customs(h, sh)
	if h.S.Rows[RowSuspectHour].On {
		suspectHour(h, sh) // after all others: it counts only beside one of them
	}
}

var profile = [...]weigher{
	{RowIndustry, industry},
	{RowCompanySize, companySize},
	{RowReputation, reputation},
	{RowRecurring, recurring},
	{RowSupportLoad, supportLoad},
	{RowRepVote, repVote},
	{RowFitProfile, fitProfile},
	{RowWorthProfile, worthProfile},
	{RowChampions, champions},
	{RowSpend, spend},
}

// Profile weighs who they are. What is not known counts nothing, and is named where settings ask for it.
func Profile(h *View, sh *Sheet) {
	weighAll(h, sh, profile[:])
	referrals(h, sh)
	if h.S.Rows[RowDepth].On {
		depth(h, sh)
	}
}

var informs = [...]weigher{
	{RowOurPromises, ourPromises},
	{RowFactFinding, factFinding},
	{RowContract, contractMissing},
	{RowMisfit, misfit},
	{RowEffort, effortSpent},
}

// Inform adds what explains without points.
func Inform(h *View, sh *Sheet) { weighAll(h, sh, informs[:]) }

func weighAll(h *View, sh *Sheet, list []weigher) {
	for _, sig := range list {
		if h.S.Rows[sig.row].On {
			sig.weigh(h, sh)
		}
	}
}
