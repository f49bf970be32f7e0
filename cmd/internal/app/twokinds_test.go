package app

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// each runs a test for every vendor that has two kinds of people.
func each(t *testing.T, run func(t *testing.T, vendor string)) {
	t.Helper()
	t.Parallel()
	for _, vendor := range twoKinds {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			run(t, vendor)
		})
	}
}

// TestBlindSilenceOfTwoKinds: nobody becomes pending or disqualified because we could not look, and whoever was silent
// does once we can.
func TestBlindSilenceOfTwoKinds(t *testing.T) {
	weeks(t)
	for name, ill := range map[string]func(w *site){
		"API down":                func(w *site) { w.front.answers(unavailable) },
		"mails are not to be had": (*site).refuseMails,
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, vendor string) { blindly(newSite(t, vendor), ill) })
		})
	}
}

func blindly(w *site, ill func(w *site)) {
	people := []string{
		w.lead("answers"), w.contact("answers2"), w.lead("silent"), w.contact("silent2"),
	}
	for range 3 {
		for _, who := range people {
			w.weWrite(who)
		}
		w.pass(7 * day)
	}
	ill(w)
	for n := range 45 {
		if n == 5 {
			w.theyWrite(people[0], "We have 40 looms. What would 20 new ones cost?")
			w.theyWrite(people[1], "We have 40 looms. What would 20 new ones cost?")
		}
		w.pass(day, "fetch", "write")
		for _, who := range people {
			if e, _ := w.explain(who); n%5 == 4 && (e.Rating.Status != "open" || e.Rating.Decide != nil) {
				w.t.Fatalf("%s is %s after %d blind days, read up to %s", who, e.Rating.Status, n+1, e.ReadUpTo)
			}
		}
	}
	w.front.asked()
	w.front.answers(nil)
	w.until("what waited is read, and what webhooks may have missed", func() bool {
		e, _ := w.explain(people[0])
		return w.clock.now().Sub(e.ReadUpTo.Time()) < time.Minute
	})
	w.settle()
	w.pass(day)
	for i, who := range people {
		path := w.path(who)
		against := slices.Contains(path, "pending") || slices.Contains(path, "disqualified")
		if answered := i < 2; answered == against {
			e, _ := w.explain(who)
			w.t.Errorf("%s, who answered: %t, was %s; held %q, read up to %s", who, answered, strings.Join(path, ", "),
				e.Rating.Held, e.ReadUpTo)
		} else if answered {
			w.want(who, "ball", "us")
		}
	}
}

// TestMergeWithinAKind: two leads, and two contacts, become one, who has what both had.
func TestMergeWithinAKind(t *testing.T) {
	each(t, func(t *testing.T, vendor string) {
		w := newSite(t, vendor)
		for kind, person := range map[string]func(string) string{"lead": w.lead, "contact": w.contact} {
			winner, loser := person(kind+"-a"), person(kind+"-b")
			w.weWrite(winner)
			w.clock.Set(w.clock.now().Add(time.Hour))
			mail := w.theyWrite(loser, "Could you send me a quote for 20 seats? We decide next week.")
			w.settle()
			w.pass(time.Hour)
			w.want(winner, "ball", "them")
			w.want(loser, "ball", "us")
			if got := kind + "/" + w.face.Merge(idOf(winner), idOf(loser)); got != winner {
				t.Fatalf("%s lives on as %s", winner, got)
			}
			w.settle()
			w.pass(time.Hour)
			e, _ := w.explain(loser)
			if vendor == "salesforce" && e.MergedTo != winner {
				t.Errorf("%s is explained as %+v, want merged into %s", loser, e, winner)
			}
			if vendor == "espocrm" { // which says no more than that the loser is deleted: see the preset's README
				if e.Rating.Unrated != "deleted" {
					t.Errorf("%s is rated: %+v", loser, e.Rating)
				}
				w.api("/api/backfill", url.Values{
					"source": {vendor}, "since": {monday.AddDate(0, 0, -1).Format(time.RFC3339)},
				})
				w.until("the history is read again", func() bool { return len(w.mails(winner)) == 2 })
				w.settle()
				w.pass(time.Hour)
			}
			if got := w.mails(winner); len(got) != 2 || !slices.Contains(got, mail) {
				t.Errorf("%s knows %v, want the mails of both", winner, got)
			}
			w.want(winner, "ball", "us")
			writes := len(w.face.Writes())
			w.theyWrite(winner, "And for 30 seats?")
			w.pass(3 * day)
			for _, wr := range w.face.Writes()[writes:] {
				if wr.Person == idOf(loser) {
					t.Errorf("%s was written after the merge", loser)
				}
			}
		}
	})
}

// TestForgetOfTwoKinds erases a person of whom there is something everywhere: late webhooks do not bring them back, nor
// does a poll, and no file holds what was known.
func TestForgetOfTwoKinds(t *testing.T) {
	each(t, func(t *testing.T, vendor string) {
		var env []string
		if vendor == "salesforce" { // which is known of no more than what the settings name
			env = []string{"WINNOW_SALESFORCE_SEGMENT_FIELD=Title"}
		}
		w := newSite(t, vendor, env...)
		const marker = "Keeper-of-the-Xyzzy-Looms"
		for _, who := range []string{w.lead("forget-me"), w.contact("forget-me-too")} {
			other := w.lead("keep-me-" + idOf(who))
			w.call(who, marker)
			w.theyWrite(who, "What does a loom cost?")
			w.theyWrite(other, "What does a loom cost?")
			w.settle()
			w.pass(time.Minute)
			if got := w.mails(who); len(got) != 1 {
				t.Fatalf("of %s the mails %v are known", who, got)
			}
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if len(holding(t, w.dir, marker)) == 0 {
				t.Fatal("no file holds the marker: there is nothing to erase")
			}
			w.start()
			w.settle()
			w.api("/api/forget", url.Values{"source": {vendor}, "contact": {who}})
			w.settle()
			written := w.writes(who)
			w.theyWrite(who, "And what do two of them cost?") // of which a webhook tells
			w.call(who, marker+" again")
			w.settle()
			w.pass(11 * day) // polls find them too
			if e, known := w.explain(who); known {
				t.Errorf("%s is known again: %v", who, e.Facts)
			}
			if n := w.writes(who) - written; n != 0 {
				t.Errorf("%d writes to %s, who is forgotten", n, who)
			}
			if got := w.mails(other); len(got) != 1 {
				t.Errorf("%s, a neighbour, has the mails %v", other, got)
			}
			w.api("/api/compact", nil)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if names := holding(t, w.dir, marker); len(names) > 0 || strings.Contains(w.log.String(), marker) {
				t.Errorf("after compaction %v hold the marker still, or the log", names)
			}
			w.start()
			w.settle()
			if _, known := w.explain(who); known {
				t.Errorf("a restart brought %s back", who)
			}
		}
	})
}

// TestDeletionOfTwoKinds: whoever was deleted in the CRM is neither rated nor written, until restored.
func TestDeletionOfTwoKinds(t *testing.T) {
	each(t, func(t *testing.T, vendor string) {
		w := newSite(t, vendor)
		for _, who := range []string{w.lead("deleted"), w.contact("deleted-too")} {
			w.theyWrite(who, "What does a loom cost?")
			w.settle()
			w.pass(time.Minute)
			w.want(who, "ball", "us")
			w.delete(who)
			w.settle()
			if e, _ := w.explain(who); e.Rating.Unrated != "deleted" {
				t.Errorf("%s, deleted, is rated: %+v", who, e.Rating)
			}
			written := w.writes(who)
			w.pass(30 * day)
			if n := w.writes(who) - written; n != 0 {
				t.Errorf("%d writes to %s, who is not there", n, who)
			}
			w.restore(who)
			w.settle()
			w.pass(time.Minute)
			if e, _ := w.explain(who); e.Rating.Unrated != "" || len(w.mails(who)) != 1 {
				t.Errorf("%s, restored, is unrated: %q, with the mails %v", who, e.Rating.Unrated, w.mails(who))
			}
			w.want(who, "ball", "us")
		}
	})
}

// TestEchoOfTwoKinds: a CRM that tells of our own writes, by webhook and in polls, has nothing read or written for it.
func TestEchoOfTwoKinds(t *testing.T) {
	each(t, func(t *testing.T, vendor string) {
		w := newSite(t, vendor, "WINNOW_POLL_INTERVAL=1h")
		people := []string{w.lead("echo"), w.contact("echo-too")}
		for _, who := range people {
			w.theyWrite(who, "What does a loom cost?")
		}
		w.settle()
		w.pass(3 * time.Hour)
		reads := w.profilesRead()
		for _, who := range people {
			w.weWrite(who) // which has both written: the ball is theirs
		}
		w.settle()
		w.pass(time.Minute)
		for _, who := range people {
			w.want(who, "ball", "them")
		}
		written := len(w.face.Writes())
		w.settle() // the echo
		for range 5 {
			w.pass(2 * time.Hour)
		}
		if n := len(w.face.Writes()) - written; n != 0 {
			t.Errorf("%d writes after the echo", n)
		}
		most := 0
		if vendor == "espocrm" { // whose lists do not show all that we read: a poll has each looked at once
			most = len(people)
		}
		if n := w.profilesRead() - reads; n > most {
			t.Errorf("the people were read %d times for our own writes, want %d", n, most)
		}
	})
}
