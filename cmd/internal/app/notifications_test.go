package app

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/salesforce"
)

// TestAHundredNotifications: of an outbound message with a hundred records, one of which cannot be read, the others are
// read and it is acknowledged, for refusing it would only bring it back. The same message again, each hour of the day
// for which Salesforce repeats what it holds to be lost, changes nothing.
func TestAHundredNotifications(t *testing.T) {
	t.Parallel()
	w := newSite(t, "salesforce", "WINNOW_POLL_INTERVAL=0")
	org := w.face.(salesforce.Face)
	w.face.SetWebhookURL("") // what follows is told of by the message alone
	var people, named []string
	for i := range 100 {
		people = append(people, w.lead(fmt.Sprint("p", i)))
		named = append(named, fmt.Sprintf("04l%012d/%s", i, idOf(people[i])))
	}
	bad := people[49]
	message := bytes.Replace(org.Message("Lead", named...), []byte("<sf:Id>"+idOf(bad)), []byte("<sf:Id>?"), 1)
	w.face.SetWebhookURL(w.hooks())
	idle := func() {
		t.Helper()
		if err := org.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if err := w.app.Pipeline.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rated := func() (who []string) {
		for _, person := range people {
			if w.field(person, "rating") != "" {
				who = append(who, person)
			}
		}
		return who
	}
	idle()
	w.clock.Set(w.clock.now().Add(time.Minute))
	idle()
	if got := rated(); len(got) != 99 || slices.Contains(got, bad) {
		t.Fatalf("%d of 100 are rated, the one that cannot be read among them: %t", len(got), slices.Contains(got, bad))
	}
	letters := func() []string {
		found, err := w.app.Queue.DeadLetters.List(t.Context(), 0, 500, "", "")
		if err != nil {
			t.Fatal(err)
		}
		var says []string
		for _, l := range found {
			says = append(says, l.Reason)
		}
		return says
	}
	if says := letters(); len(says) == 0 || !strings.Contains(says[0], "notification 50") {
		t.Errorf("dead letters %q, want one of notification 50", says)
	}
	writes, known, lost := len(w.face.Writes()), w.known(people), len(letters())
	for hour := range 24 {
		if hour == 12 { // the process that has seen it is gone
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			w.start()
		}
		w.clock.Set(w.clock.now().Add(time.Hour))
		idle()
	}
	if n := len(w.face.Writes()) - writes; n != 0 {
		t.Errorf("the same message again has %d written", n)
	}
	if !slices.Equal(w.known(people), known) {
		t.Error("the same message again changes what is known")
	}
	if n := len(letters()) - lost; n > 1 { // of the second process, which has not seen it yet
		t.Errorf("the same message again leaves %d more dead letters", n)
	}
}

// known are the facts of people, encoded, but for when they were read.
func (w *site) known(people []string) (all []string) {
	for _, person := range people {
		e, _ := w.explain(person)
		all = append(all, fmt.Sprint(e.Facts, e.Rating.Letter, e.Rating.Status, e.Rating.Score))
	}
	return all
}
