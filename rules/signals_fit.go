package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// profileSignals weighs who they are. What is not known counts nothing, and is named where settings ask for it.
func (h *view) profileSignals(sh *sheet) {
	s := h.s
	h.listed(sh, sIndustry, s.industryProperty, s.industryGood, s.industryBad, "industry")
	if s.sizeMin > 0 || s.sizeMax > 0 {
		h.numeric(sh, sCompanySize, s.sizeProperty, "company size", func(n float64) (float64, string) {
			if n >= float64(s.sizeMin) && (s.sizeMax == 0 || n <= float64(s.sizeMax)) {
				return 1, "has the size that we serve well"
			}
			return -1, "has another size than those we serve well"
		})
	}
	h.listed(sh, sReputation, s.reputationProperty, s.reputationGood, s.reputationBad, "")
	h.numeric(sh, sRecurring, s.recurringProperty, "", func(n float64) (float64, string) {
		return min(max(n, 0)/float64(s.recurringGood), 1), "brings recurring revenue"
	})
	h.supportLoad(sh)
	h.numeric(sh, sRepVote, s.voteProperty, "vote of our people", func(n float64) (float64, string) {
		if n < 0 {
			return max(n, -2), "takes more than usual, by the vote of our people who work with them"
		}
		return min(n, 2), "works well together with us, by the vote of our people"
	})
	h.predicates(sh, sFitProfile, s.fitPredicates)
	h.predicates(sh, sWorthProfile, s.worthPredicates)
	h.champions(sh)
	h.spend(sh)
	h.referrals(sh)
	h.depth(sh)
}

// noneOnFile says that something is not known which settings ask for.
func noneOnFile(what string) string { return "has no " + what + " on file, which costs nothing" }

// property is the fact of a property that has a value, nil where there is none.
func (h *view) property(name string) *crm.Fact {
	for i := range h.r.Profile {
		if f := &h.r.Profile[i]; f.Property != nil && f.Property.Name == name && strings.TrimSpace(f.Property.Value) != "" {
			return f
		}
	}
	return nil
}

// listed weighs a property whose good and bad values settings list.
func (h *view) listed(sh *sheet, i int, name string, good, bad []string, label string) {
	w := h.weigh(i)
	if !w.sig.On || len(good)+len(bad) == 0 {
		return
	}
	f := h.property(name)
	switch {
	case f == nil:
		if label != "" {
			sh.note(&w, noneOnFile(label))
		}
		return
	case containsFold(good, f.Property.Value):
		w.sum = 1
	case containsFold(bad, f.Property.Value):
		w.sum = -1
	default:
		return
	}
	w.cite(f.At, f.ID)
	text := "fits by its " + strings.ReplaceAll(w.sig.Name, "_", " ")
	if w.sum < 0 {
		text = "fits less by its " + strings.ReplaceAll(w.sig.Name, "_", " ")
	}
	sh.add(&w, i, text)
}

// numeric weighs a property that holds a number.
func (h *view) numeric(sh *sheet, i int, name, label string, weigh func(float64) (float64, string)) {
	w := h.weigh(i)
	if !w.sig.On {
		return
	}
	f := h.property(name)
	if f == nil {
		if label != "" {
			sh.note(&w, noneOnFile(label))
		}
		return
	}
	n, ok := number(f.Property.Value)
	if !ok {
		return
	}
	var text string
	w.sum, text = weigh(n)
	w.cite(f.At, f.ID)
	sh.add(&w, i, text)
}

// supportLoad is A19: open support cases; an escalation or a refund weighs as several.
func (h *view) supportLoad(sh *sheet) {
	w := h.weigh(sSupportLoad)
	if !w.sig.On {
		return
	}
	cases, found := 0.0, false
	for _, of := range [...]struct {
		property string
		cases    int
	}{{h.s.supportProperty, 1}, {h.s.escalationsProperty, h.s.supportHeavy}, {h.s.refundsProperty, h.s.supportHeavy}} {
		f := h.property(of.property)
		if f == nil {
			continue
		}
		found = true
		if n, ok := number(f.Property.Value); ok && n > 0 {
			cases += n * float64(of.cases)
			w.cite(f.At, f.ID)
		}
	}
	if !found {
		sh.note(&w, noneOnFile("number of support cases"))
		return
	}
	w.sum = min(cases/float64(h.s.supportMany), 1)
	sh.add(&w, sSupportLoad, "needs much support")
}

func (h *view) predicates(sh *sheet, i int, list []weighted) {
	w := h.weigh(i)
	if !w.sig.On || len(list) == 0 {
		return
	}
	var met, missing []string
	for _, p := range list {
		switch f := h.property(p.property); {
		case f == nil && !contains(missing, p.property):
			missing = append(missing, p.property)
		case f != nil && p.holds(f.Property.Value):
			w.sum += float64(p.points)
			w.cite(f.At, f.ID)
			met = append(met, p.property)
		}
	}
	text := "meets the profile by "
	if w.sum < 0 {
		text = "meets the profile less by "
	}
	sh.add(&w, i, text+strings.Join(met, ", "))
	if len(missing) > 0 {
		sh.note(&w, noneOnFile(strings.Join(missing, ", no ")))
	}
}

// champions is A26: a deciding role, and colleagues who are active too.
func (h *view) champions(sh *sheet) {
	w := h.weigh(sChampions)
	if !w.sig.On {
		return
	}
	var text []string
	switch f := h.property(h.s.roleProperty); {
	case f == nil && len(h.s.roles) > 0:
		sh.note(&w, noneOnFile("role"))
	case f != nil && hasWord(f.Property.Value, h.s.roles):
		w.sum++
		w.cite(f.At, f.ID)
		text = append(text, "has a say in the decision")
	}
	if peers := h.activePeers(&w); peers > 0 {
		w.sum += min(0.5*float64(peers), 1)
		text = append(text, "is one of several there who are in touch with us")
	}
	if w.sum > 0 {
		sh.add(&w, sChampions, strings.Join(text, " and "))
	}
}

func hasWord(value string, words []string) bool {
	for _, have := range strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' || r == '/' || r == '-' || r == '&' }) {
		if containsFold(words, have) {
			return true
		}
	}
	return false
}

// activePeers counts the colleagues from whom something came within the signal's window.
func (h *view) activePeers(w *weight) int {
	var seen []string
	for i := range h.events {
		e := &h.events[i]
		if e.peer && e.f.Meeting == nil && w.counts(e.at) && !contains(seen, e.f.Peer) {
			seen = append(seen, e.f.Peer)
			w.cite(e.at, e.id)
		}
	}
	return len(seen)
}

// spend is A27: what they bought, and a quarter of what lies open.
func (h *view) spend(sh *sheet) {
	w := h.weigh(sSpend)
	if !w.sig.On {
		return
	}
	won := false
	for i := range h.r.Items {
		f := &h.r.Items[i]
		d := f.Deal
		if d == nil || d.Amount <= 0 || d.Lost != 0 || f.At > h.limit {
			continue
		}
		share := min(float64(d.Amount)/float64(h.s.spendGood), 1)
		switch {
		case d.Won != 0 && d.Won <= h.ref():
			if w.counts(d.Won) {
				w.hit(d.Won, f.ID, share)
				won = true
			}
		case w.counts(f.At):
			w.hit(f.At, f.ID, share/4)
		}
	}
	text := "has a deal open with us"
	if won {
		text = "has bought from us"
	}
	if w.sum > 0 {
		sh.add(&w, sSpend, text)
	}
}

// referrals is A29: whom they sent us, to the third level, and whether they came through somebody we know. Where the CRM links no
// contacts for that, two properties say so.
func (h *view) referrals(sh *sheet) {
	given, received := h.weigh(sReferralsGiven), h.weigh(sReferralsReceived)
	n := 0
	for i := range h.r.Referrals {
		f := &h.r.Referrals[i]
		ref := f.Referral
		switch {
		case ref == nil || f.At > h.limit:
		case ref.Direction == crm.Out && ref.Level <= 3 && given.counts(f.At) && !sent(h.r.Referrals[:i], ref.Other):
			given.hit(f.At, f.ID, 1/float64(int(1)<<max(ref.Level-1, 0)))
			n++
		case ref.Direction == crm.In && received.sum == 0 && received.counts(f.At):
			received.hit(f.At, f.ID, 1)
		}
	}
	if f, held := h.referred(); n == 0 && held > 0 && given.counts(changed(f)) {
		given.hit(changed(f), f.ID, float64(held))
		n = held
	}
	if f := h.property(h.s.referredByProperty); f != nil && received.sum == 0 {
		received.hit(changed(f), f.ID, 1)
	}
	if n > 0 && given.sig.On {
		sh.add(&given, sReferralsGiven, "has led "+count(n, "other contact")+" to us")
	}
	if received.sum > 0 && received.sig.On {
		sh.add(&received, sReferralsReceived, "came through somebody we know")
	}
}

// sent reports whether one whom they sent us is among facts already: who has come to be one contact by a merge stands there for each.
func sent(facts []crm.Fact, other string) bool {
	return slices.ContainsFunc(facts, func(f crm.Fact) bool {
		return f.Referral != nil && f.Referral.Direction == crm.Out && f.Referral.Other == other
	})
}

// referred is the property that counts whom they sent us.
func (h *view) referred() (*crm.Fact, int) {
	f := h.property(h.s.referralsProperty)
	if f == nil {
		return nil, 0
	}
	n, ok := number(f.Property.Value)
	if !ok || n < 1 {
		return nil, 0
	}
	return f, int(min(n, 1000))
}

// depth is A32: several deals, several people, lines that are still open to it.
func (h *view) depth(sh *sheet) {
	w := h.weigh(sDepth)
	if !w.sig.On {
		return
	}
	deals := 0
	for i := range h.r.Items {
		if f := &h.r.Items[i]; f.Deal != nil && f.Deal.Lost == 0 && f.At <= h.limit && w.counts(f.At) {
			deals++
			w.cite(f.At, f.ID)
		}
	}
	w.sum = 0.5*float64(max(deals-1, 0)) + 0.5*float64(max(h.activePeers(&w)-1, 0))
	if f := h.property(h.s.gapsProperty); f != nil && deals > 0 {
		if n, ok := number(f.Property.Value); ok && n > 0 {
			w.sum += 0.5
			w.cite(f.At, f.ID)
		}
	}
	if w.sum > 0 {
		sh.add(&w, sDepth, "has a broad relation with us")
	}
}

// tenured reports whether they have talked with us for so long that one bad stretch must not sink them.
func (h *view) tenured() bool {
	first, last := h.r.Lasting.FirstIn, h.own.at
	if first == 0 || last-first < millis(h.s.tenure) {
		return false
	}
	recent := last + 365*dayMS
	h.due.at(recent, "the long relation has ended")
	return h.now < recent
}

// misfit reports whether one of the conditions in the settings says that we cannot serve the contact, and which. Who sends us
// others is none: what they bring counts more.
func (h *view) misfit() (string, bool) {
	if !h.s.signals[sMisfit].On {
		return "", false
	}
	for _, p := range h.s.misfits {
		if p.holds(h.r.Property(p.property)) {
			return p.property, !h.refers()
		}
	}
	return "", false
}

// helped reports whether a message of ours has reached them since they first wrote, or at all where they never did.
func (h *view) helped() bool {
	for i := range h.events {
		e := &h.events[i]
		if !e.peer && (e.kind == eTalk || e.kind == eOut && e.f.Message != nil && e.at >= h.r.Lasting.FirstIn) {
			return true
		}
	}
	return false
}

// refers reports whether the contact has sent us others.
func (h *view) refers() bool {
	for i := range h.r.Referrals {
		if f := &h.r.Referrals[i]; f.Referral != nil && f.Referral.Direction == crm.Out && f.At <= h.limit {
			return true
		}
	}
	_, n := h.referred()
	return n > 0
}

// hoursOf rounds a time of ours to hours.
func hoursOf(d time.Duration) int { return int((d + 30*time.Minute) / time.Hour) }
