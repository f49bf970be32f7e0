package rules

import (
	"math"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/advice"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
	"github.com/winnow-crm/winnow/rules/words"
)

// Rate rates a contact at an instant. It is pure, and never changes the record. The Points of the Reasons add up
// exactly to each sub-score's distance from 50. What it says is in no language yet: words.Catalogue has them. Due is
// the next instant at which time alone changes anything else in the rating.
func Rate(s *Settings, r *Record, at Instant) crm.Rating {
	var h status.Judge
	defer h.GiveBack()
	return rate(&h, s, r, at)
}

func rate(h *status.Judge, s *Settings, r *Record, at Instant) crm.Rating {
	now := crm.At(at.Now)
	seen := now
	if read := crm.At(at.Read); read != 0 && read < now {
		seen = read
	}
	h.Due.Now, h.Due.Lag = now, now-seen
	if why := r.Unrated(); why != "" {
		return crm.Rating{Unrated: why, Model: s.version}
	}
	s = s.of(r.Property(crm.PropSegment))
	h.Look(&s.Settings, r, now, seen, calendar.Never)
	if h.OptOut {
		return crm.Rating{Unrated: record.UnratedOptedOut, Model: s.version}
	}
	var sh signals.Sheet
	signals.Conduct(&h.View, &sh)
	signals.Profile(&h.View, &sh)
	signals.Inform(&h.View, &sh)
	scores := sh.Close()
	o := h.Outcome(at, &sh)
	rating := crm.Rating{
		Engagement: scores[0], Fit: scores[1], Worth: scores[2], Status: o.Status, Ground: o.Ground, Disqualified: o.Status == crm.Disqualified,
		PendingUntil: o.Until, RecheckOn: o.Recheck, Ball: h.Ball, Decide: o.Decide, Held: o.Held, Model: s.version,
	}
	w := s.weights
	rating.Score = int(math.Round(float64(w[0]*scores[0]+w[1]*scores[1]+w[2]*scores[2]) / 100))
	rating.Machine = h.Letter(&rating, &sh, o)
	rating.Letter = rating.Machine
	said := func(r crm.Reason) bool { return r.Says[0].Key == o.Note.Says[0].Key }
	if o.Note.Says != nil && !slices.ContainsFunc(sh.Reasons, said) {
		sh.Reasons = append(sh.Reasons, crm.Reason{
			ID: status.GroundIDs[o.Ground], Name: string(o.Ground), Says: o.Note.Says, Evidence: status.EvidenceOf(o.Note.Hangs),
		})
	}
	if h.Ball == crm.Us {
		rating.OwedSince, rating.Owes = h.Since, kindOfDebt(h)
	}
	rating.MilestoneMissing = h.Own.ID != "" && !h.Ahead && !h.Milestone()
	h.Override(&rating)
	rating.Reasons = sh.Reasons
	h.Shown(&rating)
	if len(rating.Reasons) == 0 {
		rating.Reasons = []crm.Reason{nothing(&h.View)}
	}
	rating.Treatment = advice.Treatment(h, &rating, o)
	rating.Advice = advice.Say(h, &rating, o)
	rating.Language = h.Language()
	rating.Due = h.Due.Next
	return rating
}

// nothing is the reason of whom nothing counts yet: what would tell more.
func nothing(h *signals.View) crm.Reason {
	key := "reason.unknown"
	if h.Own.ID == "" {
		key = "reason.unheard"
	}
	return crm.Reason{ID: signals.ClampID, Name: "unknown", Says: words.Say(key)}
}
