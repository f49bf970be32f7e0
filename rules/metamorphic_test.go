package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/words"
)

// Ids say nothing, and properties that no rule knows change nothing. Shifting everything by whole weeks, without public
// holidays and changes of the clock, shifts the rating.
func TestMetamorphic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		now := genNow(t)
		plain := Rate(Defaults(), recordOf(facts...), calm(now))

		more := append(slices.Clone(facts), prop("hs_internal_number", "4711", Start),
			prop("favourite_colour", "blue", Start))
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
		weeks := crm.Millis(rapid.IntRange(-50, 50).Draw(t, "weeks")) * 7 * calendar.DayMS
		for i := range shifted {
			shifted[i] = shift(shifted[i], weeks)
		}
		a := Rate(Defaults(), recordOf(zoneless...), calm(now))
		b := Rate(Defaults(), recordOf(shifted...), calm(now.Add(time.Duration(weeks)*time.Millisecond)))
		if a.Score != b.Score || a.Letter != b.Letter || a.Status != b.Status || a.Ball != b.Ball ||
			a.Unrated != b.Unrated || a.Due != 0 && a.Due+weeks != b.Due {
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

// Whoever does everything an hour later by clocks that stand an hour behind does the same. None of these zones has
// summer time, and of none of their countries are holidays known.
func TestZonesShift(t *testing.T) {
	zones := []struct {
		name  string
		ahead time.Duration
	}{
		{"Asia/Kolkata", 5*time.Hour + 30*time.Minute},
		{"Asia/Kathmandu", 5*time.Hour + 45*time.Minute},
		{"Asia/Dubai", 4 * time.Hour},
		{"Asia/Singapore", 8 * time.Hour},
		{"Africa/Lagos", time.Hour},
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := slices.DeleteFunc([]crm.Fact(genStory(20).Draw(t, "story")), func(f crm.Fact) bool {
			return f.Property != nil
		})
		now, s := genNow(t), genSettings(t)
		from, to := rapid.SampledFrom(zones).Draw(t, "from"), rapid.SampledFrom(zones).Draw(t, "to")
		by := from.ahead - to.ahead
		moved := make([]crm.Fact, len(facts))
		for i := range facts {
			moved[i] = shift(facts[i], crm.Millis(by.Milliseconds()))
		}
		in := func(zone string, facts []crm.Fact, now time.Time) crm.Rating {
			return Rate(s, recordOf(append(facts, prop(crm.PropTimeZone, zone, Start),
				prop(crm.PropOwnerTimeZone, zone, Start))...), calm(now))
		}
		a, b := in(from.name, facts, now), in(to.name, moved, now.Add(by))
		if a.Letter != b.Letter || a.Score != b.Score || a.Status != b.Status || a.Ball != b.Ball ||
			a.Ground != b.Ground || a.Treatment != b.Treatment || a.Overdue != b.Overdue {
			t.Fatalf("in %s and %s:\n%s\n%s", from.name, to.name, asJSON(a), asJSON(b))
		}
		for i := range a.Reasons {
			if a.Reasons[i].Name != b.Reasons[i].Name || a.Reasons[i].Points != b.Reasons[i].Points {
				t.Fatalf("in %s and %s:\n%s\n%s", from.name, to.name, asJSON(a.Reasons), asJSON(b.Reasons))
			}
		}
	})
}

// What is older than a signal's window is no evidence for it; a property is as of now. Two look at what is open or was
// sent, however old.
func TestWindowsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, s := genNow(t), genSettings(t)
		for _, reason := range Rate(s, recordOf(genStory(25).Draw(t, "story")...), calm(now)).Reasons {
			i := slices.IndexFunc(s.Rows[:], func(sig Signal) bool { return sig.Name == reason.Name })
			if i < 0 || s.Rows[i].Window == 0 || i == signals.RowAnswers || i == signals.RowSameQuote {
				continue
			}
			for _, e := range reason.Evidence {
				lasting := e.At == 0 || strings.HasPrefix(e.Fact, "property/")
				if old := now.Sub(e.At.Time()); !lasting && old > s.Rows[i].Window+48*time.Hour {
					t.Fatalf("%s names what is %s old: %s", reason.Name, old, words.Default().Reason(reason.Says))
				}
			}
		}
	})
}
