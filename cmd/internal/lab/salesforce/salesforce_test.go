package salesforce

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// app calls an org's API with a token of its own.
type app struct {
	*testing.T
	org   *Org
	url   string
	token string
}

func newApp(t *testing.T, opt Options) *app {
	t.Helper()
	if opt.Now == nil {
		at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
		opt.Now = func() time.Time { at = at.Add(time.Second); return at }
	}
	o, err := Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	a := &app{T: t, org: o, url: o.URL()}
	resp, err := http.PostForm(a.url+"/services/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"sandbox-client"}, "client_secret": {"sandbox-secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.AccessToken == "" {
		t.Fatal(resp.Status, err)
	}
	a.token = got.AccessToken
	return a
}

func (a *app) call(method, path string, body any) (status int, answer []byte) {
	a.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			a.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(a.Context(), method, a.url+path, &b)
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		a.Fatal(err)
	}
	return resp.StatusCode, answer
}

type page struct {
	TotalSize int
	Done      bool
	Next      string `json:"nextRecordsUrl"`
	Records   []map[string]any
}

func (a *app) query(soql string) page {
	a.Helper()
	status, b := a.call("GET", "/services/data/v62.0/query?q="+url.QueryEscape(soql), nil)
	var p page
	if err := json.Unmarshal(b, &p); status != 200 || err != nil {
		a.Fatalf("%s: %d %s", soql, status, b)
	}
	return p
}

func TestQueries(t *testing.T) {
	a := newApp(t, Options{})
	ada := a.org.Insert("Contact", map[string]any{
		"LastName": "Quill", "Email": "ada@quill.example", "OwnerId": a.org.owner.id,
	})
	ben := a.org.Insert("Contact", map[string]any{"LastName": "O'Neil", "HasOptedOutOfEmail": true})
	a.org.Delete(a.org.Insert("Contact", map[string]any{"LastName": "Gone"}))
	for soql, want := range map[string]string{
		"SELECT Id FROM Contact": ada + " " +
			ben,
		"select id from contact where lastname = 'quill'":   ada,
		`SELECT Id FROM Contact WHERE LastName = 'O\'Neil'`: ben,
		"SELECT Id FROM Contact WHERE Id IN ('" + ben[:15] + "', '" + ada + "') ORDER BY LastName": ben + " " +
			ada,
		"SELECT Id FROM Contact WHERE Email = null OR (HasOptedOutOfEmail = false AND LastName > 'Z')": ben,
		"SELECT Id FROM Contact WHERE NOT (HasOptedOutOfEmail = true)":                                 ada,
		"SELECT Id FROM Contact ORDER BY SystemModstamp DESC, Id LIMIT 1":                              ben,
		"SELECT Id FROM Contact WHERE SystemModstamp >= 2026-03-02T09:30:00Z AND Owner.Name != 'nobody'": ada + " " +
			ben,
		"SELECT Id FROM Contact WHERE SystemModstamp > 2036-03-02T09:30:00.000+0000": "",
	} {
		var ids []string
		for _, r := range a.query(soql).Records {
			ids = append(ids, r["Id"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %q, want %q", soql, got, want)
		}
	}
	if n := a.query("SELECT COUNT() FROM Contact").TotalSize; n != 2 {
		t.Errorf("%d contacts", n)
	}
	got := a.query("SELECT LastName, Owner.Name, Owner.Email FROM Contact WHERE Id = '" + ada + "'").Records[0]
	delete(got, "attributes")
	owner := got["Owner"].(map[string]any)
	delete(owner, "attributes")
	if diff := cmp.Diff(map[string]any{
		"LastName": "Quill", "Owner": map[string]any{"Name": "Robin Vale", "Email": "robin.vale@winnow.example"},
	}, got); diff != "" {
		t.Error(diff)
	}
	if _, b := a.call("GET", "/services/data/v62.0/queryAll?q="+url.QueryEscape("SELECT Id FROM Contact WHERE "+
		"IsDeleted = true"), nil); !bytes.Contains(b, []byte(`"totalSize":1`)) {
		t.Errorf("deleted ones: %s", b)
	}
	for soql, code := range map[string]string{
		"SELECT Id FROM Nothing":                                     "INVALID_TYPE",
		"SELECT Name FROM Contact":                                   "INVALID_FIELD",
		"SELECT Nobody.Name FROM Contact":                            "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE":                               "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Email LIKE 'a'":                "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE SystemModstamp > '2026-03-02'": "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE LastName = Quill":              "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Id = 'x'":                      "INVALID_QUERY_FILTER_OPERATOR",
		"SELECT Id FROM Task WHERE Description = 'x'":                "INVALID_FIELD",
		"SELECT Id FROM Contact LIMIT many":                          "MALFORMED_QUERY",
		"SELECT Id FROM Contact x":                                   "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Id IN ('":                      "INVALID_FIELD",
	} {
		if status, b := a.call("GET", "/services/data/v62.0/query?q="+url.QueryEscape(soql), nil); status != 400 ||
			!bytes.Contains(b, []byte(`"`+code+`"`)) {
			t.Errorf("%s: %d %s, want %s", soql, status, b, code)
		}
	}
}

func TestPages(t *testing.T) {
	a := newApp(t, Options{Page: 2})
	for range 5 {
		a.org.Insert("Lead", map[string]any{"LastName": "x"})
	}
	p, seen := a.query("SELECT Id FROM Lead"), 0
	for {
		seen += len(p.Records)
		if p.Done {
			break
		}
		_, b := a.call("GET", p.Next, nil)
		p = page{}
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
	}
	if seen != 5 || p.TotalSize != 5 {
		t.Errorf("%d of %d", seen, p.TotalSize)
	}
	if status, _ := a.call("GET", "/services/data/v62.0/query/01gnothing-2", nil); status != 400 {
		t.Errorf("an unknown locator: %d", status)
	}
}

// A source of the ids: Salesforce Help, "Convert 15-character IDs", and any two forms of one of its example ids.
func TestIDs(t *testing.T) {
	for short, long := range map[string]string{
		"00D000000000062": "00D000000000062EAA", "001D000000IqhSL": "001D000000IqhSLIAZ",
	} {
		if got := full(short); got != long {
			t.Errorf("%s: %s, want %s", short, got, long)
		}
	}
}

func TestWrites(t *testing.T) {
	a := newApp(t, Options{Fields: true})
	contact := a.org.Insert("Contact", map[string]any{"LastName": "Quill"})
	lead := a.org.Insert("Lead", map[string]any{"LastName": "Stone"})
	gone := a.org.Insert("Lead", map[string]any{"LastName": "Gone"})
	a.org.Delete(gone)
	a.org.Lock(lead, 1)
	rec := func(typ, id string, fields ...any) map[string]any {
		r := map[string]any{"attributes": map[string]string{"type": typ}, "id": id}
		for i := 0; i < len(fields); i += 2 {
			r[fields[i].(string)] = fields[i+1]
		}
		return r
	}
	send := func(records ...map[string]any) (int, string) {
		status, b := a.call("PATCH", "/services/data/v62.0/composite/sobjects", map[string]any{
			"allOrNone": false, "records": records,
		})
		var rows []row
		if status != 200 || json.Unmarshal(b, &rows) != nil {
			return status, string(b)
		}
		var said []string
		for _, r := range rows {
			word := "ok"
			if !r.Success {
				word = r.Errors[0].Code
			}
			said = append(said, word)
		}
		return status, strings.Join(said, " ")
	}
	status, said := send(
		rec("Contact", contact, "Winnow_Rating__c", "B", "Winnow_Score__c", 61, "Winnow_Pending_Until__c", nil),
		rec("Lead", lead, "Winnow_Rating__c", "B"),
		rec("Lead", gone, "Winnow_Rating__c", "B"),
		rec("Lead", "00Q", "Winnow_Rating__c", "B"),
		rec("Contact", lead, "Winnow_Rating__c", "B"),
	)
	if want := "ok UNABLE_TO_LOCK_ROW ENTITY_IS_DELETED MALFORMED_ID INVALID_FIELD"; status != 200 || said != want {
		t.Errorf("%d %s", status, said)
	}
	if status, said := send(rec("Lead", lead, "Winnow_Rating__c", "E"), rec("Lead", lead, "Winnow_Score__c", "61"),
		rec("Lead", lead, "Winnow_Model__c", strings.Repeat("x", 81)), rec("Lead", lead, "Winnow_Disqualified__c",
			nil)); said !=
		"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST DUPLICATE_VALUE DUPLICATE_VALUE DUPLICATE_VALUE" {
		t.Errorf("%d %s", status, said)
	}
	var many []map[string]any
	for i := range 11 {
		many = append(many, rec([]string{"Lead", "Contact"}[i%2], lead))
	}
	if status, said := send(many...); status != 400 || !strings.Contains(said, "chunks") {
		t.Errorf("eleven chunks: %d %s", status, said)
	}
	if len(a.org.Writes()) != 1 || a.org.WriteCalls() != 2 {
		t.Errorf("%d writes in %d calls", len(a.org.Writes()), a.org.WriteCalls())
	}
}

func TestSessionsAndLimits(t *testing.T) {
	a := newApp(t, Options{DailyLimit: 2})
	a.org.ExpireSessions()
	if status, b := a.call("GET", "/services/data/v62.0/limits", nil); status != 401 ||
		!bytes.Contains(b, []byte("INVALID_SESSION_ID")) {
		t.Errorf("%d %s", status, b)
	}
	a = newApp(t, Options{DailyLimit: 2})
	for i, want := range []int{200, 200, 403} {
		if status, b := a.call("GET", "/services/data/v62.0/limits", nil); status != want {
			t.Errorf("call %d: %d %s", i, status, b)
		}
	}
}

// The endpoint gets a message that is XML, and again until it says true.
func TestOutboundMessages(t *testing.T) {
	var got []string
	answer := "<html>busy</html>"
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var m struct {
			Org   string   `xml:"Body>notifications>OrganizationId"`
			Named []string `xml:"Body>notifications>Notification>sObject>Id"`
		}
		if err := xml.Unmarshal(b, &m); err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprint(r.URL.RawQuery, " ", len(m.Named)))
		_, _ = io.WriteString(w, answer)
		answer = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
			`<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>`
	}))
	defer hooks.Close()
	a := newApp(t, Options{RetryWait: time.Millisecond, WebhookURL: hooks.URL + "/?key=k"})
	for range 101 {
		a.org.Insert("Lead", map[string]any{"LastName": "x"})
	}
	if err := a.org.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"key=k 100", "key=k 100", "key=k 1"}, got); diff != "" {
		t.Error(diff)
	}
	answer = strings.Replace(answer, "true", "false", 1)
	if err := a.org.Send(t.Context(), a.org.Message("Lead")); err == nil {
		t.Error("a nack was taken for an acknowledgement")
	}
}

// What set-up makes: fields, and the right to see them.
func TestCustomFields(t *testing.T) {
	a := newApp(t, Options{})
	field := func(name string, metadata map[string]any) (int, string) {
		metadata["label"] = "Winnow"
		status, b := a.call("POST", "/services/data/v62.0/tooling/sobjects/CustomField", map[string]any{
			"FullName": name, "Metadata": metadata,
		})
		return status, string(b)
	}
	if status, b := field("Lead.Winnow_Reasons__c", map[string]any{
		"type": "LongTextArea", "length": 32000, "visibleLines": 5,
	}); status != 201 {
		t.Error(status, b)
	}
	if status, b := field("Lead.Winnow_Reasons__c", map[string]any{
		"type": "Checkbox", "defaultValue": false,
	}); status != 400 || !strings.Contains(b, "DUPLICATE") {
		t.Error(status, b)
	}
	for _, m := range []map[string]any{
		{"type": "Text"},
		{"type": "Checkbox"},
		{"type": "Number"},
		{"type": "Picklist"},
		{"type": "LongTextArea", "length": 100},
	} {
		if status, b := field("Lead.Winnow_Odd__c", m); status != 400 {
			t.Error(m, status, b)
		}
	}
	if status, b := a.call("POST", "/services/data/v62.0/sobjects/FieldPermissions", map[string]any{
		"SobjectType": "Lead", "Field": "Lead.Winnow_Reasons__c",
	}); status != 201 {
		t.Error(status, string(b))
	}
}

// A lead that is converted lives on as a contact, with its activities.
func TestConversion(t *testing.T) {
	a := newApp(t, Options{Fields: true})
	f := Face{a.org}
	lead := f.CreatePerson(world.Profile{
		First: "Ada", Last: "Quill", Email: "ada@quill.example", Company: "Quill Mills",
	})
	mail := f.Email([]string{lead}, world.Email{Incoming: true, Subject: "Looms", Text: "How much?"})
	f.Deal([]string{lead}, world.Deal{Name: "Looms", Amount: 100})
	p, ok := f.Person(lead)
	if !ok || !strings.HasPrefix(p.ID, "003") || p.Profile.Email != "ada@quill.example" {
		t.Fatalf("%+v %t", p, ok)
	}
	if n := a.query("SELECT COUNT() FROM EmailMessageRelation WHERE EmailMessageId = '" + mail +
		"' AND RelationId = '" + p.ID + "'").TotalSize; n != 1 {
		t.Errorf("%d relations of the mail to the contact", n)
	}
	if n := a.query("SELECT COUNT() FROM Lead WHERE ConvertedContactId = '" + p.ID +
		"' AND IsConverted = true").TotalSize; n != 1 {
		t.Error("the lead does not say what became of it")
	}
}
