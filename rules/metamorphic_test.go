package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Ids say nothing, and properties that no rule knows change nothing. Shifting everything by whole weeks, without public
// holidays and changes of the clock, shifts the rating.
func TestMetamorphic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		now := genNow(t)
		plain := Rate(Defaults(), recordOf(facts...), calm(now))

		more := append(slices.Clone(facts), prop("hs_internal_number", "4711", start), prop("favourite_colour", "blue", start))
		if asJSON(Rate(Defaults(), recordOf(more...), calm(now))) != asJSON(plain) {
			t.Fatal("a property that no rule knows changed the rating")
		}

		renamed := slices.Clone(facts)
		for i := range renamed {
			renamed[i].ID = "x/" + renamed[i].ID // keeps their order, on which facts of one instant depend
		}
		got := strings.ReplaceAll(asJSON(Rate(Defaults(), recordOf(renamed...), calm(now))), `"x/`, `"`)
		if got != asJSON(plain) {
			t.Fatalf("renamed:\n%s\n%s", got, asJSON(plain))
		}

		zoneless := slices.DeleteFunc(slices.Clone(facts), func(f crm.Fact) bool { return f.Property != nil })
		shifted := slices.Clone(zoneless)
		weeks := crm.Millis(rapid.IntRange(-50, 50).Draw(t, "weeks")) * 7 * dayMS
		for i := range shifted {
			shifted[i] = shift(shifted[i], weeks)
		}
		a := Rate(Defaults(), recordOf(zoneless...), calm(now))
		b := Rate(Defaults(), recordOf(shifted...), calm(now.Add(time.Duration(weeks)*time.Millisecond)))
		if a.Score != b.Score || a.Letter != b.Letter || a.Status != b.Status || a.Ball != b.Ball || a.Unrated != b.Unrated || a.Due != 0 && a.Due+weeks != b.Due {
			t.Fatalf("shifted:\n%s\n%s", asJSON(a), asJSON(b))
		}
	})
}

func shift(f crm.Fact, by crm.Millis) crm.Fact {
	move := func(m *crm.Millis) {
		if *m != 0 {
			*m += by
		}
	}
	moveAll := func(list []crm.Millis) []crm.Millis {
		list = slices.Clone(list)
		for i := range list {
			move(&list[i])
		}
		return list
	}
	f.At += by
	f.Version += int64(by)
	switch {
	case f.Message != nil:
		m := *f.Message
		move(&m.Text.Return)
		move(&m.Text.Horizon)
		f.Message = &m
	case f.Meeting != nil:
		m := *f.Meeting
		move(&m.Start)
		move(&m.End)
		m.Moved = moveAll(m.Moved)
		f.Meeting = &m
	case f.Quote != nil:
		q := *f.Quote
		q.Sent = moveAll(q.Sent)
		move(&q.Accepted)
		f.Quote = &q
	case f.Task != nil:
		task := *f.Task
		move(&task.Due)
		move(&task.Done)
		f.Task = &task
	case f.Deal != nil:
		d := *f.Deal
		move(&d.Won)
		d.Moves = slices.Clone(d.Moves)
		for i := range d.Moves {
			move(&d.Moves[i].At)
		}
		f.Deal = &d
	}
	return f
}
