package rating

import (
	"testing"
	"time"
	"unsafe"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules/words"
)

func TestValuesOfUnratedAreBlank(t *testing.T) {
	v := values(crm.Rating{Unrated: "opted_out", Score: 50, Letter: "B"}, words.Default(), worded{})
	if !blank(v) || len(v) != len(crm.Fields) {
		t.Errorf("values of an unrated contact: %v, want every field of ours cleared", v)
	}
}

func TestSameValuesIgnoresWhatMovesAlone(t *testing.T) {
	a := values(crm.Rating{Letter: "B", Machine: "B", Model: "1"}, words.Default(), worded{})
	b := values(crm.Rating{Letter: "B", Machine: "B", Model: "2"}, words.Default(), worded{})
	b[crm.FieldRatedAt] = "2026-05-04T09:00:00Z"
	if !sameValues(a, b) {
		t.Error("model and rated_at alone are no reason for a write")
	}
	b[crm.FieldOwedSince] = "2026-05-04T09:00:00Z"
	if sameValues(a, b) {
		t.Error("owed_reply_since changed and nothing would be written")
	}
}

// Texts are made anew only where what they say has changed, and then hold what they would have held without.
func TestTextsAreTakenOver(t *testing.T) {
	o := benchOwner()
	c := ratedContact(o, 4)
	review := func(f crm.Fact) (before stored.Values) {
		before = c.Values
		o.review(&job{key: queue.Key{Source: "fake", Contact: "101"}, c: c, facts: []crm.Fact{f}}, f.At.Time())
		want := values(c.Rating, words.Default(), worded{})
		for _, field := range []crm.Field{crm.FieldReasons, crm.FieldAction, crm.FieldMessage} {
			if c.Values[field] != want[field] {
				t.Errorf("%s is %q, want %q", field, c.Values[field], want[field])
			}
		}
		return before
	}
	at := noon.Add(time.Hour)
	override := crm.Fact{
		ID: "property/override", Version: at.UnixMilli(), At: crm.At(at), Kind: crm.KindProperty,
		Property: &crm.Property{Name: crm.PropOverride, Value: "A"},
	}
	review(override)
	if c.Values[crm.FieldRating] != "A" {
		t.Fatalf("rated %s, want the override", c.Values[crm.FieldRating])
	}
	again := override
	again.Version++
	again.Property = &crm.Property{Name: crm.PropOverride, Value: "B"}
	before := review(again)
	if a, b := before[crm.FieldReasons], c.Values[crm.FieldReasons]; unsafe.StringData(a) != unsafe.StringData(b) {
		t.Errorf("the reasons have not changed, and are made once more: %q, %q", a, b)
	}
	review(saidNo(at.Add(2 * time.Hour)))
	c.Values[crm.FieldReasons], c.Worded = "in another language", false // as the process before left it
	again.Version++
	again.Property = &crm.Property{Name: crm.PropOverride, Value: "A"}
	review(again)
}
