package hubspot_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestContactsShowTheirNextActivity(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now})
	id := s.CreateContact(nil)
	next := func() string { rec, _ := s.Contact(id); return rec.Properties["notes_next_activity_date"] }
	meeting := s.Meeting([]string{id}, hubspot.Meeting{Title: "First call", Start: c.now().Add(72 * time.Hour)})
	if next() != "2026-01-15T09:00:00Z" {
		t.Errorf("a meeting gives %q", next())
	}
	task := s.Task([]string{id}, hubspot.Task{Subject: "Send the brochure", Due: c.now().Add(24 * time.Hour)})
	if next() != "2026-01-13T09:00:00Z" {
		t.Errorf("a task before it gives %q", next())
	}
	s.DoTask(task)
	s.MoveMeeting(meeting, c.now().Add(96*time.Hour))
	if next() != "2026-01-16T09:00:00Z" {
		t.Errorf("the meeting moved gives %q", next())
	}
	rec, _ := s.Object("meetings", meeting)
	if len(rec.History["hs_meeting_start_time"]) != 2 ||
		rec.Properties["hs_meeting_end_time"] != "2026-01-16T09:30:00Z" {
		t.Errorf("the moved meeting: %v", rec.Properties)
	}
	s.EndMeeting(meeting, "CANCELED")
	if next() != "" {
		t.Errorf("a cancelled meeting gives %q", next())
	}
}

func TestContactsShowTheLatestMessages(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now})
	id := s.CreateContact(map[string]string{"email": "ada@looms.example"})
	mail := s.Email([]string{id}, hubspot.Email{
		Subject: "Offer", Text: "Here <it> is.", Headers: map[string]string{"auto-submitted": "auto-replied"},
	})
	c.advance(time.Hour)
	s.Email([]string{id}, hubspot.Email{Incoming: true, Text: "Thanks."})
	rec, _ := s.Contact(id)
	if p := rec.Properties; p["notes_last_contacted"] != "2026-01-12T09:00:00Z" ||
		p["hs_sales_email_last_replied"] != "2026-01-12T10:00:00Z" || p["hs_email_domain"] != "looms.example" {
		t.Errorf("the contact shows %v", p)
	}
	r := call(t, s, "GET", objects+"/emails/"+mail+
		"?properties=hs_email_direction,hs_email_html,hs_email_headers,hs_email_to_email,hs_email_from_email", nil, 200)
	want(t, r, "EMAIL", "properties", "hs_email_direction")
	want(t, r, "<div>Here &lt;it&gt; is.</div>", "properties", "hs_email_html")
	want(t, r, "ada@looms.example", "properties", "hs_email_to_email")
	want(t, r, "robin.vale@winnow.example", "properties", "hs_email_from_email")
	if h := fmt.Sprint(r.at("properties", "hs_email_headers")); !strings.Contains(h,
		`"auto-submitted":"auto-replied"`) {
		t.Errorf("headers: %s", h)
	}
	s.Bounce(mail)
	if rec, _ := s.Object("emails", mail); rec.Properties["hs_email_status"] != "BOUNCED" {
		t.Error("the mail did not bounce")
	}
}

func TestQuotesAndDeals(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now})
	id := s.CreateContact(nil)
	deal := s.Deal([]string{id}, hubspot.Deal{Name: "Looms", Amount: 2400})
	quote := s.Quote([]string{id}, hubspot.Quote{Title: "Two looms", Deals: []string{deal}, Lines: []hubspot.Line{
		{Name: "Loom", Quantity: 2, Price: 1300, Discount: 100},
	}})
	if s.QuoteLink(quote) != "" {
		t.Error("a draft has a link")
	}
	link := s.Publish(quote)
	c.advance(time.Hour)
	if again := s.Publish(quote); again != link || link == "" {
		t.Errorf("published under %q and %q", link, again)
	}
	r := call(t, s, "GET", objects+"/quotes/"+quote+
		"?propertiesWithHistory=hs_status&properties=hs_quote_amount,hs_locked&associations=line_items,deals", nil, 200)
	var states []string
	for i := range r.len("propertiesWithHistory", "hs_status") {
		states = append(states, fmt.Sprint(r.at("propertiesWithHistory", "hs_status", i, "value")))
	}
	if got := strings.Join(states, " "); got != "APPROVAL_NOT_NEEDED DRAFT APPROVAL_NOT_NEEDED DRAFT" {
		t.Errorf("history of the status: %s", got)
	}
	want(t, r, "2400", "properties", "hs_quote_amount")
	want(t, r, "true", "properties", "hs_locked")
	want(t, r, deal, "associations", "deals", "results", 0, "id")
	item := fmt.Sprint(r.at("associations", "line items", "results", 0, "id"))
	r = call(t, s, "GET", objects+"/line_items/"+item+"?properties=amount", nil, 200)
	want(t, r, "2400", "properties", "amount")
	s.AcceptQuote(quote)
	s.SetStage(deal, "closedwon")
	if rec, _ := s.Object("quotes", quote); rec.Properties["hs_esign_date"] != "2026-01-12T10:00:00Z" {
		t.Errorf("the signed quote: %v", rec.Properties)
	}
	rec, _ := s.Object("deals", deal)
	if p := rec.Properties; p["hs_is_closed_won"] != "true" || p["hs_deal_stage_probability"] != "1.0" ||
		p["closedate"] == "" {
		t.Errorf("the deal won: %v", p)
	}
}

func TestSignaturesOfEveryVersion(t *testing.T) {
	const secret, uri = "shh", "https://hooks.example/hooks/hubspot?tenant=a%2Fb"
	s := start(t, hubspot.Options{
		ClientSecret: secret, WebhookURL: "http://127.0.0.1:1/inner", SignedURL: uri, Signatures: []string{"v2"},
	})
	d := s.Sign([]byte("[]"))
	sum := sha256.Sum256([]byte(secret + "POST" + uri + "[]"))
	if d.Header.Get("X-HubSpot-Signature") != hex.EncodeToString(sum[:]) ||
		d.Header.Get("X-HubSpot-Signature-Version") != "v2" {
		t.Errorf("v2: %v", d.Header)
	}
	if d.Header.Get("X-HubSpot-Signature-v3") != "" || d.URL != "http://127.0.0.1:1/inner" {
		t.Errorf("a delivery to %s with %v", d.URL, d.Header)
	}
	// A known answer, computed with openssl: printf 'POSThttps://hooks.example/hooks/hubspot?tenant=a/b[]1768208400000'
	// | openssl dgst -sha256 -hmac shh -binary | base64
	s = start(t, hubspot.Options{ClientSecret: secret, WebhookURL: uri, Signatures: []string{"v3"}})
	if got := s.Sign([]byte("[]")).Header.Get("X-HubSpot-Signature-v3"); got != "vKU2c3KVf9aW3+a5nbq+Z78+mMQ3LXym5n+6NTVin4Q=" {
		t.Errorf("v3: %s", got)
	}
}

func TestStartRefusesWhatMakesNoSense(t *testing.T) {
	for name, opt := range map[string]hubspot.Options{
		"signature":    {Signatures: []string{"v4"}},
		"zone":         {TimeZone: "Mars/Olympus"},
		"subscription": {Subscriptions: []hubspot.Subscription{{Type: "object.creation", Object: "gadgets"}}},
		"address":      {Listen: "256.0.0.1:0"},
	} {
		if s, err := hubspot.Start(opt); err == nil {
			t.Errorf("%s: started", name)
			_ = s.Close()
		}
	}
}

func TestHandlerWithoutListener(t *testing.T) {
	s, err := hubspot.New(hubspot.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/account-info/2026-03/details", nil)
	r.Header.Set("Authorization", "Bearer sandbox-token")
	s.Handler().ServeHTTP(w, r)
	if w.Code != 200 || s.URL() != "" {
		t.Errorf("%d at %q", w.Code, s.URL())
	}
}
