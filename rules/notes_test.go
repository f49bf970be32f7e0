package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

// However much our own people write about a contact, nothing about it changes but the hours that we report.
func TestNotesMoveNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSettings(t)
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		facts = slices.DeleteFunc(facts, func(f crm.Fact) bool { return f.Kind == crm.KindNote })
		now := genNow(t)
		noted := slices.Clone(facts)
		for i := range rapid.IntRange(1, record.MaxNotes+20).Draw(t, "notes") {
			noted = append(noted, note(fmt.Sprintf("notes/%03d", i), Start.Add(time.Duration(i)*7*time.Hour)))
		}
		without := func(r crm.Rating) string {
			r.Reasons = append([]crm.Reason{}, slices.DeleteFunc(slices.Clone(r.Reasons), func(r crm.Reason) bool { return r.Name == "effort" || r.Name == "unknown" })...)
			return asJSON(r)
		}
		a, b := Rate(s, recordOf(facts...), calm(now)), Rate(s, recordOf(noted...), calm(now))
		if without(a) != without(b) {
			t.Fatalf("notes changed the rating:\n%s\n%s", asJSON(a), asJSON(b))
		}
	})
}

// A note is five minutes of ours, or what the settings say, and has a place of its own in the record.
func TestNotesAreEffort(t *testing.T) {
	facts := exchange(10)
	plain := recordOf(facts...)
	before := Explain(Defaults(), plain, calm(Start.Add(40*day)), words.Default()).Effort
	for i := range 12 {
		facts = append(facts, note(fmt.Sprintf("notes/%02d", i), Start.Add(time.Duration(i)*time.Hour)))
	}
	r := recordOf(facts...)
	after := Explain(Defaults(), r, calm(Start.Add(40*day)), words.Default()).Effort
	if got := after.Hours - before.Hours; got < 0.9 || got > 1.1 || after.Notes != 12 {
		t.Errorf("twelve notes: %.1f hours more, %d notes; want one hour", got, after.Notes)
	}
	free := must(Parse(map[string]string{"EFFORT_NOTE": "0s"}))
	none := Explain(free, r, calm(Start.Add(40*day)), words.Default()).Effort
	if none.Hours != before.Hours {
		t.Errorf("notes that take no time: %.1f hours, want %.1f", none.Hours, before.Hours)
	}
	if r.Notes = nil; asJSON(r) != asJSON(plain) {
		t.Error("notes took the place of other facts")
	}
}
