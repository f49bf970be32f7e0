package signals

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

var referralsGivenRow = Signal{
	ID: "A29", Name: "referrals_given", Sub: crm.Worth, Points: 10,
	Cap: 20, HalfLife: 365 * calendar.Days, Window: 1095 * calendar.Days, Early: 100, On: true,
	Why:    "has sent us others; theirs count by half, and theirs by a quarter",
	Source: S0 + "; " + S4,
}

var referralsReceivedRow = Signal{
	ID: "A29", Name: "referrals_received", Sub: crm.Fit, Points: 4, Cap: 4, Early: 100, On: true,
	Why:    "came to us through somebody we know",
	Source: S0,
}

// referrals is A29: whom they sent us, to the third level, and whether they came through somebody we know. Where the
// CRM links no contacts for that, two properties say so.
func referrals(h *View, sh *Sheet) {
	given, received := Weigh(h, RowReferralsGiven), Weigh(h, RowReferralsReceived)
	n := 0
	for i := range h.R.Referrals {
		f := &h.R.Referrals[i]
		ref := f.Referral
		switch {
		case ref == nil || f.At > h.Limit:
		case ref.Direction == crm.Out && ref.Level <= 3 && given.counts(f.At) && !sent(h.R.Referrals[:i], ref.Other):
			given.hit(f.At, f.ID, 1/float64(int(1)<<max(ref.Level-1, 0)))
			n++
		case ref.Direction == crm.In && received.sum == 0 && received.counts(f.At):
			received.hit(f.At, f.ID, 1)
		}
	}
	if f, held := h.Referred(); n == 0 && held > 0 && given.counts(record.Changed(f)) {
		given.hit(record.Changed(f), f.ID, float64(held))
		n = held
	}
	if f := h.Property(h.S.ReferredByProperty); f != nil && received.sum == 0 {
		received.hit(record.Changed(f), f.ID, 1)
	}
	if n > 0 && given.sig.On {
		sh.add(&given, RowReferralsGiven, words.Say("reason.referrals_given", words.Number("n", n)))
	}
	if received.sum > 0 && received.sig.On {
		sh.add(&received, RowReferralsReceived, words.Say("reason.referrals_received"))
	}
}

// sent reports whether one whom they sent us is among facts already: who has come to be one contact by a merge stands
// there for each.
func sent(facts []crm.Fact, other string) bool {
	return slices.ContainsFunc(facts, func(f crm.Fact) bool {
		return f.Referral != nil && f.Referral.Direction == crm.Out && f.Referral.Other == other
	})
}
