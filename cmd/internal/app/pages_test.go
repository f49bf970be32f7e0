package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// listed returns once the list of contacts is as fresh as the store.
func (w *world) listed() {
	w.t.Helper()
	if err := w.app.list.Fresh(w.t.Context(), waittest.Hang); err != nil {
		w.t.Fatalf("the list of contacts: %v, %+v", err, w.app.list.State())
	}
}

// noteDay counts how the contacts stand today, as is done every hour.
func (w *world) noteDay() {
	w.t.Helper()
	if err := stored.NoteDay(w.t.Context(), w.app.Queue, w.clock()); err != nil {
		w.t.Fatal(err)
	}
}

// page gets a page that has to be there.
func (w *world) page(path string) string {
	w.t.Helper()
	status, body := w.admin(path)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}

// shows waits until a page has all that is wanted, and returns it: the store and the CRM, which names people, are given
// little time by a page, and a busy machine makes them late.
func (w *world) shows(path string, wanted ...string) (body string) {
	w.t.Helper()
	waittest.Until(w.t, path+" shows "+strings.Join(wanted, ", "), func() bool {
		body = w.page(path)
		return !slices.ContainsFunc(wanted, func(s string) bool { return !strings.Contains(body, s) })
	})
	return body
}

func parsed[A any](t *testing.T, body string) (a A) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return a
}

var everyPage = []string{"/", "/owed", "/contacts", "/decisions", "/rules", "/trends", "/sources", "/system"}

// TestPagesOfNobody: every page stands where nobody is known.
func TestPagesOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.settle()
	w.listed()
	for _, path := range everyPage {
		body := w.page(path)
		if !strings.Contains(body, "</html>") || strings.Contains(body, "<script") ||
			strings.Contains(body, " style=") {
			t.Errorf("%s is not whole, or has what its policy does not allow:\n%s", path, body)
		}
	}
	w.shows("/", "Nothing does.", "go out")
	t.Run("in a browser", w.looksEmpty)
}

// TestWhoWaits: the page of what we owe names who waits longest first, leads to the CRM, and is the same as JSON and
// CSV.
func TestWhoWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	var ids []string
	for i, name := range []string{"Anna", "=Bert", "Carl"} {
		id := w.box.CreateContact(
			map[string]string{"email": fmt.Sprint("p", i, "@waits.example"), "firstname": name, "lastname": "Loom"},
		)
		ids = append(ids, id)
		w.box.Email(
			[]string{id},
			hubspot.Email{Incoming: true, Subject: "Looms", Text: "What does a loom cost? We need 20 of them."},
		)
		w.settle()
		w.pass(day)
	}
	w.box.Email(
		ids[2:],
		hubspot.Email{Subject: "Looms", Text: "A loom costs 900 euros. When would you like to have them?"},
	)
	w.pass(3 * day)
	w.listed()
	owed := parsed[api.OwedPage](t, w.shows("/owed.json", "Anna Loom", "=Bert Loom"))
	if len(owed.Contacts) != 2 {
		t.Fatalf("%d wait, want 2: %+v", len(owed.Contacts), owed)
	}
	first := owed.Contacts[0]
	if first.Contact.Contact != ids[0] || first.Name != "Anna Loom" || first.Owed != crm.OwedAnswer || !first.Overdue ||
		first.Over == "" {
		t.Errorf("first waits %+v", first)
	}
	if !strings.HasSuffix(first.Link, "/record/0-1/"+ids[0]) {
		t.Errorf("its page in the CRM is %q", first.Link)
	}
	body := w.shows("/owed", "Anna Loom", first.Link, first.Over, "/contacts/hubspot/"+ids[0])
	if strings.Contains(body, "Carl") {
		t.Error("who was answered is on the page")
	}
	w.shows("/owed.csv", "'=Bert Loom", "hubspot,"+ids[0]+",Anna Loom")
	// Search by what people have at hand.
	for _, q := range []string{ids[1], "p1@waits.example", first.Link[:len(first.Link)-len(ids[0])] + ids[1]} {
		found := parsed[api.ContactsPage](t, w.shows("/contacts.json?q="+url.QueryEscape(q), `"contact":"`+ids[1]+`"`))
		if len(found.Contacts) != 1 || found.Contacts[0].Contact.Contact != ids[1] {
			t.Errorf("%s finds %+v", q, found.Contacts)
		}
	}
	w.shows("/contacts/hubspot/"+ids[2],
		"Carl Loom", "<svg", "If nothing happens", "If they answer", "they wrote", "What was written")
	if status, _ := w.admin("/contacts/hubspot/4711"); status != http.StatusNotFound {
		t.Errorf("of nobody: %d", status)
	}
	w.noteDay()
	w.shows("/", "hubspot: letters by day", "0 %, expected 5 to 15 %")
	w.shows("/trends", "hubspot: letters by day", "to the 3 contacts that changed last", `data-of="Slowest"`)
	trends := parsed[api.TrendsPage](t, w.page("/trends.json"))
	if len(trends.Answers) != 1 || trends.Answers[0].Answers != 1 || trends.Answers[0].Slowest == 0 {
		t.Errorf("one answer was given, and the page counts %+v", trends.Answers)
	}
	// Nobody's name is kept in the list, and who is forgotten is in it no more.
	w.api("/api/forget", url.Values{"source": {"hubspot"}, "contact": {ids[0]}})
	w.settle()
	w.listed()
	if owed := parsed[api.OwedPage](t, w.page("/owed.json")); len(owed.Contacts) != 1 ||
		owed.Contacts[0].Contact.Contact != ids[1] {
		t.Errorf("after one was forgotten there wait %+v", owed.Contacts)
	}
	w.shows("/", ">waits for our answer for longer than")
	if body := w.page("/decisions"); !strings.Contains(body, "forgotten") || strings.Contains(body, ids[0]) {
		t.Errorf("what was done is not noted, or names who was forgotten:\n%s", body)
	}
}

// tripped is a world whose breaker holds five: one who is pending and four who would become so.
func tripped(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, hubspot.Options{}, "WINNOW_BREAKER_COUNT=1", "WINNOW_BREAKER_SHARE=0.1%")
	var ids []string
	for i := range 5 {
		ids = append(ids, w.contact(fmt.Sprint("silent", i)))
	}
	for range 4 {
		for _, id := range ids {
			w.box.Email(
				[]string{id},
				hubspot.Email{Subject: "Looms", Text: "How many looms do you need? When could we talk?"},
			)
		}
		w.settle()
		w.pass(7 * day)
	}
	w.pass(60 * day)
	w.listed()
	return w
}

// TestReleaseThese: every place says that the breaker is tripped. Of those whom it holds a person lets two go, with a
// reason, and finds it noted.
func TestReleaseThese(t *testing.T) {
	weeks(t)
	t.Parallel()
	w := tripped(t)
	page := parsed[api.DecisionsPage](t, w.page("/decisions.json"))
	if len(page.Breakers) != 1 || page.Breakers[0].Waiting < 4 {
		t.Fatalf("the breaker holds %+v", page.Breakers)
	}
	w.agrees(map[string]float64{`winnow_breaker_open{source="hubspot"}`: 0}, trouble{
		problem: "the mass-change breaker is tripped",
		series:  `winnow_announcements_held{reason="breaker",source="hubspot"}`, value: 1, log: "breaker tripped",
		alert: "WinnowBreakerOpen",
	})
	held := page.Breakers[0].Some
	var these []string // of those who are open still; who is pending waits to be disqualified
	for _, c := range held {
		if c.Status == crm.Open && c.Would == crm.Pending && len(these) < 2 {
			these = append(these, c.Contact.Contact)
		}
	}
	body := w.page("/decisions")
	stamp := regexp.MustCompile(`name="stamp" value="([^"]+)"`).FindStringSubmatch(body)
	if stamp == nil {
		t.Fatalf("there is no form:\n%s", body)
	}
	_, addr := w.app.Addresses()
	form := url.Values{
		"stamp":    {stamp[1]},
		"source":   {"hubspot"},
		"contacts": these,
		"which":    {"these"},
		"note":     {"asked both on the phone"},
	}
	resp, err := http.PostForm("http://"+addr+"/decisions/release", form)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(said), "asked both on the phone") {
		t.Fatalf("%d:\n%s", resp.StatusCode, said)
	}
	w.pass(day)
	for _, c := range held {
		want := string(c.Status)
		if slices.Contains(these, c.Contact.Contact) {
			want = "pending"
		}
		w.want(c.Contact.Contact, "status", want)
	}
}

// TestSystemIsShown: who is there with which roles, the disk, the settings that are set without what is secret, and
// dead letters by stage.
func TestSystemIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	if status, err := w.box.Send(t.Context(), w.box.Sign([]byte(`{"no":"array"}`))); err != nil || status != 204 {
		t.Fatalf("%d, %v", status, err)
	}
	w.settle()
	body := w.shows("/system", "this one", "receive read fetch rate write poll", "are free; below", "[redacted]",
		"event 0: unknown object type")
	if strings.Contains(body, "sandbox-token") {
		t.Error("the page shows a secret")
	}
	page := parsed[api.SystemPage](t, w.shows("/system.json?stage=read", `"this":true`))
	if len(page.Letters) != 1 || page.Disk == nil || page.Disk.Free == 0 || len(page.Members) != 1 {
		t.Errorf("the page is %+v", page)
	}
	w.shows("/system?stage=write", "None of 1 is like that")
	if status, _ := w.admin("/system?stage=nowhere"); status != http.StatusBadRequest {
		t.Errorf("of a stage that there is not: %d", status)
	}
}
