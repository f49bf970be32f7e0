package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
)

const day = 24 * time.Hour

// letters3 has us write to a contact three times, a week apart.
func (w *world) letters3(ids ...string) {
	w.t.Helper()
	for range 3 {
		for _, id := range ids {
			w.box.Email([]string{id}, hubspot.Email{
				Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
			})
		}
		w.pass(7 * day)
	}
}

// untilStatus passes days until a contact has a status, and returns how many.
func (w *world) untilStatus(id, status string, most int) int {
	w.t.Helper()
	for n := range most {
		if w.field(id, "status") == status {
			return n
		}
		w.pass(day)
	}
	w.t.Fatalf("contact %s is %q after %d days, want %s; held %q", id, w.field(id, "status"), most, status,
		w.explain(id).Rating.Held)
	return 0
}

func (w *world) contact(name string) string {
	return w.box.CreateContact(map[string]string{"email": name + "@hard.example", "hs_timezone": "europe_slash_berlin"})
}

// TestEpisodes: a decision is void when its ground is gone, and the next time begins anew.
func TestEpisodes(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	replies, found, silent := w.contact("replies"), w.contact("found"), w.contact("silent")
	w.letters3(replies, found, silent)
	w.untilStatus(silent, "pending", 60)
	first := w.field(silent, "pending_until")
	w.want(replies, "status", "pending")
	w.want(found, "status", "pending")
	if first == "" || w.field(replies, "pending_until") != first {
		t.Fatalf("pending until %q and %q, want the same day", first, w.field(replies, "pending_until"))
	}
	announced := w.clock()

	w.pass(2 * day)
	w.box.Email([]string{replies}, hubspot.Email{
		Incoming: true, Subject: "Re: Looms", Text: "Sorry for the silence. What would 20 looms cost?",
	})
	// A mail of theirs of before the decision that was logged late.
	w.box.Email([]string{found}, hubspot.Email{
		Incoming: true, Subject: "Re: Looms", Text: "We have 40 looms. When can you come?",
		At: announced.Add(-20 * day),
	})
	w.settle()
	w.pass(time.Hour)
	w.want(replies, "status", "requalified")
	w.want(replies, "ball", "us")
	w.want(found, "status", "open")
	for _, id := range []string{replies, found} {
		w.want(id, "pending_until", "")
		w.want(id, "disqualification_reason", "")
	}
	w.untilStatus(silent, "disqualified", 20)
	w.want(silent, "disqualification_reason", "unresponsive")
	w.want(silent, "disqualified", "true")
	if w.field(silent, "recheck_on") == "" {
		t.Error("a disqualified contact has no recheck date")
	}
	for _, id := range []string{replies, found} {
		if slices.Contains(w.path(id), "disqualified") {
			t.Errorf("contact %s was disqualified though its ground was gone: %v", id, w.path(id))
		}
	}
	// The same again: a new notice and a new grace.
	w.letters3(replies)
	again := w.untilStatus(replies, "pending", 90)
	if until := w.field(replies, "pending_until"); until <= first {
		t.Errorf("the second time it is pending until %s, the first time until %s", until, first)
	}
	if again < 10 {
		t.Errorf("pending again %d days after the third letter", again)
	}
	if got := w.path(replies); !slices.Equal(got[len(got)-1:], []string{"pending"}) {
		t.Errorf("path %v", got)
	}
}

// TestMergeInTheFlow merges two contacts into a third one while facts about a loser are still on their way.
func TestMergeInTheFlow(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		w := newWorld(t, hubspot.Options{KeepPrimary: keep})
		a, b := w.contact("a"), w.contact("b")
		w.box.Email([]string{a}, hubspot.Email{
			Incoming: true, Subject: "Price", Text: "Could you send me a quote for 20 seats? We decide next week.",
		})
		w.settle()
		w.box.SetProperty(b, "winnow_override", "D")
		w.settle()
		w.want(b, "rating", "D")
		w.now.Add(int64(time.Hour))
		w.box.Email([]string{b}, hubspot.Email{
			Incoming: true, Subject: "Delivery", Text: "How long does delivery take?",
		})
		late := w.box.Events() // of a loser, on its way for long
		w.now.Add(int64(time.Hour))
		winner := w.box.Merge(a, b)
		w.settle()
		w.post([]hubspot.Delivery{w.box.Pack(late)})
		w.settle()
		w.pass(time.Hour)
		e := w.explain(winner)
		if e.Facts["message"] != 2 {
			t.Errorf("keep %t: the winner knows %v, want the mails of both, once", keep, e.Facts)
		}
		w.want(winner, "ball", "us")
		if got := w.field(winner, "owed_reply_since"); got == "" || !strings.HasPrefix(got, "2026-03-02T09") {
			t.Errorf("keep %t: owed since %q, want since the first question", keep, got)
		}
		for _, loser := range []string{a, b} {
			if loser == winner {
				continue
			}
			if e := w.explain(loser); e.MergedTo != winner {
				t.Errorf("keep %t: contact %s is explained as %+v, want merged into %s", keep, loser, e.Rating, winner)
			}
		}
		// Nothing of a loser is written any more, under whatever id.
		before := len(w.box.Writes())
		w.pass(3 * day)
		for _, wr := range w.box.Writes()[before:] {
			if wr.Contact != winner {
				t.Errorf("keep %t: contact %s was written after the merge", keep, wr.Contact)
			}
		}
	}
}

// api posts to the admin API.
func (w *world) api(path string, in url.Values) string {
	w.t.Helper()
	_, addr := w.app.Addresses()
	resp, err := http.PostForm("http://"+addr+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, resp.StatusCode, &b)
	}
	return b.String()
}

// unknown reports whether nothing is known of a contact.
func (w *world) unknown(id string) bool {
	_, err := w.app.Pipeline.Explain(w.t.Context(), crm.ContactRef{Source: "hubspot", Contact: id})
	return errors.Is(err, operate.ErrUnknownContact)
}

// TestForgetInTheFlow erases a contact about whom there is something everywhere: record, deliveries, dead letters.
func TestForgetInTheFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_HUBSPOT_FIT_PROPERTIES=jobtitle")
	const marker = "Keeper-of-the-Xyzzy-Looms"
	id, other := w.contact("forget-me"), w.contact("keep-me")
	w.box.Email([]string{id, other}, hubspot.Email{Incoming: true, Subject: "Price", Text: "What does a loom cost?"})
	w.now.Add(int64(time.Second))
	w.box.SetProperty(id, "jobtitle", marker)
	events := w.box.Events()
	w.post([]hubspot.Delivery{w.box.Pack(events)})
	w.settle()
	// One delivery of which a part cannot be read, and that names the contact in a part that only refers to it.
	w.post([]hubspot.Delivery{w.box.Pack(append(rawEvent(`{"eventId":9,"portalId":62515,"occurredAt":%d,"subscriptionType":"contact.propertyChange","objectId":%s,"propertyName":"email","propertyValue":"%s@hard.example"}`,
		w.clock().UnixMilli(), id, marker), rawEvent(`{"subscriptionType":"nonsense"}`)...))})
	w.settle()
	if len(w.letters()) != 1 || !slices.Contains(w.letters()[0].Contacts, id) {
		t.Fatalf("dead letters %+v, want one that names the contact", w.letters())
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if n := holding(t, w.dir, marker); len(n) < 3 {
		t.Fatalf("only %v hold the marker: there is nothing to erase", n)
	}
	w.start()
	w.settle()

	w.api("/api/forget", url.Values{"source": {"hubspot"}, "contact": {id}})
	w.settle()
	if !w.unknown(id) || len(w.letters()) != 0 {
		t.Errorf("known still: %t, dead letters %+v", !w.unknown(id), w.letters())
	}
	w.post([]hubspot.Delivery{w.box.Pack(events)}) // late
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Price", Text: "And two of them?"})
	w.settle()
	w.pass(11 * day) // polls find it too
	if !w.unknown(id) {
		t.Error("a late delivery brought the contact back")
	}
	if w.unknown(other) || w.explain(other).Facts["message"] == 0 {
		t.Error("its neighbour was forgotten too")
	}
	// What was read is trimmed once the acknowledgement of that has arrived.
	w.until("no file holds the marker after compaction", func() bool {
		w.api("/api/compact", nil)
		return len(holding(t, w.dir, marker)) == 0
	})
	if strings.Contains(w.log.String(), marker) {
		t.Error("the log names the marker")
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if n := holding(t, w.dir, marker); len(n) > 0 {
		t.Errorf("after the end %v hold the marker again", n)
	}
	w.start()
	w.settle()
	if !w.unknown(id) {
		t.Error("a restart brought the contact back")
	}
}

// holding lists the files of a store that hold a string.
func holding(t *testing.T, dir, s string) (names []string) {
	t.Helper()
	for name, data := range files(t, dir) {
		if bytes.Contains(data, []byte(s)) {
			names = append(names, name)
		}
	}
	return names
}

// TestPrivacyDeletion: HubSpot's own erasure erases here too.
func TestPrivacyDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	id, gone := w.contact("erased"), w.contact("deleted")
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Price", Text: "What does a loom cost?"})
	w.settle()
	w.now.Add(int64(time.Second))
	w.box.PrivacyDelete(id)
	w.box.Delete(gone)
	w.settle()
	w.pass(2 * day)
	if !w.unknown(id) {
		t.Error("an erased contact is known still")
	}
	if e := w.explain(gone); e.Rating.Unrated != "deleted" {
		t.Errorf("a deleted contact is rated: %+v", e.Rating)
	}
	writes := len(w.box.Writes())
	w.pass(2 * day)
	if n := len(w.box.Writes()) - writes; n != 0 || len(w.letters()) != 0 {
		t.Errorf("%d writes to contacts that are not there, dead letters %+v", n, w.letters())
	}
	w.now.Add(int64(time.Second))
	if !w.box.Restore(gone) {
		t.Fatal("not restored")
	}
	w.settle()
	w.pass(time.Hour)
	w.want(gone, "rating", "C")
}

// TestOptOut clears what was written, once.
func TestOptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	id := w.contact("out")
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Price", Text: "What does a loom cost?"})
	w.settle()
	w.want(id, "ball", "us")
	w.now.Add(int64(time.Second))
	w.box.OptOut(id)
	w.settle()
	r, _ := w.box.Contact(id)
	for name, value := range r.Properties {
		if strings.HasPrefix(name, "winnow_") && value != "" {
			t.Errorf("%s is %q after the contact opted out", name, value)
		}
	}
	writes := len(w.box.Writes())
	for range 5 {
		w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Price", Text: "Hello?"})
		w.pass(day)
	}
	if n := len(w.box.Writes()) - writes; n != 0 {
		t.Errorf("%d more writes to a contact that opted out", n)
	}
	w.box.SetProperty(id, "hs_email_optout", "false")
	w.settle()
	w.want(id, "ball", "us")
}

// TestSettingsChange rates everybody again under other settings; only where something else changes is anything written.
func TestSettingsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	curt, plain := w.contact("curt"), w.contact("plain")
	for range 4 {
		w.box.Email([]string{curt}, hubspot.Email{Subject: "Looms", Text: "How many looms do you have today?"})
		w.pass(time.Hour)
		w.box.Email([]string{curt}, hubspot.Email{Incoming: true, Subject: "Re: Looms", Text: "Not sure."})
		w.pass(day)
	}
	before := map[string]string{curt: w.field(curt, "engagement"), plain: w.field(plain, "engagement")}
	model, writes := w.field(plain, "model"), len(w.box.Writes())
	if !strings.Contains(w.field(curt, "reasons"), "(A06)") {
		t.Fatalf("the curt one has no reason A06:\n%s", w.field(curt, "reasons"))
	}
	w.restart()
	w.settle()
	if n := len(w.box.Writes()) - writes; n != 0 {
		t.Errorf("a restart under the same settings wrote %d contacts", n)
	}
	w.restart("WINNOW_RULES_SHORT_ANSWERS_POINTS=-30", "WINNOW_RULES_SHORT_ANSWERS_CAP=30")
	w.settle()
	w.until("rated under the new settings", func() bool { return w.field(curt, "engagement") != before[curt] })
	if w.field(curt, "model") == model {
		t.Error("the model of a contact that changed is the old one")
	}
	w.settle()
	if w.field(plain, "engagement") != before[plain] || w.field(plain, "model") != model {
		t.Error("a contact whose rating did not change was written for the model's sake")
	}
	if e := w.explain(plain); e.Rating.Model == model {
		t.Error("the other contact was not rated again")
	}
}

// TestModes: shadow writes nothing and advise starts anew; enforce sets the native status and puts back what it
// replaced.
func TestModes(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_MODE=shadow")
	back, touched := w.contact("back"), w.contact("touched")
	native := func(id string) string { r, _ := w.box.Contact(id); return r.Properties["hs_lead_status"] }
	for _, id := range []string{back, touched} {
		w.box.SetProperty(id, "hs_lead_status", "IN_PROGRESS")
	}
	w.letters3(back, touched)
	w.pass(50 * day)
	if n := len(w.box.Writes()); n != 0 {
		t.Fatalf("%d writes in shadow", n)
	}
	if e := w.explain(back); e.Rating.Status != "disqualified" {
		t.Fatalf("shadow shows %s after 50 days, want what advise would have done by now", e.Rating.Status)
	}
	w.restart("WINNOW_MODE=enforce")
	w.settle()
	w.pass(time.Hour)
	w.until("all ratings are offered", func() bool { return w.field(touched, "rating") != "" })
	w.settle()
	if got := w.field(back, "status"); got != "pending" {
		t.Errorf("after the shadow it is %q, want pending: nobody had been told", got)
	}
	if native(back) != "IN_PROGRESS" {
		t.Errorf("the native status of a pending contact is %q", native(back))
	}
	w.untilStatus(back, "disqualified", 30)
	for _, id := range []string{back, touched} {
		if native(id) != "UNQUALIFIED" {
			t.Errorf("the native status of disqualified contact %s is %q", id, native(id))
		}
	}
	writes := len(w.box.Writes())
	w.pass(3 * day)
	if n := len(w.box.Writes()) - writes; n != 0 {
		t.Errorf("%d writes in three days in which nothing happened", n)
	}
	w.box.SetProperty(touched, "hs_lead_status", "CONNECTED")
	w.pass(day)
	if native(touched) != "CONNECTED" {
		t.Errorf("what a human set became %q", native(touched))
	}
	for _, id := range []string{back, touched} {
		w.box.Email([]string{id}, hubspot.Email{
			Incoming: true, Subject: "Re: Looms", Text: "Here I am again. What would 20 looms cost?",
		})
	}
	w.settle()
	w.pass(time.Hour)
	w.want(back, "status", "requalified")
	if native(back) != "IN_PROGRESS" || native(touched) != "CONNECTED" {
		t.Errorf("native statuses are %q and %q, want what stood there before, and what a human set since",
			native(back), native(touched))
	}
}

// TestEnforceLater: what was disqualified under advise gets its native status when the mode becomes enforce, which is
// no mass change, and gets back what stood there when the decision falls.
func TestEnforceLater(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_BREAKER_COUNT=100")
	var ids []string
	for i := range 25 { // more than the breaker lets become disqualified in a day
		ids = append(ids, w.contact(fmt.Sprint("silent", i)))
		w.box.SetProperty(ids[i], "hs_lead_status", "IN_PROGRESS")
	}
	native := func(id string) string { r, _ := w.box.Contact(id); return r.Properties["hs_lead_status"] }
	w.letters3(ids...)
	w.untilStatus(ids[0], "disqualified", 90)
	recheck := w.field(ids[0], "recheck_on")
	for _, id := range ids {
		w.want(id, "status", "disqualified")
		if got := native(id); got != "IN_PROGRESS" {
			t.Fatalf("the native status under advise is %q", got)
		}
	}
	w.pass(3 * day)
	w.restart("WINNOW_MODE=enforce", "WINNOW_BREAKER_COUNT=20")
	w.until("all native statuses are set", func() bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return native(id) != "UNQUALIFIED" })
	})
	w.settle()
	if b, err := w.app.Pipeline.Breaker(t.Context(), "hubspot"); err != nil || b.Open {
		t.Errorf("breaker %+v, %v: nobody newly became disqualified", b, err)
	}
	w.want(ids[0], "recheck_on", recheck)
	writes := len(w.box.Writes())
	w.pass(day)
	w.box.SetProperty(ids[1], "hs_lead_status", "CONNECTED")
	w.pass(3 * day)
	if n := len(w.box.Writes()) - writes; n != 0 || native(ids[1]) != "CONNECTED" {
		t.Errorf("%d writes in days in which nothing happened; what a human set is %q", n, native(ids[1]))
	}
	for _, id := range ids[:2] {
		w.box.Email([]string{id}, hubspot.Email{
			Incoming: true, Subject: "Re: Looms", Text: "Here I am again. What would 20 looms cost?",
		})
	}
	w.settle()
	w.pass(time.Hour)
	w.want(ids[0], "status", "requalified")
	if native(ids[0]) != "IN_PROGRESS" || native(ids[1]) != "CONNECTED" || native(ids[2]) != "UNQUALIFIED" {
		t.Errorf("native statuses are %q, %q and %q, want what stood there, what a human set since, and unqualified",
			native(ids[0]), native(ids[1]), native(ids[2]))
	}
}

// TestMapping: when a field gets another property, every rating goes there.
func TestMapping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	id := w.contact("mapped")
	w.settle()
	w.want(id, "rating", "C")
	w.restart("WINNOW_HUBSPOT_FIELDS=rating=jobtitle,score=")
	w.settle()
	w.until("the rating stands in the other property", func() bool {
		r, _ := w.box.Contact(id)
		return r.Properties["jobtitle"] == "C"
	})
}

// TestRestartKeepsTime: what was due is due after a restart, at the same instant.
func TestRestartKeepsTime(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	id := w.contact("due")
	w.letters3(id)
	due := w.explain(id).Rating.Due
	w.restart()
	w.settle()
	if got := w.explain(id).Rating.Due; got != due || due == 0 {
		t.Errorf("due %s after the restart, %s before", got, due)
	}
	w.untilStatus(id, "pending", 60)
	until := w.field(id, "pending_until")
	w.restart()
	w.settle()
	w.want(id, "pending_until", until)
	w.untilStatus(id, "disqualified", 20)
}

// TestDiskFloor: before the disk is full nothing more is taken in, and the process says that it is not ready.
func TestDiskFloor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.restart("WINNOW_QUEUE_MIN_FREE=1000TiB")
	resp, err := http.Post(w.hooks, "application/json", strings.NewReader("[]"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q, want 503 with one", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if status, body := w.admin("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "disk") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := w.admin("/livez"); status != http.StatusOK {
		t.Errorf("livez: %d, want 200: a restart would not help", status)
	}
	_, addr := w.app.Addresses()
	if resp, err = http.PostForm("http://"+addr+"/api/forget", url.Values{
		"source": {"hubspot"}, "contact": {"1"}, "unknown": {"yes"},
	}); err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "the disk has") {
		t.Errorf("an order to erase that cannot be carried out: %d %s", resp.StatusCode, body)
	}
	if status, body := w.admin("/api/forget?source=hubspot&contact=1"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "the disk has") {
		t.Errorf("one that is not carried out: %d %s", status, body)
	}
	w.restart("WINNOW_QUEUE_MIN_FREE=1MiB")
	w.until("it is ready again", func() bool { status, _ := w.admin("/readyz"); return status == http.StatusOK })
}

// TestBackfillOfSilent reads the history of many contacts who have been silent for long: nothing is announced while it
// is being read, and then the mass-change breaker trips until a person releases it.
func TestBackfillOfSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	var ids []string
	for i := range 100 {
		ids = append(ids, w.contact(fmt.Sprint("silent", i)))
	}
	for range 3 {
		for _, id := range ids {
			w.box.Email([]string{id}, hubspot.Email{
				Subject: "Looms", Text: "How many looms do you have today? When could we talk?",
			})
		}
		w.now.Add(int64(7 * day))
	}
	w.now.Add(int64(60 * day))
	_ = w.box.Events() // there was no Winnow then
	w.settle()
	w.api("/api/backfill", url.Values{"source": {"hubspot"}, "since": {monday.AddDate(0, 0, -1).Format(time.RFC3339)}})
	var state operate.BackfillState
	w.until("the backfill is read", func() bool {
		_, body := w.admin("/api/backfill?source=hubspot")
		if err := json.Unmarshal([]byte(body), &state); err != nil {
			t.Fatal(err)
		}
		return state.Done && state.Unfetched == 0
	})
	if state.Read < 400 {
		t.Errorf("%d records read, want 100 contacts and 300 mails", state.Read)
	}
	against := func() (n int) {
		for _, id := range ids {
			if s := w.field(id, "status"); s == "pending" || s == "disqualified" {
				n++
			}
		}
		return n
	}
	w.settle()
	if n := against(); n != 0 {
		t.Errorf("%d contacts were announced before things had settled", n)
	}
	w.pass(10 * time.Minute)
	if n := against(); n > 20 {
		t.Errorf("%d contacts announced, want no more than the breaker admits", n)
	}
	if b, err := w.app.Pipeline.Breaker(t.Context(), "hubspot"); err != nil || !b.Open {
		t.Fatalf("the breaker is %+v (%v) after the backfill has settled, want it open", b, err)
	}
	w.measures(`winnow_breaker_open{source="hubspot"}`, 1)
	if !strings.Contains(w.warnings(), "mass-change breaker tripped") {
		t.Error("the log does not say that the breaker tripped")
	}
	held := against()
	w.pass(3 * day)
	if n := against(); n != held {
		t.Errorf("%d contacts announced while the breaker is open, %d before", n, held)
	}
	w.want(ids[0], "rating", w.explain(ids[0]).Rating.Letter) // the rest of the rating is written all the same
	w.api("/api/breaker/release", url.Values{"source": {"hubspot"}})
	w.pass(time.Minute)
	if n := against(); n != len(ids) {
		t.Errorf("%d of %d announced after the release", n, len(ids))
	}
}
