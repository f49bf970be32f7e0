package rules

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Whatever a property says that no rule reads, the rating is the same: so nobody need be rated for it.
func TestIdleFactsMoveNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSettings(t)
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		value := rapid.SampledFrom([]string{"", "true", "lead", "customer", "71", "7", "2026-03-02", "A"})
		for _, name := range idle {
			facts = append(facts, prop(name, value.Draw(t, "before"), Start))
		}
		now := genNow(t)
		want := asJSON(Rate(s, recordOf(facts...), calm(now)))
		for _, name := range idle {
			f := prop(name, value.Draw(t, "after"), now)
			if s.Reads(&f) {
				t.Fatalf("%s is read by settings that do not name it", name)
			}
			facts = append(facts, f)
		}
		if got := asJSON(Rate(s, recordOf(facts...), calm(now))); got != want {
			t.Fatalf("what nobody reads changed the rating:\n%s\n%s", want, got)
		}
	})
}

// What settings name is read, in whatever way they name it, and in whichever segment.
func TestNamedFactsAreRead(t *testing.T) {
	owner := prop(crm.PropOwner, "71", Start)
	for _, env := range []map[string]string{
		{"FIT_PROFILE": "owner=71:+10"},
		{"WORTH_PROFILE": "Owner=71:+10"},
		{"MISFIT": "owner=71"},
		{"FOLLOW_UP_PROPERTIES": "owner"},
		{"INDUSTRY_PROPERTY": "owner"},
		{"SEGMENTS": "small", "SEGMENT_SMALL_FIT_PROFILE": "owner=71:+10"},
		customEnv(nil),
	} {
		s, err := Parse(env)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Reads(&owner) {
			t.Errorf("the owner is not read with %v", env)
		}
	}
	if m := mail("emails/1", Start, crm.In, 0, 5); !Defaults().Reads(&m) || Defaults().Reads(&owner) {
		t.Error("want mails read, and the owner not, where no setting names it")
	}
}
