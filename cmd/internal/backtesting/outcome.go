package backtesting

import (
	"cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Beginning is when the contact came to be known.
func Beginning(r *rules.Record) crm.Millis {
	first := r.Lasting.First
	for _, list := range [...][]crm.Fact{r.Conduct, r.Peers, r.Items, r.Profile} {
		for i := range list {
			if at := list[i].At; at != 0 && (first == 0 || at < first) {
				first = at
			}
		}
	}
	return first
}

// Closed is how the first deal that came to an end did.
type Closed struct {
	Won    bool
	At     crm.Millis
	Amount int64 // minor units
}

// OutcomeOf is the first deal won, or else the first one lost; nil where none came to an end.
func OutcomeOf(r *rules.Record) *Closed {
	var won, lost *Closed
	for i := range r.Items {
		d := r.Items[i].Deal
		switch {
		case d == nil:
		case d.Won != 0 && (won == nil || d.Won < won.At):
			won = &Closed{true, d.Won, d.Amount}
		case d.Lost != 0 && (lost == nil || d.Lost < lost.At):
			lost = &Closed{false, d.Lost, d.Amount}
		}
	}
	if at := r.Lasting.Won; at != 0 && (won == nil || at < won.At) {
		won = &Closed{Won: true, At: at}
	}
	return cmp.Or(won, lost)
}

// boughtOf is OutcomeOf, and where no deal was won but the CRM calls somebody a customer, they bought when it began to.
func boughtOf(r *rules.Record) *Closed {
	closed := OutcomeOf(r)
	if at := rules.CustomerSince(r); at != 0 && (closed == nil || !closed.Won) {
		return &Closed{Won: true, At: at}
	}
	return closed
}
