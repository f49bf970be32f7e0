package signals

import "github.com/winnow-crm/winnow/connectors/crm"

var reputationRow = Signal{
	ID: "A30", Name: "reputation", Sub: crm.Worth, Points: 8, Cap: 8, Early: 100, On: true,
	Why:    "has the reputation that settings name",
	Source: S0,
}

func reputation(h *View, sh *Sheet) {
	listed(h, sh, RowReputation, h.S.ReputationProperty, h.S.ReputationGood, h.S.ReputationBad,
		"", "reason.reputation.good", "reason.reputation.bad")
}
