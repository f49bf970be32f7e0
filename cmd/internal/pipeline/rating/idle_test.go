package rating

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// property is a fact of contact 101 about a property.
func property(name, value string, at time.Time) crm.Fact {
	return crm.Fact{
		ID: "property/" + name, Version: at.UnixMilli(), At: crm.At(at), Kind: crm.KindProperty,
		Property: &crm.Property{Name: name, Value: value},
	}
}

// impossible is a score that no rating gives: where it stands, nobody was rated.
const impossible = 1000

// TestIdleFactsAreNotRated: for what no rule reads, and for what is known already, a contact is not rated, unless
// something else wants it.
func TestIdleFactsAreNotRated(t *testing.T) {
	later := noon.Add(time.Minute)
	other := property(crm.PropOwner, "72", later)
	for _, c := range []struct {
		name  string
		facts []crm.Fact
		set   func(*owner, *job)
		rated bool
	}{
		{"another owner", []crm.Fact{other}, nil, false},
		{"what is known already", known(4)[9:], nil, false},
		{"an override", []crm.Fact{property(crm.PropOverride, "A", later)}, nil, true},
		{"both", []crm.Fact{other, property(crm.PropOverride, "A", later)}, nil, true},
		{"an owner where none was known", []crm.Fact{other}, func(_ *owner, j *job) {
			j.c.Record.Profile = j.c.Record.Profile[:0:0]
			j.c.Record.Fold(known(0)[1])
		}, true},
		{"it is due, or has its turn", []crm.Fact{other}, func(_ *owner, j *job) { j.due = true }, true},
		{"it has come to be due", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Due = crm.At(later) }, true},
		{"rated under other settings", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Rating.Model = "x" }, true},
		{"put out under another mapping", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Offer = "x" }, true},
		{"held back", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Rating.Held = watermark.HoldLag }, true},
		{"decided upon", []crm.Fact{other}, func(_ *owner, j *job) {
			j.c.Rating.Decide = &crm.Decision{Status: crm.Open}
		}, true},
		{"its history is awaited", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Awaits = stored.History }, true},
		{"its profile is awaited", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Asked = crm.At(noon) }, true},
		{"it failed", []crm.Fact{other}, func(_ *owner, j *job) { j.c.Failed = true }, true},
		{"it was decided upon by a clock that is wrong", []crm.Fact{other}, func(_ *owner, j *job) {
			j.c.Record.Fold(crm.Fact{
				ID: "decision", At: crm.At(noon.AddDate(1, 0, 0)), Kind: crm.KindDecision,
				Decision: &crm.Decision{Status: crm.Open},
			})
		}, true},
		{"its CRM does not show the decision yet", []crm.Fact{other}, func(o *owner, j *job) {
			o.p.Sources["fake"] = watermark.Source{Mode: watermark.Enforce}
			j.c.Rating.Status = crm.Disqualified
			j.c.Record.Fold(crm.Fact{
				ID: "decision", At: crm.At(noon.AddDate(0, 0, -1)), Kind: crm.KindDecision,
				Decision: &crm.Decision{Status: crm.Disqualified},
			})
		}, true},
	} {
		o := benchOwner()
		j := &job{key: queue.Key{Source: "fake", Contact: "101"}, c: ratedContact(o, 4), facts: c.facts}
		j.c.Rating.Score = impossible
		if c.set != nil {
			c.set(o, j)
		}
		o.review(j, later)
		if rated := j.c.Rating.Score != impossible; rated != c.rated {
			t.Errorf("%s: rated %t, want %t", c.name, rated, c.rated)
		}
		if n := len(c.facts); n == 1 && j.c.Record.Property(c.facts[0].Property.Name) != c.facts[0].Property.Value {
			t.Errorf("%s: the record does not have it", c.name)
		}
	}
}

// TestIdleFactsChangeNothing: who is not rated for a fact is rated as if it had been.
func TestIdleFactsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := benchOwner()
		c := ratedContact(o, rapid.IntRange(0, 30).Draw(t, "mails"))
		twin, err := stored.Decode[stored.Contact](stored.Encode(c))
		if err != nil {
			t.Fatal(err)
		}
		at := noon
		for i := range rapid.IntRange(1, 4).Draw(t, "facts") {
			at = at.Add(time.Duration(rapid.IntRange(1, 40*24*60).Draw(t, "minutes")) * time.Minute)
			o.sight = seeing(watermark.Horizon{Now: at, Read: at})
			f := property(crm.PropOwner, strconv.Itoa(72+i), at)
			for _, of := range []*stored.Contact{c, &twin} {
				j := &job{
					key: queue.Key{Source: "fake", Contact: "101"}, c: of, facts: []crm.Fact{f}, before: of.Rating,
					due: of == &twin,
				}
				o.review(j, at)
			}
			a, b := c.Rating, twin.Rating
			a.Due, b.Due = 0, 0 // a later look may know of other instants at which to look
			if diff := cmp.Diff(a, b) + cmp.Diff(c.Values, twin.Values) + cmp.Diff(c.Record, twin.Record); diff != "" {
				t.Fatal(diff)
			}
			if twin.Due != 0 && (c.Due == 0 || c.Due > twin.Due) {
				if diff := seenAt(t, o, &twin); diff != "" {
					t.Fatalf("it is due at %s, and at %s already changes:\n%s", c.Due, twin.Due, diff)
				}
			}
		}
	})
}

// seenAt is what a look at a contact when it is due finds changed.
func seenAt(t *rapid.T, o *owner, c *stored.Contact) string {
	looked, err := stored.Decode[stored.Contact](stored.Encode(*c))
	if err != nil {
		t.Fatal(err)
	}
	at := c.Due.Time()
	o.sight = seeing(watermark.Horizon{Now: at, Read: at})
	o.review(&job{
		key: queue.Key{Source: "fake", Contact: "101"}, c: &looked, before: looked.Rating, due: true,
	}, at)
	a, b := c.Rating, looked.Rating
	a.Due, b.Due = 0, 0
	return cmp.Diff(a, b) + cmp.Diff(c.Values, looked.Values)
}
