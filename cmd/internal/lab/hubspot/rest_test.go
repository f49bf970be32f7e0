package hubspot_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestListsInPages(t *testing.T) {
	s := start(t, hubspot.Options{})
	var ids []string
	for range 25 {
		ids = append(ids, s.CreateContact(map[string]string{"firstname": "Ada"}))
	}
	s.Delete(ids[3])
	var seen []string
	path := objects + "/contacts?limit=10&properties=firstname,nonsense"
	for after := ""; ; {
		r := call(t, s, "GET", path+after, nil, 200)
		for i := range r.len("results") {
			seen = append(seen, r.at("results", i, "id").(string))
			want(t, r, "Ada", "results", i, "properties", "firstname")
		}
		next, more := r.at("paging", "next", "after").(string)
		if !more {
			break
		}
		after = "&after=" + next
	}
	if want := strings.Join(append(ids[:3:3], ids[4:]...), " "); strings.Join(seen, " ") != want {
		t.Errorf("pages gave %v, want %s", seen, want)
	}
	if r := call(t, s, "GET", objects+"/contacts?archived=true", nil, 200); r.at("results", 0, "id") != ids[3] ||
		r.len("results") != 1 {
		t.Errorf("archived: %s", r.raw)
	}
	call(t, s, "GET", objects+"/contacts?limit=101", nil, 400)
	call(t, s, "GET", objects+"/contacts?limit=51&propertiesWithHistory=firstname", nil, 400)
}

func TestReadsWithHistoryAndAssociations(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now, Winnow: true})
	id := s.CreateContact(map[string]string{"email": "Ada@Looms.example", "lifecyclestage": "lead"})
	c.advance(time.Hour)
	s.SetProperty(id, "lifecyclestage", "opportunity")
	c.advance(time.Hour)
	s.SetProperty(id, "lifecyclestage", "opportunity") // the same: leaves no trace
	deal := s.Deal([]string{id}, hubspot.Deal{Name: "Looms", Amount: 4000})
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"winnow_rating": "A"}}, 200)

	q := url.Values{
		"properties": {"email,phone"}, "propertiesWithHistory": {"lifecyclestage", "winnow_rating"},
		"associations": {"deals,emails"},
	}
	r := call(t, s, "GET", objects+"/contacts/"+id+"?"+q.Encode(), nil, 200)
	want(t, r, "Ada@Looms.example", "properties", "email")
	want(t, r, nil, "properties", "phone")
	want(t, r, "opportunity", "propertiesWithHistory", "lifecyclestage", 0, "value")
	want(t, r, "2026-01-12T10:00:00Z", "propertiesWithHistory", "lifecyclestage", 0, "timestamp")
	want(t, r, "CRM_UI", "propertiesWithHistory", "lifecyclestage", 0, "sourceType")
	want(t, r, "userId:51", "propertiesWithHistory", "lifecyclestage", 0, "sourceId")
	want(t, r, "lead", "propertiesWithHistory", "lifecyclestage", 1, "value")
	if n := r.len("propertiesWithHistory", "lifecyclestage"); n != 2 {
		t.Errorf("history of %d values, want 2", n)
	}
	want(t, r, "INTEGRATION", "propertiesWithHistory", "winnow_rating", 0, "sourceType")
	want(t, r, "5001", "propertiesWithHistory", "winnow_rating", 0, "sourceId")
	want(t, r, deal, "associations", "deals", "results", 0, "id")
	want(t, r, "contact_to_deal", "associations", "deals", "results", 0, "type")
	want(t, r, nil, "associations", "emails")
	want(t, r, "2026-01-12T09:00:00Z", "createdAt")
	want(t, r, "2026-01-12T11:00:00Z", "updatedAt")

	r = call(t, s, "GET", objects+"/contacts/ada@looms.example?idProperty=email", nil, 200)
	want(t, r, id, "id")
	call(t, s, "GET", objects+"/contacts/404404", nil, 404)
	r = call(t, s, "POST", objects+"/contacts/batch/read", obj{
		"inputs": inputs(id, id), "propertiesWithHistory": []string{"lifecyclestage"}, "properties": []string{"email"},
	}, 200)
	want(t, r, "lead", "results", 0, "propertiesWithHistory", "lifecyclestage", 1, "value")
	if r.len("results") != 1 {
		t.Errorf("the same record twice: %s", r.raw)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := start(t, hubspot.Options{})
	deal := s.Deal(nil, hubspot.Deal{Name: "Looms"})
	for i := range 60 {
		s.Set("deals", deal, map[string]string{"hs_next_step": fmt.Sprint("step ", i)})
	}
	r := call(t, s, "GET", objects+"/deals/"+deal+"?propertiesWithHistory=hs_next_step", nil, 200)
	if n := r.len("propertiesWithHistory", "hs_next_step"); n != 20 {
		t.Errorf("history of %d values, want 20", n)
	}
	want(t, r, "step 59", "propertiesWithHistory", "hs_next_step", 0, "value")
}

func TestHistoryCanBeLeftOut(t *testing.T) {
	s := start(t, hubspot.Options{History: -1})
	deal := s.Deal(nil, hubspot.Deal{Name: "Looms"})
	s.SetStage(deal, "closedwon")
	r := call(t, s, "GET", objects+"/deals/"+deal+"?propertiesWithHistory=dealstage", nil, 200)
	if n := r.len("propertiesWithHistory", "dealstage"); n != 1 {
		t.Errorf("history of %d values, want the current one", n)
	}
}

func TestReadsAssociationsInBatches(t *testing.T) {
	s := start(t, hubspot.Options{})
	a, b, alone := s.CreateContact(nil), s.CreateContact(nil), s.CreateContact(nil)
	mail := s.Email([]string{a, b}, hubspot.Email{Text: "Hello"})
	for range 501 {
		s.Note([]string{a}, "called")
	}
	r := call(t, s, "POST", "/crm/associations/2026-09/emails/contacts/batch/read", obj{"inputs": inputs(mail)}, 200)
	want(t, r, mail, "results", 0, "from", "id")
	want(t, r, a, "results", 0, "to", 0, "toObjectId")
	want(t, r, 198, "results", 0, "to", 0, "associationTypes", 0, "typeId")
	want(t, r, b, "results", 0, "to", 1, "toObjectId")

	r = call(t, s, "POST", "/crm/associations/2026-09/contacts/notes/batch/read", obj{"inputs": inputs(a, alone)}, 207)
	if n := r.len("results", 0, "to"); n != 500 {
		t.Errorf("a page of %d associations, want 500", n)
	}
	after := r.at("results", 0, "paging", "next", "after")
	want(t, r, "crm.associations.NO_ASSOCIATIONS_FOUND", "errors", 0, "subCategory")
	r = call(t, s, "POST", "/crm/associations/2026-09/contacts/notes/batch/read", obj{
		"inputs": []obj{{"id": a, "after": after}},
	}, 200)
	if n := r.len("results", 0, "to"); n != 1 {
		t.Errorf("the second page has %d associations, want 1", n)
	}
	// A label of the account's own stands beside HubSpot's association, and each side has its own.
	s.Label(hubspot.Ref{Kind: "contacts", ID: a}, hubspot.Ref{Kind: "contacts", ID: b}, "Referred by", "Referred")
	r = call(t, s, "POST", "/crm/associations/2026-09/contacts/contacts/batch/read", obj{"inputs": inputs(a, b)}, 200)
	want(t, r, b, "results", 0, "to", 0, "toObjectId")
	want(t, r, 449, "results", 0, "to", 0, "associationTypes", 0, "typeId")
	want(t, r, "Referred by", "results", 0, "to", 0, "associationTypes", 1, "label")
	want(t, r, "USER_DEFINED", "results", 0, "to", 0, "associationTypes", 1, "category")
	want(t, r, "Referred", "results", 1, "to", 0, "associationTypes", 1, "label")
	winner := s.Merge(b, alone)
	r = call(t, s, "POST", "/crm/associations/2026-09/contacts/contacts/batch/read", obj{
		"inputs": inputs(a, winner),
	}, 200)
	want(t, r, winner, "results", 0, "to", 0, "toObjectId")
	want(t, r, "Referred by", "results", 0, "to", 0, "associationTypes", 1, "label")
	want(t, r, "Referred", "results", 1, "to", 0, "associationTypes", 1, "label")

	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprint(i))
	}
	call(t, s, "POST", "/crm/associations/2026-09/contacts/notes/batch/read", obj{"inputs": inputs(many...)}, 400)
}

func TestSearchFiltersSortsAndPages(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now})
	var ids []string
	for i := range 7 {
		ids = append(ids, s.CreateContact(map[string]string{
			"firstname": fmt.Sprint("n", i), "numemployees": fmt.Sprint(i * 10),
		}))
		c.advance(time.Minute)
	}
	s.SetProperty(ids[2], "country", "Germany")
	search := func(in obj, status int) reply {
		t.Helper()
		return call(t, s, "POST", objects+"/contacts/search", in, status)
	}
	group := func(filters ...obj) []obj { return []obj{{"filters": filters}} }
	found := func(r reply) (got []string) {
		for i := range r.len("results") {
			got = append(got, r.at("results", i, "id").(string))
		}
		return got
	}
	since := fmt.Sprint(time.Date(2026, 1, 12, 9, 4, 0, 0, time.UTC).UnixMilli())
	byChange := []obj{{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}}
	r := search(obj{
		"filterGroups": group(obj{"propertyName": "lastmodifieddate", "operator": "GTE", "value": since}),
		"sorts":        byChange, "limit": 3,
	}, 200)
	want(t, r, 4, "total")
	if got, want := fmt.Sprint(found(r)), fmt.Sprint([]string{ids[4], ids[5], ids[6]}); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	r = search(obj{
		"filterGroups": group(obj{"propertyName": "lastmodifieddate", "operator": "GTE", "value": since}),
		"sorts":        byChange, "limit": 3, "after": r.at("paging", "next", "after"),
	}, 200)
	if got := fmt.Sprint(found(r)); got != fmt.Sprint([]string{ids[2]}) {
		t.Errorf("the second page has %s", got)
	}
	for name, c := range map[string]struct {
		filters []obj
		want    int
	}{
		"number":  {[]obj{{"propertyName": "numemployees", "operator": "BETWEEN", "value": "9", "highValue": "30"}}, 3},
		"equal":   {[]obj{{"propertyName": "country", "operator": "EQ", "value": "germany"}}, 1},
		"absent":  {[]obj{{"propertyName": "country", "operator": "NOT_HAS_PROPERTY"}}, 6},
		"one of":  {[]obj{{"propertyName": "firstname", "operator": "IN", "values": []string{"n1", "n2"}}}, 2},
		"by id":   {[]obj{{"propertyName": "hs_object_id", "operator": "GT", "value": ids[4]}}, 2},
		"token":   {[]obj{{"propertyName": "firstname", "operator": "CONTAINS_TOKEN", "value": "n*"}}, 7},
		"created": {[]obj{{"propertyName": "createdate", "operator": "LT", "value": "2026-01-12T09:02:00Z"}}, 2},
		"both": {[]obj{
			{"propertyName": "numemployees", "operator": "LTE", "value": "10"},
			{"propertyName": "firstname", "operator": "NEQ", "value": "n0"},
		}, 1},
	} {
		if r := search(obj{"filterGroups": group(c.filters...)}, 200); fmt.Sprint(r.at("total")) != fmt.Sprint(c.want) {
			t.Errorf("%s: found %v, want %d", name, r.at("total"), c.want)
		}
	}
	r = search(obj{"sorts": []obj{{"propertyName": "numemployees", "direction": "DESCENDING"}}, "limit": 1}, 200)
	want(t, r, ids[6], "results", 0, "id")
	search(obj{"limit": 201}, 400)
	search(obj{"filterGroups": group(obj{"propertyName": "no_such", "operator": "EQ", "value": "1"})}, 400)
	search(obj{"filterGroups": group(obj{"propertyName": "email", "operator": "LIKE", "value": "1"})}, 400)
	seven := make([]obj, 7)
	for i := range seven {
		seven[i] = obj{"propertyName": "email", "operator": "HAS_PROPERTY"}
	}
	search(obj{"filterGroups": group(seven...)}, 400)
}

func TestSearchEndsAtTenThousand(t *testing.T) {
	s := start(t, hubspot.Options{})
	s.Seed(10_050, nil)
	page := func(after, status int) reply {
		t.Helper()
		return call(t, s, "POST", objects+"/contacts/search", obj{"limit": 200, "after": fmt.Sprint(after)}, status)
	}
	r := page(9_800, 200)
	want(t, r, 10_050, "total")
	want(t, r, 10_000, "paging", "next", "after")
	page(10_000, 400)
}

func TestSearchLags(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now, IndexLag: 20 * time.Second})
	id := s.CreateContact(nil)
	if r := call(t, s, "POST", objects+"/contacts/search", obj{}, 200); fmt.Sprint(r.at("total")) != "0" {
		t.Error("a new record was found at once")
	}
	call(t, s, "GET", objects+"/contacts/"+id, nil, 200)
	c.advance(20 * time.Second)
	if r := call(t, s, "POST", objects+"/contacts/search", obj{}, 200); fmt.Sprint(r.at("total")) != "1" {
		t.Error("a record was not found after the lag")
	}
}

func TestProperties(t *testing.T) {
	s := start(t, hubspot.Options{})
	const path = "/crm/properties/2026-09/contacts"
	def := obj{
		"name": "grade", "label": "Grade", "type": "enumeration", "fieldType": "select", "groupName": "ours",
		"options": []obj{{"label": "A", "value": "A"}},
	}
	call(t, s, "POST", path, def, 400) // no such group
	call(t, s, "POST", path+"/groups", obj{"name": "ours", "label": "Ours"}, 201)
	r := call(t, s, "POST", path+"/groups", obj{"name": "ours", "label": "Ours"}, 409)
	want(t, r, "OBJECT_ALREADY_EXISTS", "category")
	call(t, s, "POST", path, def, 201)
	r = call(t, s, "POST", path, def, 409)
	want(t, r, "Properties.PROPERTY_WITH_NAME_EXISTS", "subCategory")
	for _, wrong := range []obj{
		{"name": "Upper", "type": "string", "fieldType": "text", "groupName": "ours"},
		{"name": "odd", "type": "text", "fieldType": "text", "groupName": "ours"},
		{"name": "odd", "type": "number", "fieldType": "text", "groupName": "ours"},
		{"name": "odd", "type": "enumeration", "fieldType": "select", "groupName": "ours"},
		{"name": "odd", "type": "bool", "fieldType": "booleancheckbox", "groupName": "ours"},
	} {
		call(t, s, "POST", path, wrong, 400)
	}
	fresh := obj{"name": "score", "label": "Score", "type": "number", "fieldType": "number", "groupName": "ours"}
	r = call(t, s, "POST", path+"/batch/create", obj{"inputs": []obj{def, fresh}}, 207)
	want(t, r, "score", "results", 0, "name")
	want(t, r, 1, "numErrors")
	r = call(t, s, "GET", path+"/grade", nil, 200)
	want(t, r, "A", "options", 0, "value")
	call(t, s, "PATCH", path+"/grade", obj{"options": []obj{{"label": "B", "value": "B"}}}, 200)
	id := s.CreateContact(nil)
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"grade": "A"}}, 400)
	call(t, s, "PATCH", objects+"/contacts/"+id, obj{"properties": obj{"grade": "B", "score": "1.5"}}, 200)
	if r = call(t, s, "GET", path, nil, 200); !strings.Contains(r.raw, `"name":"grade"`) {
		t.Error("the list lacks the new property")
	}
	if r = call(t, s, "GET", path+"/groups", nil, 200); !strings.Contains(r.raw, `"name":"ours"`) {
		t.Error("the list lacks the new group")
	}
}

func TestAccountOwnersAndPipelines(t *testing.T) {
	wall := newClock()
	s := start(t, hubspot.Options{
		PortalID: 77, TimeZone: "America/New_York", RateLimit: 100, Clock: wall.now,
		Owners: []hubspot.Owner{
			{ID: 2, UserID: 22, Email: "kim@winnow.example"}, {ID: 1, UserID: 11, Email: "robin@winnow.example"},
		},
	})
	r := call(t, s, "GET", "/account-info/2026-03/details", nil, 200)
	want(t, r, 77, "portalId")
	want(t, r, "America/New_York", "timeZone")
	r = call(t, s, "GET", "/account-info/2026-03/api-usage/daily/private-apps", nil, 200)
	want(t, r, 2, "results", 0, "currentUsage")
	r = call(t, s, "GET", "/crm/owners/2026-09?limit=1", nil, 200)
	want(t, r, "robin@winnow.example", "results", 0, "email")
	r = call(t, s, "GET", "/crm/owners/2026-09?limit=1&after="+r.at("paging", "next", "after").(string), nil, 200)
	want(t, r, "kim@winnow.example", "results", 0, "email")
	want(t, r, nil, "paging")
	r = call(t, s, "GET", "/crm/pipelines/2026-09/deals", nil, 200)
	want(t, r, "closedwon", "results", 0, "stages", 5, "id")
}

func TestConversations(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now})
	id := s.CreateContact(nil)
	thread, first := s.Message(id, "", true, "Do you ship to Oslo?")
	_, second := s.Message(id, thread, false, "We do.")
	s.Comment(id, thread, "nice one")
	const path = "/conversations/conversations/2026-09/threads"
	r := call(t, s, "GET", path+"/"+thread, nil, 200)
	want(t, r, id, "associatedContactId")
	r = call(t, s, "GET", path+"/"+thread+"/messages/"+first, nil, 200)
	want(t, r, "INCOMING", "direction")
	want(t, r, "Do you ship to Oslo?", "text")
	r = call(t, s, "GET", path+"/"+thread+"/messages?limit=2", nil, 200)
	want(t, r, "COMMENT", "results", 0, "type")
	want(t, r, second, "results", 1, "id")
	r = call(t, s, "GET", path+"/"+thread+"/messages?limit=2&after="+r.at("paging", "next", "after").(string), nil, 200)
	want(t, r, first, "results", 0, "id")
	r = call(t, s, "GET", path+"/"+thread+"/messages/"+second+"/original-content", nil, 200)
	want(t, r, "We do.", "text")
	r = call(t, s, "GET", path+"?associatedContactId="+id, nil, 200)
	want(t, r, thread, "results", 0, "id")
	other, _ := s.Message(id, "", true, "Hello?")
	c.advance(time.Minute)
	s.Message(id, thread, true, "Thank you.")
	r = call(t, s, "GET", path+"?sort=latestMessageTimestamp&limit=1&latestMessageTimestampAfter=2026-01-12T09:00:00Z",
		nil, 200)
	want(t, r, other, "results", 0, "id")
	r = call(t, s, "GET", path+"?sort=latestMessageTimestamp&limit=1&after="+r.at("paging", "next", "after").(string),
		nil, 200)
	want(t, r, thread, "results", 0, "id")
	want(t, r, nil, "paging")
	r = call(t, s, "GET", path+"?latestMessageTimestampAfter=2026-01-12T09:00:30Z", nil, 200)
	want(t, r, thread, "results", 0, "id")
	s.DeleteThread(thread)
	call(t, s, "GET", path+"/"+thread, nil, 404)
	events := decode(t, s.Events())
	if n := len(all(events, "conversation.newMessage")); n != 5 {
		t.Errorf("%d events for five messages", n)
	}
	only(t, events, "conversation.deletion")
}

func TestOAuth(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now, RefreshToken: "refresh-me", ClientSecret: "shh"})
	grant := func(secret, refresh string) *http.Response {
		resp, err := http.PostForm(s.URL()+"/oauth/2026-09/token", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"x"}, "client_secret": {secret}, "refresh_token": {refresh},
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	if got := grant("wrong", "refresh-me").StatusCode; got != 400 {
		t.Errorf("a wrong secret got %d", got)
	}
	if got := grant("shh", "refresh-me").StatusCode; got != 200 {
		t.Fatalf("the right one got %d", got)
	}
	http.DefaultClient.CloseIdleConnections()
	if r, _ := do(t, s, "GET", objects+"/contacts", "sandbox-access-1", nil); r.status != 200 {
		t.Errorf("the access token got %d", r.status)
	}
	c.advance(31 * time.Minute)
	r, _ := do(t, s, "GET", objects+"/contacts", "sandbox-access-1", nil)
	if r.status != 401 {
		t.Errorf("an expired token got %d", r.status)
	}
	want(t, r, "EXPIRED_AUTHENTICATION", "category")
}

func TestCountsCallsAndWrites(t *testing.T) {
	c := newClock()
	s := start(t, hubspot.Options{Now: c.now, Winnow: true, WriteLog: 3})
	var told []string
	s.OnWrite(func(w hubspot.Write) { told = append(told, w.Contact+w.Properties["winnow_rating"]) })
	for range 3 {
		s.CreateContact(nil)
	}
	call(t, s, "POST", objects+"/contacts/batch/update", updates(3, 101, obj{"winnow_rating": "B"}), 200)
	call(t, s, "PATCH", objects+"/contacts/102", obj{"properties": obj{"winnow_rating": "C"}}, 200)
	if s.BatchCalls() != 1 || s.Calls()["PATCH /crm/objects/2026-09/contacts/{id}"] != 1 {
		t.Errorf("calls: %v", s.Calls())
	}
	var kept []string
	for _, w := range s.Writes() {
		kept = append(kept, w.Contact+w.Properties["winnow_rating"])
	}
	if fmt.Sprint(kept) != "[102B 103B 102C]" || fmt.Sprint(told) != "[101B 102B 103B 102C]" {
		t.Errorf("kept %v, told %v", kept, told)
	}
}
