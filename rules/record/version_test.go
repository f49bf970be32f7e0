package record

import (
	"slices"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// read is a property as it was read, by a clock of whole seconds, at the instant seq.
func read(name, value string, second, seq int64) crm.Fact {
	return crm.Fact{
		ID: "property/" + name, Version: second * 1000, Seq: seq, Kind: crm.KindProperty, At: crm.Millis(second * 1000),
		Property: &crm.Property{Name: name, Value: value, OfRecord: true},
	}
}

// each calls fn with the record of the facts in each order.
func each(facts []crm.Fact, fn func(order []crm.Fact, r *Record)) {
	var permute func(done, rest []crm.Fact)
	permute = func(done, rest []crm.Fact) {
		if len(rest) == 0 {
			var r Record
			r.Fold(done...)
			r.Fold(done[len(done)/2:]...) // some come twice
			fn(done, &r)
		}
		for i := range rest {
			permute(append(slices.Clone(done), rest[i]), slices.Delete(slices.Clone(rest), i, i+1))
		}
	}
	permute(nil, facts)
}

// TestWithinOneTick: what is set and cleared within one second of a clock of whole seconds ends cleared, in whatever
// order it comes.
func TestWithinOneTick(t *testing.T) {
	for name, values := range map[string][]string{
		crm.PropOverride: {"D", ""}, crm.PropOptOut: {"true", "false"}, crm.PropDoNotProfile: {"false", "true"},
		crm.PropLeadStatus: {"new", "open", "new"},
	} {
		var facts []crm.Fact
		for i, v := range values {
			facts = append(facts, read(name, v, 1000, 1_000_100+int64(i)))
		}
		each(facts, func(order []crm.Fact, r *Record) {
			if got, want := r.Property(name), values[len(values)-1]; got != want {
				t.Errorf("%s set to %v within a second is %q in the end, want %q (as %v came)", name, values, got,
					want, order)
			}
		})
	}
}

// TestOursIsBeaten: a fact dated by its receipt gives way to any that the vendor dates, and goes by the receipt among
// its like.
func TestOursIsBeaten(t *testing.T) {
	dated := func(value string, at int64, ours bool) crm.Fact {
		return crm.Fact{
			ID: "property/x", Version: at, Ours: ours, Kind: crm.KindProperty, At: crm.Millis(at),
			Property: &crm.Property{Name: "x", Value: value},
		}
	}
	each([]crm.Fact{dated("vendor's", 1000, false), dated("ours", 2000, true), dated("ours, later", 3000, true)},
		func(_ []crm.Fact, r *Record) {
			if got := r.Property("x"); got != "vendor's" {
				t.Errorf("%q counts, want what the vendor dated", got)
			}
		})
	each([]crm.Fact{dated("first", 1000, true), dated("second", 2000, true)}, func(_ []crm.Fact, r *Record) {
		if got := r.Property("x"); got != "second" {
			t.Errorf("%q counts, want what was received last", got)
		}
	})
}

// TestChangeThatWasSeen: where the time is the record's, a property changed when it was first read with its present
// value, however often the record changes after that.
func TestChangeThatWasSeen(t *testing.T) {
	facts := []crm.Fact{read("x", "a", 10, 1), read("x", "b", 20, 2), read("x", "b", 30, 3), read("x", "b", 40, 4)}
	each(facts, func(order []crm.Fact, r *Record) {
		f := r.Profile[0]
		if at := Changed(&f); f.Property.Value != "b" || at <= 10_000 || at > 40_000 {
			t.Errorf("%q since %d", f.Property.Value, at)
		}
		if slices.IsSortedFunc(order, func(a, b crm.Fact) int { return a.Compare(&b) }) && Changed(&f) != 20_000 {
			t.Errorf("changed at %d, want the first reading that showed it", Changed(&f))
		}
	})
	var r Record
	r.Fold(facts[:2]...)
	if r.Fold(facts[2]) {
		t.Error("a reading that shows nothing new is news")
	}
	if !r.Fold(read("x", "c", 50, 5)) || Changed(&r.Profile[0]) != 50_000 {
		t.Errorf("another value is %+v, want it since its reading", r.Profile[0])
	}
}
