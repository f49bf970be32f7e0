package cast

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

const day = 24 * time.Hour

// actor is a member while it plays.
type actor struct {
	*Member
	next  int
	delay time.Duration // by how much the script is late
	last  time.Time     // when it played last
}

// due is when the actor's next step is; ok is false when there is none. A script that is late keeps to working days.
func (a *actor) due() (at time.Time, ok bool) {
	if a.next == len(a.Steps) {
		return time.Time{}, false
	}
	at = a.Steps[a.next].At.Add(a.delay)
	for a.delay > 0 && (at.Weekday() == time.Saturday || at.Weekday() == time.Sunday) {
		at = at.Add(day)
	}
	if !at.After(a.last) {
		at = a.last.Add(time.Minute)
	}
	return at, true
}

// Play plays the members' steps in the order of time, from Begin to End. After each simulated day it calls settle,
// which returns when everything that the day set off has come to rest, and then onDay, which may be nil. It sets
// Contact of each member. An error of settle ends it, as does the end of ctx.
func Play(ctx context.Context, s world.CRM, members []Member, clock Clock, settle func(context.Context) error,
	onDay func(time.Time),
) error {
	return play(ctx, s, members, Begin, End, clock, settle, onDay)
}

func play(ctx context.Context, s world.CRM, members []Member, begin, end time.Time, clock Clock,
	settle func(context.Context) error, onDay func(time.Time),
) error {
	var actors []*actor
	for i := range members {
		actors = append(actors, &actor{Member: &members[i]})
	}
	for night := begin.Add(day); !night.After(end); night = night.Add(day) {
		for {
			a := first(actors, night)
			if a == nil {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			at, _ := a.due()
			clock.Set(at)
			a.play(s)
		}
		clock.Set(night)
		if err := settle(ctx); err != nil {
			return fmt.Errorf("day that ends at %s: %w", night.Format(time.RFC3339), err)
		}
		if onDay != nil {
			onDay(night)
		}
	}
	return ctx.Err()
}

// first is the actor whose step comes next, before the night; of two at the same instant the earlier in the cast.
func first(actors []*actor, night time.Time) (best *actor) {
	var when time.Time
	for _, a := range actors {
		if at, ok := a.due(); ok && at.Before(night) && (best == nil || at.Before(when)) {
			best, when = a, at
		}
	}
	return best
}

// play plays the next step, or puts it off to the next working day when its time has not come.
func (a *actor) play(s world.CRM) {
	if a.Contact == "" {
		a.Contact = s.CreatePerson(a.Profile)
	}
	person, ok := s.Person(a.Contact)
	if !ok {
		a.next = len(a.Steps) // erased: nothing more can happen
		return
	}
	a.Contact = person.ID // another one, after a merge
	at, _ := a.due()
	step := a.Steps[a.next]
	if step.When != nil && !step.When(person.Fields) {
		a.delay += day
		for later, _ := a.due(); !later.After(at); later, _ = a.due() {
			a.delay += day // the weekend: both days lead to the same Monday
		}
		return
	}
	step.Do(s, a.Contact)
	a.next, a.last = a.next+1, at
}

// Path is every status that Winnow showed of a contact, in order, without repetitions.
func Path(s world.Face, contact string) []string {
	var path []string
	for _, w := range writesOf(s, contact) {
		if v := w.Fields["status"]; v != "" {
			path = append(path, v)
		}
	}
	return slices.Compact(path)
}

// writesOf are the writes to a contact, those among them that it got as the lead or the loser of a merge that it was
// before.
func writesOf(s world.Face, contact string) []world.Write {
	lives := map[string]bool{contact: true}
	return slices.DeleteFunc(s.Writes(), func(w world.Write) bool {
		is, known := lives[w.Person]
		if !known {
			p, ok := s.Person(w.Person)
			is = ok && p.ID == contact
			lives[w.Person] = is
		}
		return !is
	})
}

// Check returns what is wrong with how a member ended, as one error; nil if nothing is.
func Check(s world.Face, m Member) error {
	person, ok := s.Person(m.Contact)
	if !ok {
		return fmt.Errorf("%s: the contact is gone", m.Name)
	}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	e, fields := m.Expect, person.Fields
	rating := fields["rating"]
	switch {
	case e.Ratings == "" && rating != "":
		say("is rated %s and should not be rated", rating)
	case e.Ratings != "" && (rating == "" || !strings.Contains(e.Ratings, rating)):
		say("is rated %q, want one of %s", rating, e.Ratings)
	}
	if end := fields["status"]; len(e.Ends) > 0 && !slices.Contains(e.Ends, end) {
		say("ends %q, want %s", end, strings.Join(e.Ends, " or "))
	}
	path := Path(s, person.ID)
	rest := path
	for _, p := range e.Passes {
		i := slices.Index(rest, p)
		if i < 0 {
			say("passed through %v and should have through %v", path, e.Passes)
			break
		}
		rest = rest[i+1:]
	}
	for _, n := range e.Never {
		if slices.Contains(path, n) {
			say("was %s and never should have been", n)
		}
	}
	for _, id := range e.Reasons {
		if !everGiven(s, person.ID, id) {
			say("was never given the reason %s", id)
		}
	}
	for name, want := range e.Fields {
		if got := fields[name]; got != want && (want != "*" || got == "") {
			say("%s is %q, want %q", name, got, want)
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", m.Name, strings.Join(wrong, "; "))
}

// everGiven reports whether a signal was ever among the reasons shown.
func everGiven(s world.Face, contact, id string) bool {
	return slices.ContainsFunc(writesOf(s, contact), func(w world.Write) bool {
		return strings.Contains(w.Fields["reasons"], "("+id+")")
	})
}
