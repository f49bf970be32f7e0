package hubspot

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestFetchQuotes(t *testing.T) {
	p := newPortal(t)
	quote := func(id, titled, amount string, lines ...string) obj {
		q := p.add("quotes", id, "hs_title", titled, "hs_quote_amount", amount, "hs_quote_link",
			"https://offers.example/"+id, "hs_createdate", "2026-01-01T08:00:00Z",
			"hs_lastmodifieddate", "2026-02-01T08:00:00Z", "hs_expiration_date", "2026-04-01", "hs_margin", "17.6")
		for _, l := range lines {
			p.link("quotes/"+id, "line_items/"+l)
		}
		return q
	}
	line := func(id, name, quantity, price, amount string) {
		p.add("line_items", id, "name", name, "quantity", quantity, "price", price, "amount", amount)
	}
	line("1", "Seat", "10", "100.00", "900")
	line("2", "Set-up", "1", "250", "250")
	line("3", "Set-up", "1.0", "250.00", "250.0")
	line("4", "seat", "10", "100", "900.00")
	line("5", "Seat", "12", "100", "1200")
	first := quote("11", "Offer 1", "1150", "1", "2")
	was(first, "hs_status", "APPROVED", "2026-02-01T08:00:00Z", "DRAFT", "2026-01-25T08:00:00Z", "APPROVED",
		"2026-01-22T08:00:00Z", "APPROVAL_NOT_NEEDED", "2026-01-20T08:00:00Z", "DRAFT", "2026-01-01T08:00:00Z")
	again := quote("12", "Offer 2 (copy)", "1150.00", "3", "4")
	was(again, "hs_status", "APPROVAL_NOT_NEEDED", "2026-02-03T08:00:00Z")
	again["properties"].(obj)["hs_esign_date"] = "2026-02-05T08:00:00Z"
	was(quote("13", "Offer 3", "1450", "5", "2"), "hs_status", "DRAFT", "2026-02-03T08:00:00Z")
	p.link("quotes/11", "contacts/101")
	p.link("quotes/12", "deals/401") // reaches its contacts through the deal
	p.link("quotes/13", "contacts/101")
	p.link("deals/401", "contacts/101")
	p.link("deals/401", "contacts/102")
	c := p.connect(t, func(c *Config) { c.MarginProperty = "hs_margin" })
	got, err := c.Fetch(t.Context(), refs("quotes", "11", "12", "13"))
	fs := facts(t, got, err)
	one, two, three := fs["101 quotes/11"].Quote, fs["101 quotes/12"].Quote, fs["101 quotes/13"].Quote
	if one == nil || two == nil || three == nil || fs["102 quotes/12"].Quote == nil {
		t.Fatalf("quotes are missing: %+v", fs)
	}
	if one.Key != two.Key || one.Key == "" {
		t.Error("the same lines and total under another title and number are the same quote")
	}
	if one.Key == three.Key {
		t.Error("other lines are another quote")
	}
	if diff := cmp.Diff([]crm.Millis{ms("2026-01-20T08:00:00Z"), ms("2026-02-01T08:00:00Z")}, one.Sent); diff != "" {
		t.Errorf("published twice:\n%s", diff)
	}
	if len(three.Sent) != 0 {
		t.Error("a draft was sent to nobody")
	}
	if two.Accepted != ms("2026-02-05T08:00:00Z") || one.Accepted != 0 {
		t.Errorf("accepted %s and %s", two.Accepted, one.Accepted)
	}
	if one.Amount != 115000 || one.Discount != 10000 || *one.Margin != 18 || one.Expires != ms("2026-04-01T00:00:00Z") {
		t.Errorf("%+v", one)
	}
	if one.Link != c.text().LinkHash("https://offers.example/11") {
		t.Error("the link is not hashed as the links of mails are")
	}
}

// HubSpot adds states to its newer kind of quotes: a quote that is not among ourselves any more is out, by whatever
// name.
func TestStatesOfQuotes(t *testing.T) {
	p := newPortal(t)
	for id, state := range map[string]string{
		"1": "SENT", "2": "PARTIALLY_SIGNED", "3": "DRAFT", "4": "PENDING_APPROVAL", "5": "REJECTED", "6": "",
		"7": "APPROVED",
	} {
		was(p.add("quotes", id, "hs_createdate", "2026-01-01T08:00:00Z"), "hs_status", state, "2026-02-03T08:00:00Z",
			"DRAFT", "2026-02-01T08:00:00Z")
		p.link("quotes/"+id, "contacts/101")
	}
	got, err := p.connect(t, nil).Fetch(t.Context(), refs("quotes", "1", "2", "3", "4", "5", "6", "7"))
	fs := facts(t, got, err)
	for id, sent := range map[string]int{"1": 1, "2": 1, "3": 0, "4": 0, "5": 0, "6": 0, "7": 1} {
		if q := fs["101 quotes/"+id].Quote; q == nil || len(q.Sent) != sent {
			t.Errorf("quote %s: %+v, want sent %d times", id, q, sent)
		}
	}
}

// Without the scope for line items, quotes are told apart by total and title.
func TestQuotesWithoutLineItems(t *testing.T) {
	p := newPortal(t)
	for id, q := range map[string][2]string{
		"1": {"Offer 17 for Acme", "100"}, "2": {"Offer 18 for ACME v2", "100.00"}, "3": {"Offer 17 for Acme", "120"},
	} {
		p.add("quotes", id, "hs_title", q[0], "hs_quote_amount", q[1], "hs_createdate", "2026-01-01T08:00:00Z")
		p.link("quotes/"+id, "contacts/101")
	}
	denied := 0
	p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
		if strings.Contains(r.URL.Path, "line_items") {
			denied++
			refuse(w, 403, "MISSING_SCOPES", "")
			return true
		}
		return false
	}
	c := p.connect(t, nil)
	for range 3 {
		got, err := c.Fetch(t.Context(), refs("quotes", "1", "2", "3"))
		fs := facts(t, got, err)
		a, b, d := fs["101 quotes/1"].Quote.Key, fs["101 quotes/2"].Quote.Key, fs["101 quotes/3"].Quote.Key
		if a != b || a == d {
			t.Errorf("keys %s %s %s", a, b, d)
		}
	}
	if denied != 1 {
		t.Errorf("asked %d times for what it may not see", denied)
	}
}

func TestFetchConversations(t *testing.T) {
	p := newPortal(t)
	message := func(id, direction, actor, text string) obj {
		return obj{
			"id": id, "type": "MESSAGE", "direction": direction, "createdAt": "2026-02-01T08:00:00Z",
			"channelId": "1000", "text": text, "truncationStatus": "NOT_TRUNCATED",
			"senders": []obj{{"actorId": actor}},
		}
	}
	messages := map[string]obj{
		"m1": message("m1", "INCOMING", "V-1", "Can you call me?"), "m2": message("m2", "OUTGOING", "A-77",
			"Of course."),
		"m3": message("m3", "OUTGOING", "B-1", "We will be with you soon."),
		"m4": {"id": "m4", "type": "COMMENT", "text": "a note"},
		"m5": message("m5", "INCOMING", "V-1", "Long"),
	}
	messages["m5"]["truncationStatus"] = "TRUNCATED"
	p.override = func(w http.ResponseWriter, r *http.Request, _ obj) bool {
		rest, ok := strings.CutPrefix(r.URL.Path, "/conversations/conversations/2026-09/threads/")
		if !ok {
			return false
		}
		parts := strings.Split(rest, "/")
		switch {
		case parts[0] == "404":
			refuse(w, 404, "OBJECT_NOT_FOUND", "")
		case len(parts) == 1 && parts[0] == "8":
			reply(w, obj{"id": "8"})
		case len(parts) == 1:
			reply(w, obj{"id": parts[0], "associatedContactId": "101"})
		case len(parts) == 2:
			reply(w, obj{"results": []obj{messages["m1"], messages["m2"], messages["m3"], messages["m4"]}})
		case len(parts) == 4:
			reply(w, obj{"text": "Long, and here is the rest of it. Could we meet on Tuesday?"})
		default:
			reply(w, messages[parts[2]])
		}
		return true
	}
	c := p.connect(t, func(c *Config) { c.Objects = append(slices.Clone(defaultObjects), conversations) })
	got, err := c.Fetch(t.Context(), refs(conversations, "7/m1", "7/m5", "404/m1", "8/m1"))
	fs := facts(t, got, err)
	if len(fs) != 2 {
		t.Errorf("%d facts, want those of m1 and m5: %+v", len(fs), fs)
	}
	f := fs["101 conversations/7/m1"]
	if f.Message == nil || f.Message.Direction != crm.In || f.Message.Channel != crm.Chat || f.Message.Thread != "7" ||
		f.At != ms("2026-02-01T08:00:00Z") {
		t.Errorf("%+v %+v", f, f.Message)
	}
	if long := fs["101 conversations/7/m5"].Message; long == nil || long.Text.Units < 5 {
		t.Errorf("the rest of a long message was not read: %+v", long)
	}
	got, err = c.Fetch(t.Context(), refs(conversations, "7"))
	fs = facts(t, got, err)
	if len(fs) != 3 || fs["101 conversations/7/m3"].Message.Text.Class != crm.AutoReply ||
		fs["101 conversations/7/m2"].Message.Direction != crm.Out {
		t.Errorf("a whole conversation: %+v", fs)
	}
	var many []crm.Ref
	for i := range 100 {
		many = append(many, crm.Ref{Type: conversations, ID: fmt.Sprint(100+i) + "/m1"})
	}
	got, err = c.Fetch(t.Context(), many)
	if fs := facts(t, got, err); len(fs) != 100 {
		t.Errorf("of 100 conversations came %d", len(fs))
	}
}
