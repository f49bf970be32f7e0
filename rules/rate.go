package rules

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Instant is when a contact is rated, and how much had been seen by then.
type Instant struct {
	Now      time.Time
	Read     time.Time // the source has been read up to here: silence counts only until then; zero: Now
	Arrived  time.Time // when the newest fact about the contact arrived here; zero: long ago
	Hold     string    // nothing may be announced against the contact, and why: backfill, breaker, merge
	Lagging  bool      // the source lags more than Settle: nothing is announced
	Profiled bool      // the contact's profile has been read
}

// Why a contact is not rated.
const (
	unratedOptedOut   = "opted_out"
	unratedNotProfile = "do_not_profile"
	unratedStaff      = "staff"
	unratedDeleted    = "deleted"
	unratedMerged     = "merged"
)

// Rate rates a contact at an instant. It is pure, and never changes the record. The Points of the Reasons add up exactly to
// each sub-score's distance from 50; Due is the next instant at which time alone changes anything else in the rating.
func Rate(s *Settings, r *Record, at Instant) crm.Rating {
	var h view
	return h.rate(s, r, at)
}

func (h *view) rate(s *Settings, r *Record, at Instant) crm.Rating {
	now := crm.At(at.Now)
	seen := now
	if read := crm.At(at.Read); read != 0 && read < now {
		seen = read
	}
	h.due.now, h.due.lag = now, now-seen
	if why := r.unrated(); why != "" {
		return crm.Rating{Unrated: why, Model: s.version}
	}
	h.build(s, r, now, seen, never)
	if h.optOut {
		return crm.Rating{Unrated: unratedOptedOut, Model: s.version}
	}
	var sh sheet
	h.conduct(&sh)
	h.profileSignals(&sh)
	h.informs(&sh)
	scores := sh.close()
	o := h.outcome(at, &sh)
	rating := crm.Rating{
		Engagement: scores[0], Fit: scores[1], Worth: scores[2], Status: o.status, Ground: o.ground, Disqualified: o.status == crm.Disqualified,
		PendingUntil: o.until, RecheckOn: o.recheck, Ball: h.ball, Decide: o.decide, Held: o.held, Model: s.version,
	}
	w := h.s.weights
	rating.Score = int(math.Round(float64(w[0]*scores[0]+w[1]*scores[1]+w[2]*scores[2]) / 100))
	rating.Machine = h.letter(&rating, &sh, o)
	rating.Letter = rating.Machine
	if o.note.text != "" {
		sh.reasons = append(sh.reasons, crm.Reason{ID: groundIDs[o.ground], Name: string(o.ground), Text: o.note.text, Evidence: evidenceOf(o.note.hangs)})
	}
	if h.ball == crm.Us {
		rating.OwedSince = h.since
	}
	rating.MilestoneMissing = h.own.id != "" && !h.ahead && !h.milestone()
	h.override(&rating)
	rating.Reasons = sh.reasons
	rating.Treatment = h.treatment(&rating, o)
	rating.Action = h.action(&rating, o)
	rating.Due = h.due.next
	return rating
}

// groundIDs are the rows of the rule book that the grounds come from.
var groundIDs = map[crm.Ground]string{
	crm.Unresponsive: "A39", crm.NoProgress: "A43", crm.FactFinding: "A15", crm.SaidNo: "A52", crm.SaidLater: "A43", crm.Misfit: "A34",
	crm.Unprofitable: "A17", crm.Difficult: "A50",
}

func evidenceOf(id string) []crm.Evidence {
	if id == "" {
		return nil
	}
	return []crm.Evidence{{Fact: id}}
}

// unrated says why the contact is not rated, empty if it is.
func (r *Record) unrated() string {
	deleted, merged := false, false
	var version int64 = -1
	for i := range r.Life {
		f := &r.Life[i]
		if f.Existence != nil && f.Version >= version {
			deleted, version = f.Existence.Deleted, f.Version
		}
		merged = merged || f.Merge != nil && f.Merge.Into != ""
	}
	switch {
	case merged:
		return unratedMerged
	case deleted:
		return unratedDeleted
	case isTrue(r.Property(crm.PropStaff)):
		return unratedStaff
	case isTrue(r.Property(crm.PropDoNotProfile)):
		return unratedNotProfile
	case isTrue(r.Property(crm.PropOptOut)):
		return unratedOptedOut
	}
	return ""
}

// letter is the matrix, moved by worth, and by what keeps a contact from the top or the bottom.
func (h *view) letter(rating *crm.Rating, sh *sheet, o outcome) string {
	b := &h.s.bands
	l := h.s.matrix[b[0].of(rating.Engagement)][b[1].of(rating.Fit)]
	switch b[2].of(rating.Worth) {
	case 0:
		if l == 'B' || l == 'C' {
			l--
		}
	case 2:
		if l == 'A' || l == 'B' {
			l++
		}
	}
	atBest := func(i int, best byte, by mark, text string) {
		if l < best {
			l = best
			w := h.weigh(i)
			w.cite(by.at, by.id)
			sh.note(&w, text)
		}
	}
	if h.s.signals[sInbound].On && len(h.commits) == 0 {
		atBest(sInbound, 'B', mark{}, "has not committed to anything yet: interest alone makes no A")
	}
	if quote, low := h.lowMargin(); low && h.s.signals[sLowMargin].On {
		atBest(sLowMargin, 'B', quote, "leaves us too small a margin")
	}
	if l > 'C' && o.back {
		l = 'C'
	}
	if l > 'C' && h.s.signals[sTenure].On && h.tenured() {
		l = 'C'
		w := h.weigh(sTenure)
		sh.note(&w, "has been talking with us for years")
	}
	return string(l)
}

// override lets a human's word stand over the machine's, until it is cleared or has expired.
func (h *view) override(rating *crm.Rating) {
	v := h.p.override
	if v == "" {
		return
	}
	if until := h.p.overrideUntil; until != 0 {
		if h.now >= until {
			return
		}
		h.due.at(until, "the human override expires")
	}
	e := episodeOf(h.r.Decisions, never)
	rating.Decide, rating.Held, rating.PendingUntil, rating.RecheckOn = nil, "", 0, 0
	if e.Status == crm.Pending || e.Status == crm.Disqualified {
		rating.Decide = &crm.Decision{Status: crm.Open} // what the machine announced ends here; afterwards it begins anew
	}
	rating.Status, rating.Ground, rating.Disqualified = crm.Override, "", false
	switch v {
	case "keep":
	case "disqualified":
		rating.Status, rating.Ground, rating.Disqualified = crm.Disqualified, crm.ByHuman, true
		rating.RecheckOn = h.p.overrideUntil
		if rating.RecheckOn == 0 && h.p.overrideAt != 0 {
			rating.RecheckOn = (h.p.overrideAt + millis(h.s.recheck)) / dayMS * dayMS
		}
	default:
		rating.Letter = v
	}
}

// treatment is how much of our time is due.
func (h *view) treatment(rating *crm.Rating, o outcome) string {
	switch {
	case rating.Status == crm.Nurture:
		return "nurture"
	case rating.Letter == "D" || rating.Status == crm.Disqualified || rating.Status == crm.Pending:
		return "light"
	case h.factFinder() && h.effort() > h.s.effortCap:
		return "light"
	case h.s.bands[1].of(rating.Fit) == 2 && rating.Letter != "A":
		return "light"
	case rating.Letter == "A":
		return "intensive"
	}
	return "standard"
}

// action is the one thing to do next.
func (h *view) action(rating *crm.Rating, o outcome) string {
	_, misfit := h.misfit()
	counted, onDays, last := h.attempts()
	pushed := slices.ContainsFunc(h.tries, func(a attempt) bool { return a.why == whyTooSoon })
	switch {
	case h.ball == crm.Us && h.owes:
		late := h.ours.after(h.since, h.s.sla)
		h.due.at(late, "our time to answer is over")
		if h.now >= late {
			rating.Overdue = true
			return fmt.Sprintf(actOverdue, dateText(h.since))
		}
		return fmt.Sprintf(actAnswer, dateText(h.since))
	case h.ball == crm.Us && len(h.debts) > 0:
		return fmt.Sprintf(actDebt, h.debts[0].why)
	case rating.Status == crm.Pending:
		return breakUps[rating.Ground]
	case rating.Status == crm.Disqualified:
		return fmt.Sprintf(actRest, dateText(rating.RecheckOn))
	case o.again:
		return actLookAgain
	case rating.Status == crm.Requalified:
		return actBack
	case misfit:
		return actPointer
	case rating.Status == crm.Nurture:
		return fmt.Sprintf(actNurture, dateText(rating.RecheckOn))
	case h.gone:
		return actGone
	case h.factFinder() && h.effort() > h.s.effortCap:
		return actHold
	case h.ball == crm.Them && counted >= h.s.attempts && onDays >= h.s.attemptDays:
		return actStop
	case h.ball == crm.Them && last != 0:
		again := h.theirs.after(last, max(h.s.attemptGap, 1))
		h.due.at(again, "a reminder is due")
		switch _, paused := h.paused(); {
		case paused:
			return ""
		case h.now >= again:
			return actRemind
		case pushed:
			return actSlow
		}
		return ""
	}
	if h.ball == crm.Them && h.backBy != 0 && last == 0 {
		if h.due.at(h.backBy, "a reminder is due"); h.now < h.backBy {
			return ""
		}
		return actRemind
	}
	if _, missing := h.contract(); missing && h.s.signals[sContract].On {
		return actContract
	}
	if rating.MilestoneMissing && h.absent(h.ref()) == "" { // who is away agrees to nothing
		return actNext
	}
	return ""
}

// ReasonLine is a reason as people read it: points, a sentence, the row of the rule book.
func ReasonLine(r crm.Reason) string {
	if r.Sub == "" {
		return fmt.Sprintf("%s (%s)", r.Text, r.ID)
	}
	return fmt.Sprintf("%+d %s (%s)", r.Points, r.Text, r.ID)
}
