package record

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Fold adds facts and reports whether the record changed. It is idempotent, commutative and associative: the same facts
// in any order, split and repetition give the same record. Of two facts with one ID the higher Version stays, of equal
// versions the greater encoding. A bounded set keeps the newest by At, which is the same in every version of a fact.
func (r *Record) Fold(facts ...crm.Fact) bool {
	changed := false
	for i := range facts {
		if r.fold(&facts[i]) {
			changed = true
		}
	}
	return changed
}

func (r *Record) fold(f *crm.Fact) bool {
	if f.Kind == crm.KindLasting {
		return f.Lasting != nil && join(&r.Lasting, f.Lasting)
	}
	lasts := r.remember(f)
	if f.Peer != "" && f.Kind != crm.KindProperty {
		return keepNewest(&r.Peers, f, MaxPeers) || lasts
	}
	switch f.Kind {
	case crm.KindMessage, crm.KindCall:
		return r.keepConduct(f) || lasts
	case crm.KindMeeting, crm.KindQuote, crm.KindTask, crm.KindDeal:
		return keepNewest(&r.Items, f, MaxItems) || lasts
	case crm.KindReferral:
		return keepNewest(&r.Referrals, f, maxReferrals) || lasts
	case crm.KindNote:
		return keepNewest(&r.Notes, f, MaxNotes) || lasts
	case crm.KindProperty:
		return keepProfile(&r.Profile, f, MaxProfile) || lasts
	case crm.KindDecision:
		return keepNewest(&r.Decisions, f, maxDecisions) || lasts
	case crm.KindExistence, crm.KindMerge, crm.KindForget:
		return keepNewest(&r.Life, f, maxLife) || lasts
	}
	return lasts
}

// remember joins into Lasting what f says that must outlive it. It does so for every version of every fact as it comes,
// kept or not, because what is done only on eviction would depend on the order. What is gone later stays in it: a
// minimum cannot be taken back.
func (r *Record) remember(f *crm.Fact) bool {
	if f.Peer != "" || f.Gone {
		return false
	}
	var l crm.Lasting
	switch {
	case f.Message != nil:
		if f.Message.Text.Class == crm.Human && !f.Message.Mass && !f.Message.Failed {
			l.First = f.At
			if f.Message.Direction == crm.In {
				l.FirstIn = f.At
			}
		}
	case f.Call != nil:
		if f.Call.Outcome != crm.CallOff {
			l.First = f.At
			if f.Call.Direction == crm.In {
				l.FirstIn = f.At
			}
		}
	case f.Quote != nil && len(f.Quote.Sent) > 0:
		l.Quoted = f.Quote.Sent[0]
	case f.Meeting != nil && f.Meeting.State == crm.Held:
		l.Met, l.LastMet = f.Meeting.Start, f.Meeting.Start
	case f.Deal != nil:
		l.Won, l.LastWon = f.Deal.Won, f.Deal.Won
	default:
		return false
	}
	return join(&r.Lasting, &l)
}

// join makes into the union of itself and l: earliest of firsts, latest of lasts.
func join(into *crm.Lasting, l *crm.Lasting) bool {
	was := *into
	Earliest(&into.First, l.First)
	Earliest(&into.FirstIn, l.FirstIn)
	Earliest(&into.Quoted, l.Quoted)
	Earliest(&into.Met, l.Met)
	into.LastMet = max(into.LastMet, l.LastMet)
	Earliest(&into.Won, l.Won)
	into.LastWon = max(into.LastWon, l.LastWon)
	return *into != was
}

// Earliest makes m the earlier of itself and v; zero is none.
func Earliest(m *crm.Millis, v crm.Millis) {
	if v != 0 && (*m == 0 || v < *m) {
		*m = v
	}
}

// keepNewest puts f into a list sorted by At and ID, and lets the oldest go when there are more than limit.
func keepNewest(list *[]crm.Fact, f *crm.Fact, limit int) bool {
	l := *list
	i, found := slices.BinarySearchFunc(l, f, byAt)
	if !found {
		// A vendor that moves a fact's At against the contract must not get the fact counted twice.
		if j := slices.IndexFunc(l, func(g crm.Fact) bool { return g.ID == f.ID }); j >= 0 {
			if !Beats(f, &l[j]) {
				return false
			}
			l = slices.Delete(l, j, j+1)
			i, _ = slices.BinarySearchFunc(l, f, byAt)
		} else if len(l) >= limit && i == 0 {
			return false
		}
		l = slices.Insert(l, i, own(f))
		if len(l) > limit {
			l[0] = crm.Fact{}
			l = l[1:]
		}
		*list = l
		return true
	}
	if !Beats(f, &l[i]) {
		return false
	}
	l[i] = own(f)
	return true
}

func byAt(g crm.Fact, f *crm.Fact) int {
	if g.At != f.At {
		if g.At < f.At {
			return -1
		}
		return 1
	}
	return strings.Compare(g.ID, f.ID)
}

// IsConduct reports whether a fact stands among the Conduct of its contact's record.
func IsConduct(f *crm.Fact) bool {
	return f.Peer == "" && (f.Kind == crm.KindMessage || f.Kind == crm.KindCall)
}

// Join is the conduct that a record has by facts that had been in it before some others came behind all of them, and
// by those others. It takes before over.
func Join(before, behind []crm.Fact) []crm.Fact {
	all := append(before, behind...)
	all = all[max(len(all)-MaxConduct, 0):]
	for i := range all[:max(len(all)-maxQuotable, 0)] {
		all[i] = *withoutLines(&all[i])
	}
	return all
}

// keepConduct is keepNewest for messages and calls. All but the newest lose the hashes of their lines, by their place
// alone, so that the order in which they come makes no difference.
func (r *Record) keepConduct(f *crm.Fact) bool {
	newer := func() int { // how many stand behind f, or will
		i, found := slices.BinarySearchFunc(r.Conduct, f, byAt)
		if found {
			i++
		}
		return len(r.Conduct) - i
	}
	if f.Message != nil && f.Message.Lines != nil && newer() >= maxQuotable {
		f = withoutLines(f)
	}
	changed := keepNewest(&r.Conduct, f, MaxConduct)
	if i := len(r.Conduct) - maxQuotable - 1; changed && i >= 0 {
		r.Conduct[i] = *withoutLines(&r.Conduct[i])
	}
	return changed
}

// withoutLines is f without the hashes of its lines.
func withoutLines(f *crm.Fact) *crm.Fact {
	if f.Message == nil || f.Message.Lines == nil {
		return f
	}
	g, m := *f, *f.Message
	m.Lines = nil
	g.Message = &m
	return &g
}

// Wrote is what the record remembers of our newest messages.
func (r *Record) Wrote() []crm.Wrote {
	var out []crm.Wrote
	for i := range r.Conduct {
		if f := &r.Conduct[i]; f.Message != nil && len(f.Message.Lines) > 0 && !f.Gone {
			out = append(out, crm.Wrote{At: f.At, Lines: f.Message.Lines})
		}
	}
	return out
}

// keepProfile puts f into a list sorted by ID. When there are more than limit, the properties that rules know by name
// stay, and of the others those first by ID: nothing that changes from version to version may decide what is kept.
func keepProfile(list *[]crm.Fact, f *crm.Fact, limit int) bool {
	l := *list
	i, found := slices.BinarySearchFunc(l, f.ID, func(g crm.Fact, id string) int { return strings.Compare(g.ID, id) })
	if found {
		g := &l[i]
		if ofRecord(f) && ofRecord(g) {
			joined := joinVersions(f, g)
			same := g.Property.Value == joined.Property.Value && g.At == joined.At
			*g = joined
			return !same // a later reading that shows what is known already is no news
		}
		if !Beats(f, g) {
			return false
		}
		*g = own(f)
		return true
	}
	l = slices.Insert(withRoom(l), i, own(f))
	if len(l) > limit {
		out := len(l) - 1
		for j := len(l) - 1; j >= 0; j-- {
			if !known(&l[j]) {
				out = j
				break
			}
		}
		l = slices.Delete(l, out, out+1)
		*list = l
		return out != i
	}
	*list = l
	return true
}

// withRoom is a list with room for one more and little else: in most of those that are in memory nothing more comes.
func withRoom(l []crm.Fact) []crm.Fact {
	if len(l) < cap(l) {
		return l
	}
	return append(make([]crm.Fact, 0, len(l)+1+len(l)/8), l...)
}

func ofRecord(f *crm.Fact) bool { return f.Property != nil && f.Property.OfRecord && !f.Gone }

// joinVersions is what two versions of a property say together whose time is that of the whole record: the value of the
// later one, and since when it has been seen to be that without a break. The order in which versions are joined makes
// no difference to the value; a version that comes late, between two of another value, may date the change later than
// it was, never earlier.
func joinVersions(f, g *crm.Fact) crm.Fact {
	later, earlier := own(f), g
	if !Beats(f, g) {
		later, earlier = own(g), f
	}
	p := *later.Property
	if p.Value != earlier.Property.Value {
		p.Other = max(p.Other, earlier.Version)
	} else if p.Other = max(p.Other, earlier.Property.Other); int64(earlier.At) > p.Other {
		later.At = min(later.At, earlier.At)
	}
	if int64(later.At) <= p.Other {
		later.At = crm.Millis(later.Version)
	}
	later.Property = &p
	return later
}

// Beats reports whether f takes the place of g, which has the same ID.
func Beats(f, g *crm.Fact) bool {
	if c := f.Compare(g); c != 0 {
		return c > 0
	}
	if f.Gone != g.Gone {
		return f.Gone
	}
	h := own(f)
	if reflect.DeepEqual(&h, g) {
		return false
	}
	return bytes.Compare(Encoded(&h), Encoded(g)) > 0
}

// own is f as a record keeps it. Of what is gone its place is kept, so that nothing that a full list has let go comes
// back in its stead, and of its content only what stopped clocks.
func own(f *crm.Fact) crm.Fact {
	if f.Gone {
		return crm.Fact{
			ID: f.ID, Version: f.Version, Seq: f.Seq, Ours: f.Ours, Kind: f.Kind, At: f.At, Peer: f.Peer, Gone: true,
			Task: f.Task, Meeting: f.Meeting,
		}
	}
	g := *f
	g.Contact = ""
	return g
}

// Encoded is the encoding by which equal versions of a fact are compared.
func Encoded(f *crm.Fact) []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic("rules: a fact that cannot be encoded: " + err.Error()) // its types hold nothing that can fail
	}
	return b
}

// Facts returns everything in the record as facts, what lasts among them, so that folding them into another record
// gives the union of both. They share memory with the record: read only.
func (r *Record) Facts() []crm.Fact {
	all := slices.Concat(r.Conduct, r.Peers, r.Items, r.Profile, r.Decisions, r.Life, r.Notes, r.Referrals)
	if r.Lasting != (crm.Lasting{}) {
		l := r.Lasting
		all = append(all, crm.Fact{ID: LastingID, Kind: crm.KindLasting, Lasting: &l})
	}
	return all
}

// AsOf is what the record held at an earlier instant, as far as it still knows: later facts are left out, and of each
// fact there is only its latest version. It is for looking back, with Rate at that instant.
func (r *Record) AsOf(at crm.Millis) *Record {
	var past Record
	for _, f := range r.Facts() {
		known := f.At
		if f.Kind == crm.KindProperty {
			known = Changed(&f)
		}
		if known <= at && f.Kind != crm.KindLasting {
			past.Fold(f)
		}
	}
	if first := r.Lasting; len(r.Conduct) >= MaxConduct {
		if first.First != 0 && first.First <= at {
			Earliest(&past.Lasting.First, first.First)
		}
		if first.FirstIn != 0 && first.FirstIn <= at {
			Earliest(&past.Lasting.FirstIn, first.FirstIn)
		}
	}
	return &past
}
