package hubspot

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestFetchContacts(t *testing.T) {
	p := newPortal(t)
	ada := p.add("contacts", "101", "email", "ada@customer.example", "createdate", "2026-01-05T08:00:00.123Z",
		"lastmodifieddate", "2026-02-20T10:00:00Z",
		"hs_analytics_source_data_1", "IMPORT", "industry", "RETAIL", "region__c", "north", "winnow_rating", "",
		"winnow_status", "open", "winnow_reasons", "why")
	was(ada, "email", "ada@customer.example", "2026-01-05T08:00:01Z")
	was(ada, "lifecyclestage", "customer", "2026-02-01T00:00:00.5Z", "lead", "2026-01-05T08:00:00Z")
	was(ada, "hs_timezone", "europe_slash_berlin", "2026-01-06T00:00:00Z")
	was(ada, "country", "Germany", "2026-01-06T00:00:00Z")
	was(ada, "hs_country_region_code", "AT", "2026-01-07T00:00:00Z")
	was(ada, "hs_email_optout", "true", "2026-02-10T00:00:00Z")
	was(ada, "notes_next_activity_date", "", "2026-02-11T00:00:00Z", "2026-02-10T09:00:00Z", "2026-02-01T00:00:00Z")
	was(ada, "hubspot_owner_id", "77", "2026-01-05T08:00:00Z")
	was(ada, "hs_analytics_source", "OFFLINE", "2026-01-05T08:00:00Z")
	was(ada, "winnow_override", "keep", "2026-02-12T00:00:00Z")
	was(ada, "industry", "RETAIL", "2026-01-08T00:00:00Z")
	was(ada, "hs_merged_object_ids", "55;56", "2026-02-02T00:00:00Z", "55", "2026-01-20T00:00:00Z")
	p.add("contacts", "102", "email", "REP@winnow.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		"2026-01-05T08:00:00Z")
	p.add("contacts", "103", "email", "x@sub.staff.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		"2026-01-05T08:00:00Z")
	p.add("contacts", "104", "email", "y@customer.example", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate",
		"2026-01-05T08:00:00Z", "winnow_rating", "B")
	c := p.connect(t, func(c *Config) {
		c.FitProperties = []string{"industry", "owner"}
		c.StaffDomains = []string{"staff.example"}
	})
	got, err := c.Fetch(t.Context(), refs("contacts", "101", "102", "103", "104", "999"))
	fs := facts(t, got, err)
	want := map[string][2]string{ // value, since
		"lifecycle_stage": {"customer", "2026-02-01T00:00:00.5Z"}, "customer": {"true", "2026-02-01T00:00:00.5Z"},
		"time_zone": {"Europe/Berlin", "2026-01-06T00:00:00Z"}, "country": {"AT", "2026-01-07T00:00:00Z"},
		"opt_out":       {"true", "2026-02-10T00:00:00Z"},
		"next_activity": {"", "2026-02-11T00:00:00Z"}, "owner": {"77", "2026-01-05T08:00:00Z"},
		"origin":   {"outbound", "2026-01-05T08:00:00Z"},
		"override": {"keep", "2026-02-12T00:00:00Z"}, "industry": {"RETAIL", "2026-01-08T00:00:00Z"},
		"created": {"2026-01-05T08:00:00Z", "2026-01-05T08:00:00.123Z"},
		"shown":   {"true", "2026-02-20T10:00:00Z"}, "profiled": {"true", "1970-01-01T00:00:00.001Z"},
		"staff": {"false", "2026-01-05T08:00:01Z"}, "owner_time_zone": {"Europe/Berlin", "2026-01-05T08:00:00Z"},
	}
	for name, w := range want {
		f, ok := fs["101 property/"+name]
		if !ok {
			t.Errorf("nothing about %s", name)
			continue
		}
		if f.Property.Value != w[0] || f.Version != int64(ms(w[1])) || f.Kind != crm.KindProperty {
			t.Errorf("%s is %q as of %s, want %q as of %s", name, f.Property.Value, crm.Millis(f.Version), w[0], w[1])
		}
	}
	for key := range fs {
		if name, ok := strings.CutPrefix(key, "101 property/"); ok && want[name] == [2]string{} {
			t.Errorf("unexpected fact %s", key)
		}
	}
	if fs["55 merge"].Merge == nil || fs["55 merge"].Merge.Into != "101" || fs["101 merge/56"].Merge == nil ||
		fs["101 merge/55"].Version != int64(ms("2026-01-20T00:00:00Z")) {
		t.Errorf("merges that no webhook told of: %+v", fs)
	}
	for _, contact := range []string{"102", "103"} {
		if fs[contact+" property/staff"].Property.Value != "true" {
			t.Errorf("contact %s is one of our own", contact)
		}
	}
	if f := fs["102 property/shown"]; f.Property == nil || f.Property.Value != "" {
		t.Errorf("one of our own, of whom no rating stands in the CRM: %+v", f.Property)
	}
	if _, there := fs["104 property/shown"]; there {
		t.Error("what we write is read of somebody who may be rated")
	}
	if _, there := fs["999 property/created"]; there {
		t.Error("a contact that is gone has facts")
	}
	if strings.Contains(fmt.Sprintf("%+v", fs), "@") {
		t.Error("a fact holds an address")
	}
}

func TestFetchEmails(t *testing.T) {
	p := newPortal(t)
	p.add("contacts", "101", "email", "ada@customer.example")
	p.add("contacts", "102", "email", "ben@customer.example", "hs_additional_emails", "ben@home.example;b@home.example")
	mail := func(id string, pairs ...string) {
		p.add("emails", id, append([]string{
			"hs_timestamp", "2026-02-01T08:00:00Z", "hs_createdate", "2026-02-01T08:00:05Z", "hs_lastmodifieddate",
			"2026-02-01T08:00:09.25Z",
			"hs_email_text", "Could you send a quote?", "hs_email_thread_id", "T1",
		}, pairs...)...)
		p.link("emails/"+id, "contacts/101")
	}
	mail("301", "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email", "ada@customer.example")
	mail("302", "hs_email_direction", "EMAIL", "hs_email_status", "SENT", "hs_email_html",
		`See <a href="https://offers.example/q/1">the quote</a>`, "hs_email_text", "")
	mail("303", "hs_email_direction", "EMAIL", "hs_email_status", "BOUNCED")
	mail("304", "hs_email_direction", "EMAIL", "hs_email_status", "SCHEDULED")
	mail("305", "hs_email_direction", "FORWARDED_EMAIL", "hs_email_from_email", "ada@customer.example")
	mail("306", "hs_email_direction", "FORWARDED_EMAIL", "hs_email_from_email", "Rep <rep@winnow.example>")
	mail("307", "hs_email_direction", "INCOMING_EMAIL", "hs_email_text", "", "hs_email_from_email",
		"ada@customer.example")
	mail("308", "hs_email_direction", "EMAIL", "hs_sequence_id", "12")
	mail("309", "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email", "b@home.example")
	p.link("emails/309", "contacts/102")
	mail("310", "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email", "gone@winnow.example")
	mail("311", "hs_email_direction", "FORWARDED_EMAIL", "hs_email_from_email", "ada@customer.example", "hs_email_text",
		"---------- Forwarded message ---------\nFrom: Ada <ada@customer.example>\nDate: Mon, Feb 2, 2026 at 9:00 "+
			"AM\nSubject: machines\nTo: Rep <rep@winnow.example>\n\nCould you send me a quote for two machines?\n")
	mail("312", "hs_email_direction", "DRAFT_EMAIL")
	mail("313", "hs_email_direction", "")
	mail("314", "hs_email_direction", "FORWARDED_EMAIL", "hs_email_headers",
		`{"from":{"email":"rep@winnow.example"},"to":[]}`)
	mail("315", "hs_email_direction", "EMAIL", "hs_email_from_email", "Ada <ADA@customer.example>")
	mail("316", "hs_email_direction", "EMAIL", "hs_email_from_email", "shared@winnow.example")
	mail("317", "hs_email_direction", "EMAIL", "hs_email_from_email", "Cy <cy@customer.example>")
	c := p.connect(t, nil)
	got, err := c.Fetch(t.Context(), refs("emails", "301", "302", "303", "304", "305", "306", "307", "308", "309",
		"310", "311", "312", "313", "314", "315", "316", "317"))
	fs := facts(t, got, err)
	for id, want := range map[string]crm.Message{
		"301": {Direction: crm.In}, "302": {Direction: crm.Out}, "303": {Direction: crm.Out, Failed: true},
		"305": {Direction: crm.In},
		"306": {}, "307": {Direction: crm.In, Text: crm.Text{Unread: true}}, "308": {Direction: crm.Out, Mass: true},
		"310": {Direction: crm.Out}, "313": {}, "314": {},
		"315": {Direction: crm.In}, "316": {Direction: crm.Out},
	} {
		f := fs["101 emails/"+id]
		m := f.Message
		if m == nil {
			t.Errorf("mail %s is no fact", id)
			continue
		}
		if m.Direction != want.Direction || m.Failed != want.Failed || m.Mass != want.Mass ||
			m.Text.Unread != want.Text.Unread || m.Channel != crm.Email || m.Thread != "T1" {
			t.Errorf("mail %s: %+v", id, *m)
		}
		if f.At != ms("2026-02-01T08:00:00Z") || f.Version != int64(ms("2026-02-01T08:00:09.25Z")) || f.Peer != "" {
			t.Errorf("mail %s: at %s, version %s, peer %q", id, f.At, crm.Millis(f.Version), f.Peer)
		}
	}
	if f := fs["101 emails/317"]; f.Message == nil || f.Message.Direction != crm.In || f.Peer != crm.Stranger {
		t.Errorf("a colleague of theirs, logged as if we had sent it: %+v", f)
	}
	if m := fs["101 emails/311"].Message; m == nil || !m.Text.Intents.Has(crm.QuoteRequest) {
		t.Errorf("what was forwarded is not read: %+v", m)
	}
	for _, id := range []string{"304", "312"} {
		if _, there := fs["101 emails/"+id]; there {
			t.Errorf("mail %s has not gone out, and is a fact", id)
		}
	}
	if f := fs["102 emails/309"]; f.Peer != "" || f.Message == nil {
		t.Errorf("the sender's own mail: %+v", f)
	}
	if f := fs["101 emails/309"]; f.Peer != "102" {
		t.Errorf("who had a copy of another's mail has it as that one's: %+v", f)
	}
	if strings.Contains(fmt.Sprintf("%+v", got), "quote?") {
		t.Error("a fact holds the text")
	}
}

// TestMailInCopy: what we ask of one is not asked of those who have a copy.
func TestMailInCopy(t *testing.T) {
	p := newPortal(t)
	for id, address := range map[string]string{
		"101": "ada@customer.example", "102": "ben@customer.example", "103": "cy@customer.example",
		"104": "di@customer.example",
	} {
		p.add("contacts", id, "email", address)
		p.link("emails/301", "contacts/"+id)
	}
	p.add("emails", "301", "hs_timestamp", "2026-02-01T08:00:00Z", "hs_lastmodifieddate", "2026-02-01T08:00:09Z",
		"hs_email_direction", "EMAIL",
		"hs_email_from_email", "rep@winnow.example", "hs_email_text",
		"Could you tell me when you have time for a call?", "hs_email_headers",
		`{"from":{"email":"rep@winnow.example"},"to":[{"email":"Ada <ada@customer.example>"},{"email":"cy@customer.example"}],"cc":[{"email":"BEN@customer.example"},{"email":"cy@customer.example"}],"bcc":[]}`)
	got, err := p.connect(t, nil).Fetch(t.Context(), refs("emails", "301"))
	fs := facts(t, got, err)
	for contact, asked := range map[string]bool{"101": true, "102": false, "103": true, "104": true} {
		m := fs[contact+" emails/301"].Message
		if m == nil || m.Direction != crm.Out ||
			m.Text.Intents.Any(crm.Asks|crm.AsksYesNo|crm.ProposesTime) != asked || (m.Text.Asks > 0) != asked ||
			m.Copied == asked {
			t.Errorf("contact %s, asked %t: %+v", contact, asked, m)
		}
	}
}

// An answer reaches everybody on the sender's deals, so that nobody of them is waited for.
func TestAnswersReachTheDeal(t *testing.T) {
	p := newPortal(t)
	for _, id := range []string{"101", "102", "103", "104"} {
		p.add("contacts", id)
	}
	p.add("emails", "301", "hs_timestamp", "2026-02-01T08:00:00Z", "hs_email_direction", "INCOMING_EMAIL",
		"hs_email_text", "Yes.", "hs_lastmodifieddate", "2026-02-01T08:00:00Z")
	p.add("emails", "302", "hs_timestamp", "2026-02-01T08:00:00Z", "hs_email_direction", "EMAIL", "hs_email_text",
		"Any news?", "hs_lastmodifieddate", "2026-02-01T08:00:00Z")
	p.link("emails/301", "contacts/101")
	p.link("emails/302", "contacts/101")
	p.link("contacts/101", "deals/401")
	p.link("contacts/102", "deals/401")
	p.link("contacts/101", "deals/402")
	p.link("contacts/102", "deals/402")
	p.link("contacts/103", "deals/402")
	p.link("contacts/104", "deals/403")
	got, err := p.connect(t, nil).Fetch(t.Context(), refs("emails", "301", "302"))
	var keys []string
	for key, f := range facts(t, got, err) {
		keys = append(keys, key+" "+f.Peer)
	}
	slices.Sort(keys)
	want := []string{"101 emails/301 ", "101 emails/302 ", "102 peer/emails/301 101", "103 peer/emails/301 101"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
}

// A colleague who is no contact answers on the deal alone: nobody of the deal is waited for. What we write there is an
// attempt to nobody.
func TestStrangersAnswerForTheDeal(t *testing.T) {
	p := newPortal(t)
	for id, direction := range map[string]string{"301": "INCOMING_EMAIL", "302": "EMAIL", "303": "INCOMING_EMAIL"} {
		p.add("emails", id, "hs_timestamp", "2026-02-01T08:00:00Z", "hs_email_direction", direction, "hs_email_text",
			"We will order on Monday.", "hs_lastmodifieddate", "2026-02-01T08:00:00Z")
	}
	p.add("contacts", "103")
	p.link("emails/301", "deals/401")
	p.link("emails/302", "deals/401")
	p.link("emails/303", "deals/401")
	p.link("emails/303", "contacts/103") // who is on no deal
	p.link("deals/401", "contacts/101")
	p.link("deals/401", "contacts/102")
	want := []string{"103 emails/303 "}
	for _, objects := range [][]string{{"contacts", "emails"}, {"contacts", "emails", "deals"}} {
		c := p.connect(t, func(c *Config) { c.Objects = objects })
		got, err := c.Fetch(t.Context(), refs("emails", "301", "302", "303"))
		var keys []string
		for key, f := range facts(t, got, err) {
			keys = append(keys, key+" "+f.Peer)
		}
		slices.Sort(keys)
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Error(diff)
		}
		// once deals are read
		want = []string{"101 peer/emails/301 stranger", "102 peer/emails/301 stranger", "103 emails/303 "}
	}
}

// A new association publishes for the contact that it concerns although the search for it may not show it yet.
func TestWantedContacts(t *testing.T) {
	p := newPortal(t)
	p.add("deals", "401", "amount", "1200.5", "dealstage", "x", "hs_lastmodifieddate", "2026-02-01T08:00:00Z")
	p.link("deals/401", "contacts/101")
	p.link("deals/401", "quotes/11")
	got, err := p.connect(t, nil).Fetch(t.Context(), []crm.Ref{
		{Type: "deals", ID: "401", Contacts: []string{"102", "101"}, Depth: 1},
	})
	fs := facts(t, got, err)
	if last := got[len(got)-1].Ref; last == nil || last.ID != "11" || last.Type != "quotes" ||
		len(last.Contacts) != 2 || last.Depth != 2 {
		t.Errorf("the deal's quote is not asked for on behalf of those who joined: %+v", last)
	}
	if len(fs) != 2 || fs["102 deals/401"].Deal == nil || fs["101 deals/401"].Deal.Amount != 120050 {
		t.Errorf("%+v", fs)
	}
}

func TestFetchCalls(t *testing.T) {
	p := newPortal(t)
	for id, c := range map[string][4]string{
		"1": {"OUTBOUND", "COMPLETED", "", "61500"}, "2": {"INBOUND", "NO_ANSWER", "", ""},
		"3": {"OUTBOUND", "COMPLETED", "b2cf5968-551e-4856-9783-52b3da59a7d0", "9000"},
		"4": {"OUTBOUND", "CANCELED", "", ""}, "5": {"OUTBOUND", "IN_PROGRESS", "", ""}, "6": {"", "BUSY", "", ""},
		"7": {"OUTBOUND", "COMPLETED", "AAAA-1", ""},
		"8": {"OUTBOUND", "COMPLETED", "", "0"}, "9": {
			"OUTBOUND", "COMPLETED", "f240bbac-87c9-4f6e-bf70-924b57d47db7",
			"",
		},
	} {
		p.add("calls", id, "hs_timestamp", "2026-02-01T08:00:00Z", "hs_call_direction", c[0], "hs_call_status", c[1],
			"hs_call_disposition", c[2], "hs_call_duration", c[3])
		p.link("calls/"+id, "contacts/101")
	}
	got, err := p.connect(t, func(c *Config) { c.CallDispositions = "aaaa-1=no_answer" }).Fetch(t.Context(),
		refs("calls", "1", "2", "3", "4", "5", "6", "7", "8", "9"))
	fs := facts(t, got, err)
	for id, want := range map[string]crm.Call{
		"1": {Direction: crm.Out, Outcome: crm.Connected, Seconds: 61}, "2": {Direction: crm.In, Outcome: crm.NoAnswer},
		"3": {Direction: crm.Out, Outcome: crm.Voicemail, Seconds: 9}, "4": {Direction: crm.Out, Outcome: crm.CallOff},
		"6": {Outcome: crm.NoAnswer},
		"7": {Direction: crm.Out, Outcome: crm.NoAnswer},
		"8": {Direction: crm.Out}, // over, and of no length: nobody is known to have talked
		"9": {Direction: crm.Out, Outcome: crm.Connected},
	} {
		if f := fs["101 calls/"+id]; f.Call == nil || *f.Call != want {
			t.Errorf("call %s: %+v, want %+v", id, f.Call, want)
		}
	}
	if _, there := fs["101 calls/5"]; there {
		t.Error("a call that is not over is a fact")
	}
}

func TestFetchMeetingsAndTasks(t *testing.T) {
	p := newPortal(t)
	m := p.add("meetings", "1", "hs_createdate", "2026-02-01T08:00:00Z", "hs_lastmodifieddate", "2026-02-05T08:00:00Z",
		"hs_meeting_outcome", "NO_SHOW",
		"hs_meeting_start_time", "2026-02-12T10:00:00Z", "hs_meeting_end_time", "2026-02-12T11:00:00Z")
	was(m, "hs_meeting_start_time", "2026-02-12T10:00:00Z", "2026-02-04T09:00:00Z", "2026-02-11T10:00:00Z",
		"2026-02-03T09:00:00Z", "2026-02-10T10:00:00Z", "2026-02-01T08:00:00Z")
	// they used the booking page
	m["propertiesWithHistory"].(obj)["hs_meeting_start_time"].([]obj)[0]["sourceType"] = "MEETINGS"
	p.link("meetings/1", "contacts/101")
	p.add("tasks", "2", "hs_createdate", "2026-02-01T08:00:00Z", "hs_timestamp", "2026-02-08T08:00:00Z",
		"hs_task_status", "NOT_STARTED")
	p.add("tasks", "3", "hs_createdate", "2026-02-01T08:00:00Z", "hs_timestamp", "2026-02-08T08:00:00Z",
		"hs_task_status", "COMPLETED", "hs_task_completion_date", "2026-02-07T08:00:00Z")
	p.link("tasks/2", "contacts/101")
	p.link("tasks/3", "contacts/101")
	c := p.connect(t, nil)
	got, err := c.Fetch(t.Context(), refs("meetings", "1"))
	want := crm.Meeting{
		Start: ms("2026-02-12T10:00:00Z"), End: ms("2026-02-12T11:00:00Z"), State: crm.NoShow,
		Moved: []crm.Millis{ms("2026-02-03T09:00:00Z"), ms("2026-02-04T09:00:00Z")}, By: crm.In,
	}
	f := facts(t, got, err)["101 meetings/1"]
	if diff := cmp.Diff(&want, f.Meeting); diff != "" || f.At != ms("2026-02-01T08:00:00Z") {
		t.Errorf("meeting at %s:\n%s", f.At, diff)
	}
	got, err = c.Fetch(t.Context(), refs("tasks", "2", "3"))
	fs := facts(t, got, err)
	if k := fs["101 tasks/2"].Task; *k != (crm.Task{Due: ms("2026-02-08T08:00:00Z")}) {
		t.Errorf("open task: %+v", k)
	}
	if k := fs["101 tasks/3"].Task; *k != (crm.Task{
		Due: ms("2026-02-08T08:00:00Z"), Done: ms("2026-02-07T08:00:00Z"),
	}) {
		t.Errorf("task that is done: %+v", k)
	}
}

// An account may have outcomes of meetings that it made itself: they mean what the settings say, and otherwise neither
// held nor missed.
func TestOwnMeetingOutcomes(t *testing.T) {
	p := newPortal(t)
	for id, outcome := range map[string]string{
		"1": "STAYED_AWAY", "2": "ON_SITE", "3": "FOLLOW_UP_AGREED", "4": "Canceled", "5": "COMPLETED",
	} {
		m := p.add("meetings", id, "hs_createdate", "2026-02-01T08:00:00Z", "hs_meeting_start_time",
			"2026-02-12T10:00:00Z", "hs_meeting_outcome", outcome)
		was(m, "hs_meeting_outcome", outcome, "2026-02-12T12:00:00Z")
		p.link("meetings/"+id, "contacts/101")
	}
	c := p.connect(t, func(c *Config) { c.MeetingOutcomes = "stayed_away=no_show, ON_SITE=held, completed=cancelled" })
	got, err := c.Fetch(t.Context(), refs("meetings", "1", "2", "3", "4", "5"))
	fs := facts(t, got, err)
	for id, want := range map[string]crm.MeetingState{
		"1": crm.NoShow, "2": crm.Held, "3": crm.Rescheduled, "4": crm.Cancelled, "5": crm.Cancelled,
	} {
		if m := fs["101 meetings/"+id].Meeting; m == nil || m.State != want || m.By != 0 {
			t.Errorf("meeting %s: %+v, want %s, by nobody known", id, m, want)
		}
	}
}

// Another zone, another unit or a wrong year: what they did was not later than HubSpot came to know of it; what we date
// ahead is ahead.
func TestDatedAhead(t *testing.T) {
	p := newPortal(t)
	p.add("contacts", "101", "email", "ada@mill.example")
	const made, ahead = "2026-02-03T08:00:00Z", "2026-02-03T21:00:00Z"
	dated := func(kind, id, at string, pairs ...string) {
		p.add(kind, id, append([]string{
			"hs_timestamp", at, "hs_createdate", made, "hs_lastmodifieddate", made,
		}, pairs...)...)
		p.link(kind+"/"+id, "contacts/101")
	}
	dated("emails", "1", ahead, "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email", "ada@mill.example",
		"hs_email_text", "What is the price?")
	dated("emails", "2", "2062-02-03T08:00:00Z", "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email",
		"ada@mill.example", "hs_email_text", "And when?")
	dated("emails", "3", ahead, "hs_email_direction", "EMAIL", "hs_email_text", "Shall we talk?")
	dated("emails", "4", "2026-02-01T08:00:00Z", "hs_email_direction", "INCOMING_EMAIL", "hs_email_from_email",
		"ada@mill.example", "hs_email_text", "Logged later.")
	dated("calls", "5", ahead, "hs_call_direction", "INBOUND", "hs_call_status", "NO_ANSWER")
	dated("calls", "6", ahead, "hs_call_direction", "OUTBOUND", "hs_call_status", "NO_ANSWER")
	dated("communications", "7", ahead, "hs_communication_body", "See you")
	c := p.connect(t, nil)
	fs := map[string]crm.Fact{}
	for kind, ids := range map[string][]string{
		"emails": {"1", "2", "3", "4"}, "calls": {"5", "6"}, "communications": {"7"},
	} {
		got, err := c.Fetch(t.Context(), refs(kind, ids...))
		maps.Copy(fs, facts(t, got, err))
	}
	for key, want := range map[string]string{
		"emails/1": made, "emails/2": made, "emails/3": ahead, "emails/4": "2026-02-01T08:00:00Z", "calls/5": made,
		"calls/6": ahead, "communications/7": made,
	} {
		if f := fs["101 "+key]; f.At != ms(want) {
			t.Errorf("%s was at %s, want %s", key, f.At, want)
		}
	}
}

// The list of users is not all of our people: colleagues without a seat, a +tag, one who left. Where it may not be
// read, that is said, and their mails are still not the customer's.
func TestOurPeople(t *testing.T) {
	p := newPortal(t)
	p.add("contacts", "101", "email", "ada@mill.example")
	for id, from := range map[string]string{
		"1": "no-seat@winnow.example", "2": "Rep <rep+crm@winnow.example>", "3": "gone@winnow.example",
		"4": "ada@mill.example",
	} {
		p.add("emails", id, "hs_timestamp", "2026-02-01T08:00:00Z", "hs_email_direction", "INCOMING_EMAIL",
			"hs_email_from_email", from, "hs_email_text", "Ten thousand. Shall I reserve one?")
		p.link("emails/"+id, "contacts/101")
	}
	for _, refused := range []bool{false, true} {
		p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
			if refused && strings.Contains(r.URL.Path, "/owners/") {
				refuse(w, 403, "MISSING_SCOPES", "")
				return true
			}
			return false
		}
		c := p.connect(t, nil)
		got, err := c.Fetch(t.Context(), refs("emails", "1", "2", "3", "4"))
		fs := facts(t, got, err)
		for id, want := range map[string]crm.Direction{"1": crm.Out, "2": crm.Out, "3": crm.Out, "4": crm.In} {
			if f := fs["101 emails/"+id]; f.Message == nil || f.Message.Direction != want || f.Peer != "" {
				t.Errorf("owners refused: %t, mail %s: %+v, want %s", refused, id, f, want)
			}
		}
		for range 2 { // it is said as long as it lasts
			_, err := c.Vendor().Maintain.Maintain(t.Context())
			if said := connectors.KindOf(err) == connectors.Unauthenticated &&
				strings.Contains(err.Error(), "owners") &&
				strings.Contains(err.Error(), "STAFF_DOMAINS"); said != refused {
				t.Errorf("owners refused: %t, said: %v", refused, err)
			}
		}
	}
}

// A note says that one of us took the time. Its text is not even asked for.
func TestFetchNotes(t *testing.T) {
	p := newPortal(t)
	p.add("notes", "1", "hs_createdate", "2026-02-01T08:00:00Z", "hs_lastmodifieddate", "2026-02-05T08:00:00Z",
		"hs_timestamp", "2026-01-31T08:00:00Z", "hs_note_body", "a difficult one")
	p.add("notes", "2", "hs_createdate", "2026-02-01T08:00:00Z")
	p.link("notes/1", "contacts/101")
	p.link("notes/1", "contacts/102")
	p.link("notes/2", "contacts/101")
	p.link("contacts/101", "deals/401")
	p.link("contacts/103", "deals/401")
	got, err := p.connect(t, nil).Fetch(t.Context(), refs("notes", "1", "2"))
	fs := facts(t, got, err)
	want := crm.Fact{
		ID: "notes/1", Contact: "101", Kind: crm.KindNote, At: ms("2026-01-31T08:00:00Z"),
		Version: int64(ms("2026-02-05T08:00:00Z")),
	}
	if diff := cmp.Diff(want, fs["101 notes/1"]); diff != "" {
		t.Error(diff)
	}
	if len(fs) != 3 || fs["101 notes/2"].At != ms("2026-02-01T08:00:00Z") {
		t.Errorf("want a note of each contact that it is about, and nothing for their deals: %+v", fs)
	}
	for _, b := range p.bodies {
		if strings.Contains(fmt.Sprint(b), "hs_note_body") {
			t.Error("the text of a note was asked for")
		}
	}
}

func TestFetchDeals(t *testing.T) {
	p := newPortal(t)
	d := p.add("deals", "1", "createdate", "2026-01-01T08:00:00Z", "hs_lastmodifieddate", "2026-03-01T08:00:00Z",
		"amount", "1999.99", "hs_is_closed_won", "true",
		"hs_is_closed", "true", "hs_next_step", "kick-off", "contract", "yes", "closedate", "2026-12-31T00:00:00Z")
	was(d, "dealstage", "closedwon", "2026-02-20T08:00:00Z", "contractsent", "2026-02-01T08:00:00Z", "qualified",
		"2026-01-01T08:00:00Z")
	was(d, "hs_deal_stage_probability", "1.0", "2026-02-20T08:00:00.4Z", "0.9", "2026-02-01T08:00:01Z", "0.4",
		"2026-01-01T08:00:00Z")
	p.link("deals/1", "contacts/101")
	got, err := p.connect(t, func(c *Config) { c.ContractProperty = "contract" }).Fetch(t.Context(), refs("deals", "1"))
	want := crm.Deal{
		Stage: "closedwon", Amount: 199999, NextStep: true, Contract: true, Won: ms("2026-02-20T08:00:00Z"),
		Moves: []crm.StageMove{
			{At: ms("2026-01-01T08:00:00Z"), Stage: "qualified", Probability: 40},
			{At: ms("2026-02-01T08:00:00Z"), Stage: "contractsent", Probability: 90},
			{At: ms("2026-02-20T08:00:00Z"), Stage: "closedwon", Probability: 100},
		},
	}
	f := facts(t, got, err)["101 deals/1"]
	if diff := cmp.Diff(&want, f.Deal); diff != "" || f.At != ms("2026-01-01T08:00:00Z") {
		t.Errorf("deal at %s:\n%s", f.At, diff)
	}
	for _, asked := range p.bodies {
		if props, ok := asked["properties"].([]any); ok && len(props) > 5 && !slices.Contains(props, any("contract")) {
			t.Error("the property that the settings name was not asked for")
		}
	}
}

func TestTimeline(t *testing.T) {
	p := newPortal(t)
	for i := range 25 {
		p.link("contacts/101", "emails/"+strconv.Itoa(300+i))
	}
	p.link("contacts/101", "calls/9")
	got, err := p.connect(t, nil).Fetch(t.Context(), refs(timeline, "101"))
	if err != nil || len(got) != 11 || got[0].Ref.ID != "324" || got[0].Ref.Depth != 1 {
		t.Errorf("%d notices, first %+v, %v", len(got), got[0].Ref, err)
	}
}

// A full batch is read in as many calls as HubSpot's limits need, and associations page by page.
func TestFullBatches(t *testing.T) {
	p := newPortal(t)
	var all []string
	for i := range 100 {
		id := strconv.Itoa(1000 + i)
		all = append(all, id)
		d := p.add("deals", id, "hs_lastmodifieddate", "2026-02-01T08:00:00Z")
		was(d, "dealstage", "x", "2026-02-01T08:00:00Z")
	}
	for i := range 1200 {
		p.link("deals/1000", "contacts/"+strconv.Itoa(5000+i))
	}
	got, err := p.connect(t, nil).Fetch(t.Context(), refs("deals", all...))
	if fs := facts(t, got, err); len(fs) != 1200 {
		t.Errorf("%d facts, want one for each of 1200 contacts", len(fs))
	}
	if n := len(p.calls); n != 5 { // two reads of 50 for their histories, three pages of associations
		t.Errorf("%d calls: %v", n, p.calls)
	}
}

func TestOAuth(t *testing.T) {
	p := newPortal(t)
	p.add("emails", "1", "hs_email_text", "x", "hs_timestamp", "2026-02-01T08:00:00Z")
	p.link("emails/1", "contacts/101")
	renewed, answer, life, revoked, refused := 0, 200, 1800, "", 0
	p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
		if r.URL.Path == "/oauth/2026-09/token" {
			renewed++
			if r.Header.Get("Authorization") != "" {
				t.Error("the token is asked for with a token")
			}
			if answer != 200 {
				refuse(w, answer, "BAD_REFRESH_TOKEN", "refr3sh")
			} else {
				reply(w, obj{"access_token": fmt.Sprint("t0ken", renewed), "expires_in": life})
			}
			return true
		}
		if r.Header.Get("Authorization") == revoked || revoked == "all" {
			refused++
			refuse(w, 401, "EXPIRED_AUTHENTICATION", "")
			return true
		}
		r.Header.Set("Authorization", "Bearer t0ken") // which the portal takes
		return false
	}
	c := p.connect(t, func(c *Config) {
		c.Token = ""
		c.OAuth = OAuth{ClientID: "id", ClientSecret: "cl1ent", RefreshToken: "refr3sh"}
	})
	fetch := func() error { _, err := c.Fetch(t.Context(), refs("emails", "1")); return err }
	for range 3 {
		if err := fetch(); err != nil {
			t.Fatal(err)
		}
	}
	if renewed != 1 {
		t.Errorf("the token was renewed %d times in one minute", renewed)
	}
	// A fetch begins with two requests at once, and either may meet the refusal.
	if revoked = "Bearer t0ken1"; fetch() != nil || renewed != 2 || refused < 1 || refused > 2 {
		t.Errorf("a token revoked before its time: renewed %d times, refused %d times; want another at once", renewed,
			refused)
	}
	revoked, life, refused = "all", 30, 0
	if err := fetch(); connectors.KindOf(err) != connectors.Unauthenticated || refused != 4 {
		t.Errorf("no token helps: %v, refused %d times", err, refused)
	}
	revoked, answer = "", 400 // the token in hand has half a minute left, so that another is asked for
	err := fetch()
	if connectors.KindOf(err) != connectors.Unauthenticated || strings.Contains(err.Error(), "refr3sh") ||
		strings.Contains(err.Error(), "cl1ent") {
		t.Errorf("a revoked refresh token: %v", err)
	}
}

// What a token may not read beside the contacts themselves leaves facts out; it does not stop the rest.
func TestContactsWithoutOwnersAndAccount(t *testing.T) {
	p := newPortal(t)
	p.add("contacts", "101", "email", "x@staff.example", "createdate", "2026-01-05T08:00:00Z")
	asked := 0
	p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
		if strings.Contains(r.URL.Path, "/owners/") || strings.Contains(r.URL.Path, "/account-info/") {
			asked++
			refuse(w, 403, "MISSING_SCOPES", "")
			return true
		}
		return false
	}
	c := p.connect(t, func(c *Config) { c.StaffDomains = []string{"@staff.example"} })
	for range 3 {
		got, err := c.Fetch(t.Context(), refs("contacts", "101"))
		fs := facts(t, got, err)
		if fs["101 property/staff"].Property.Value != "true" || fs["101 property/owner_time_zone"].Property != nil {
			t.Errorf("%+v", fs)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times for what it may not see", asked)
	}
}

// TestConcerned: whom a record concerns is told without reading the record.
func TestConcerned(t *testing.T) {
	p := newPortal(t)
	p.link("emails/301", "contacts/101")
	p.link("deals/501", "contacts/101")
	p.link("deals/501", "contacts/102")
	p.link("quotes/701", "deals/501")
	p.link("emails/303", "deals/501")
	c := p.connect(t, nil)
	for _, tt := range []struct {
		ref  crm.Ref
		want []string
	}{
		// an answer of one counts for the others of the deal
		{crm.Ref{Type: "emails", ID: "301"}, []string{"101", "102"}},
		{crm.Ref{Type: "emails", ID: "302"}, nil},
		{crm.Ref{Type: "emails", ID: "303"}, []string{"101", "102"}},
		{crm.Ref{Type: "emails", ID: "302", Contacts: []string{"103"}}, []string{"103"}},
		{crm.Ref{Type: "quotes", ID: "701"}, []string{"101", "102"}},
		{crm.Ref{Type: "contacts", ID: "102"}, []string{"101", "102"}},
		{crm.Ref{Type: timeline, ID: "103"}, []string{"103"}},
	} {
		got, err := c.Concerned(t.Context(), tt.ref)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%+v concerns %v, %v, want %v", tt.ref, got, err, tt.want)
		}
	}
	for _, call := range p.calls {
		if strings.Contains(call, "/objects/") {
			t.Errorf("%s: the record was read", call)
		}
	}
}

// TestKindsLeftOut: of a kind that OBJECTS does not name nothing is asked for, neither when it is heard of nor when it
// was noticed before.
func TestKindsLeftOut(t *testing.T) {
	p := newPortal(t)
	for kind, event := range map[string]string{
		conversations: `{"subscriptionType":"conversation.newMessage","objectId":7,"messageId":"m1","messageType":"MESSAGE","occurredAt":1700000000000}`,
		"emails":      `{"subscriptionType":"object.creation","objectTypeId":"0-49","objectId":7,"occurredAt":1700000000000}`,
	} {
		for _, wanted := range []bool{true, false} {
			c := p.connect(t, func(c *Config) {
				if c.Objects = []string{"contacts"}; wanted {
					c.Objects = append(c.Objects, kind)
				}
			})
			ns, err := c.Decode(connectors.Delivery{Body: []byte("[" + event + "]")})
			if err != nil || len(ns) != 1 || (ns[0].Ref != nil) != wanted || (ns[0].Passed == kind) == wanted {
				t.Errorf("%s wanted %v: decoded to %+v, %v", kind, wanted, ns, err)
			}
			p.calls = nil
			if ns, err := c.Fetch(t.Context(), refs(kind, "7")); err != nil || len(ns) > 0 ||
				(len(p.calls) > 0) != wanted {
				t.Errorf("%s wanted %v: fetched %d notices with %v, %v", kind, wanted, len(ns), p.calls, err)
			}
		}
	}
}

// TestNoEvents: a body that holds no list of events says so, instead of nothing.
func TestNoEvents(t *testing.T) {
	c := connectTo(t, "http://127.0.0.1:1", nil)
	for body, want := range map[string]bool{"null": false, " null ": false, "[null]": false, "7": false, "[]": true} {
		if _, err := c.Decode(connectors.Delivery{Body: []byte(body)}); (err == nil) != want {
			t.Errorf("%q: %v", body, err)
		}
	}
	ns, err := c.Decode(connectors.Delivery{Body: []byte(`[{"subscriptionType":"ticket.creation","objectId":1,"occurredAt":1700000000000},
		{"subscriptionType":"object.creation","objectTypeId":"2-77","objectId":1,"occurredAt":1700000000000},{"subscriptionType":"event.completed","occurredAt":1700000000000}]`)})
	if err != nil || len(ns) != 3 || ns[0].Passed != "tickets" || ns[1].Passed != "custom" || ns[2].Passed != "events" {
		t.Errorf("events of what is not read: %+v, %v", ns, err)
	}
}

// Whether HubSpot gives an address among the properties, in its history or in both, one of ours is staff. The address
// that counts is the present one.
func TestStaffByAnyList(t *testing.T) {
	p := newPortal(t)
	for id, address := range map[string]string{"101": "boss@staff.example", "102": "guest@elsewhere.example"} {
		o := p.add("contacts", id, "createdate", "2026-01-05T08:00:00Z")
		was(o, "email", address, "2026-01-06T08:00:00.000Z", "old@staff.example", "2026-01-05T08:00:00.000Z")
		delete(o["properties"].(obj), "email")
	}
	p.add("contacts", "103", "createdate", "2026-01-05T08:00:00Z", "email", "other@staff.example")
	c := p.connect(t, func(c *Config) { c.StaffDomains = []string{"staff.example"} })
	got, err := c.Fetch(t.Context(), refs("contacts", "101", "102", "103"))
	fs := facts(t, got, err)
	for contact, want := range map[string]string{"101": "true", "102": "false", "103": "true"} {
		if value := fs[contact+" property/staff"].Property.Value; value != want {
			t.Errorf("contact %s: staff is %s, want %s", contact, value, want)
		}
	}
}

// TestWithinOneMillisecond: what is set and cleared within one millisecond is cleared, whatever the webhooks say, which
// do not tell which of the two came last.
func TestWithinOneMillisecond(t *testing.T) {
	p := newPortal(t)
	at := "2026-02-12T00:00:00.5Z"
	was(p.add("contacts", "101", "email", "ada@example.com"), "winnow_override", "", at, "D", at)
	c := p.connect(t, nil)
	got, err := c.Fetch(t.Context(), refs("contacts", "101"))
	fs := facts(t, got, err)
	cleared := fs["101 property/override"]
	set := crm.PropertyOf("101", crm.Property{Name: crm.PropOverride, Value: "D"}, int64(ms(at)))
	if cleared.Property == nil || cleared.Property.Value != "" || cleared.Compare(set) <= 0 {
		t.Errorf("the history gives %+v, which has to be later than the webhook's %+v", cleared, set)
	}
}
