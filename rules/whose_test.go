package rules

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Whose a message or a call is may turn out to be another's than was thought, as when an address changes hands. It
// counts once, as its latest reading has it, in whatever order the readings come.
func TestWhoseARecordIsCountsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSettings(t)
		facts := []crm.Fact(genStory(12).Draw(t, "story"))
		i := rapid.IntRange(0, len(facts)).Draw(t, "which")
		if i == len(facts) || facts[i].Peer != "" || facts[i].Message == nil && facts[i].Call == nil {
			facts = append(facts, mail("emails/whose", Start.Add(day), crm.In, crm.Asks, 30))
			i = len(facts) - 1
		}
		theirs, strangers := facts[i], facts[i]
		strangers.Peer = crm.Stranger
		later, earlier := &theirs, &strangers
		if rapid.Bool().Draw(t, "a stranger's in the end") {
			later, earlier = earlier, later
		}
		later.Version = earlier.Version + 1
		now := genNow(t)
		rate := func(facts []crm.Fact) string {
			r := recordOf(facts...)
			r.Lasting = crm.Lasting{} // an earliest instant cannot be taken back
			rating := Rate(s, r, calm(now))
			rating.Due = 0 // a further look does no harm
			return asJSON(rating)
		}

		facts[i] = *later
		want := rate(facts)
		before := append(append([]crm.Fact{*earlier}, facts...), *later)
		after := append(append([]crm.Fact{}, facts...), *earlier)
		for _, read := range [][]crm.Fact{before, after} {
			if got := rate(read); got != want {
				t.Fatalf("%s, read as somebody else's before:\n%s\n%s", later.ID, want, got)
			}
		}
	})
}
