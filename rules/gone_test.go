package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
)

// What is gone counts as if it had never been, but for the minima that last; and when it is restored it counts again.
// Tasks and meetings are apart, because they stopped clocks. Of a message or call is left that somebody may have said
// something then.
func TestGoneCountsForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSettings(t)
		facts := []crm.Fact(genStory(25).Draw(t, "story"))
		now := genNow(t)
		var stay, left, more, back []crm.Fact
		for _, f := range facts {
			if f.Kind == crm.KindProperty || f.Task != nil || f.Meeting != nil || !rapid.Bool().Draw(t, "gone") {
				stay = append(stay, f)
				continue
			}
			if f.Peer == "" && (f.Message != nil || f.Call != nil) {
				left = append(left, crm.Fact{
					ID: f.ID, Version: f.Version, Kind: crm.KindMessage, At: f.At,
					Message: &crm.Message{Channel: crm.SMS},
				})
			}
			restored := f
			restored.Version += 2
			more, back = append(more, gone(f, f.Version+1)), append(back, restored)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		with := recordOf(shuffled(slices.Concat(facts, more, facts), seed)...)
		never := recordOf(slices.Concat(stay, left)...)
		never.Lasting = with.Lasting
		if a, b := asJSON(Rate(s, with, calm(now))), asJSON(Rate(s, never, calm(now))); a != b {
			t.Fatalf("gone:\n%s\nnever there:\n%s", a, b)
		}
		again := recordOf(shuffled(slices.Concat(facts, more, back), seed)...)
		if diff := cmp.Diff(recordOf(slices.Concat(stay, back)...), again); diff != "" {
			t.Fatalf("restored: %s", diff)
		}
	})
}

// Their answer is deleted from the CRM, by a clean-up perhaps: they are not for that somebody who never answered.
func TestGoneAnswer(t *testing.T) {
	answer := mail("answer", Start.Add(60*day), crm.In, crm.Answers, 30)
	facts := []crm.Fact{
		mail("first", Start, crm.In, crm.Asks, 30), mail("ask/1", Start.Add(10*day), crm.Out, crm.Asks, 30),
		mail("ask/2", Start.Add(20*day), crm.Out, crm.Asks, 30), mail("ask/3", Start.Add(30*day), crm.Out, crm.Asks,
			30),
	}
	now := calm(Start.Add(65 * day))
	if r := Rate(Defaults(), recordOf(facts...), now); r.Decide == nil || r.Decide.Status != crm.Pending {
		t.Fatalf("without an answer: %s", asJSON(r))
	}
	if r := Rate(Defaults(), recordOf(append(facts, gone(answer, answer.Version+1))...), now); r.Decide != nil {
		t.Errorf("with a deleted answer: %s", asJSON(r))
	}
}

// To delete a task of ours never lowers anything at once: what was owed until then stays so, and at worst it is as if
// there had never been one. Afterwards the next move is no longer ours for its sake.
func TestGoneTask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		s := genSettings(t)
		now := genNow(t)
		at := Start.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "made on day")) * day)
		task := crm.Fact{
			ID: "tasks/x", Version: at.UnixMilli(), Kind: crm.KindTask, At: crm.At(at),
			Task: &crm.Task{Due: later(t, at, 1, 60)},
		}
		if !now.After(at) {
			return
		}
		with := recordOf(append(facts, task)...)
		without := recordOf(append(facts, task, gone(task, now.UnixMilli()))...)
		a, b := Rate(s, with, calm(now)), Rate(s, without, calm(now))
		never := Rate(s, recordOf(facts...), calm(now))
		if b.Engagement < min(a.Engagement, never.Engagement) || b.Score < min(a.Score, never.Score) ||
			b.Machine > max(a.Machine, never.Machine) {
			t.Fatalf("with the task %s %d, deleted %s %d\n%s\n%s", a.Machine, a.Score, b.Machine, b.Score, asJSON(a),
				asJSON(b))
		}
		if b.Ball != never.Ball || b.OwedSince != never.OwedSince {
			t.Fatalf("the ball is %s since %s, without the task %s since %s", b.Ball, b.OwedSince, never.Ball,
				never.OwedSince)
		}
	})
}

// A meeting that is deleted rates as one that was cancelled then, by nobody knows whom.
func TestGoneMeeting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := []crm.Fact(genStory(20).Draw(t, "story"))
		s := genSettings(t)
		now := genNow(t)
		at := Start.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "booked on day")) * day)
		m := crm.Fact{
			ID: "meetings/x", Version: at.UnixMilli(), Kind: crm.KindMeeting, At: crm.At(at), Meeting: &crm.Meeting{
				Start: later(t, at, 1, 60), By: crm.In,
			},
		}
		deleted := at.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "deleted, hours later")) * time.Hour)
		if now.Before(deleted) {
			return
		}
		cancelled := m
		cancelled.Version, cancelled.Meeting = deleted.UnixMilli(), &crm.Meeting{
			Start: m.Meeting.Start, State: crm.Cancelled,
		}
		// of a cancelled one it is still noted when it would have begun
		undated := func(r crm.Rating) string { r.Due = 0; return asJSON(r) }
		a := undated(Rate(s, recordOf(append(facts, m, gone(m, deleted.UnixMilli()))...), calm(now)))
		b := undated(Rate(s, recordOf(append(facts, m, cancelled)...), calm(now)))
		if a != b {
			t.Fatalf("deleted:\n%s\ncancelled:\n%s", a, b)
		}
	})
}

// A place in a full list is not given up by what is gone: whatever comes first, the same facts are kept.
func TestGoneInFullLists(t *testing.T) {
	var facts []crm.Fact
	for i := range record.MaxConduct + 50 {
		at := Start.Add(time.Duration(i) * time.Hour)
		f := mail(fmt.Sprintf("emails/%04d", i), at, crm.In, crm.Asks, 5)
		facts = append(facts, f, note(fmt.Sprintf("notes/%04d", i), at))
		if i%3 == 0 {
			facts = append(facts, gone(f, f.Version+1))
		}
	}
	want := recordOf(facts...)
	for seed := range uint64(20) {
		if diff := cmp.Diff(want, recordOf(shuffled(facts, seed)...)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if len(want.Conduct) != record.MaxConduct || len(want.Notes) != record.MaxNotes {
		t.Errorf("%d messages and %d notes kept", len(want.Conduct), len(want.Notes))
	}
}

// Nothing of a message is kept, even if it came along.
func TestGoneKeepsNoContent(t *testing.T) {
	f := mail("m", Start, crm.In, crm.Asks, 5)
	f.Gone, f.Contact = true, "17"
	want := []crm.Fact{{ID: "m", Version: f.Version, Kind: crm.KindMessage, At: f.At, Gone: true}}
	r := recordOf(f)
	if diff := cmp.Diff(want, r.Conduct); diff != "" || r.Lasting != (crm.Lasting{}) {
		t.Errorf("%s %+v", diff, r.Lasting)
	}
}
