package salesforce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	org  = "00D000000000062EAA"
	ada  = "003D000000QOMqgIAH"
	greg = "00QD000000QOMqhMAH"
)

func connect(t *testing.T, apiURL string, change func(*Config)) *Org {
	t.Helper()
	cfg := Config{API: API{URL: apiURL}, ClientID: "app", ClientSecret: "s3cret", HookKey: "old,h00k", OrgID: org[:15]}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg, connectors.Options{Source: crm.Source{Name: "salesforce", Vendor: Vendor}, Salt: []byte("salt")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// delivery is an outbound message as Salesforce sends it, after the sample in its SOAP API Developer Guide.
func delivery(organization, key, inner string) connectors.Delivery {
	body := `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>` + organization + `</OrganizationId>
   <ActionId>04k000000000001AAA</ActionId>
   <SessionId>00Dsess10n!</SessionId>
   <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/62.0/00D000000000062</EnterpriseUrl>
` + inner + `
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>`
	return connectors.Delivery{Method: "POST", Query: url.Values{"key": {key}}, Body: []byte(body)}
}

func note(object, id, extra string) string {
	return `<Notification><Id>04l000000000001AAA</Id><sObject xsi:type="sf:` + object +
		`" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>` + id + `</sf:Id>` + extra +
		`</sObject></Notification>`
}

func TestVerify(t *testing.T) {
	v := connect(t, "https://acme.example", nil).Vendor().Receive
	for name, c := range map[string]struct {
		d    connectors.Delivery
		kind connectors.Kind
		ok   bool
	}{
		"right":         {delivery(org, "h00k", ""), 0, true},
		"the older key": {delivery(org, "old", ""), 0, true},
		"another key":   {delivery(org, "h00ks", ""), connectors.Unauthenticated, false},
		"no key":        {delivery(org, "", ""), connectors.Unauthenticated, false},
		"both keys":     {delivery(org, "old,h00k", ""), connectors.Unauthenticated, false},
		"another org":   {delivery("00D000000000063EAA", "h00k", ""), connectors.Unauthenticated, false},
		"no org":        {delivery("", "h00k", ""), connectors.Malformed, false},
		"15 characters": {delivery(org[:15], "h00k", ""), 0, true},
		"another case":  {delivery(strings.ToLower(org), "h00k", ""), connectors.Unauthenticated, false},
		"damaged at its end": {connectors.Delivery{
			Query: url.Values{"key": {"h00k"}}, Body: delivery(org, "", "").Body[:500],
		}, 0, true},
		"no XML": {connectors.Delivery{
			Query: url.Values{"key": {"h00k"}}, Body: []byte("{}"),
		}, connectors.Malformed, false},
		"with a DTD": {connectors.Delivery{
			Query: url.Values{"key": {"h00k"}}, Body: []byte(`<!DOCTYPE x [<!ENTITY a "b">]><x/>`),
		}, connectors.Malformed, false},
		"org in another space": {connectors.Delivery{
			Query: url.Values{"key": {"h00k"}}, Body: []byte(`<a><OrganizationId>` + org + `</OrganizationId></a>`),
		}, connectors.Malformed, false},
	} {
		err := v.Verify(c.d, time.Now())
		if (err == nil) != c.ok || err != nil && connectors.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "h00k") || strings.Contains(err.Error(), "sess10n")) {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

// The session's id is a user's credential: it is not stored, and what is stored is read as before.
func TestKeep(t *testing.T) {
	v := connect(t, "https://acme.example", nil).Vendor().Receive
	kept, text := v.Keep(delivery(org, "h00k", note("Contact", ada, "")))
	if text || strings.Contains(string(kept.Body), "sess10n") || len(kept.Query) > 0 {
		t.Errorf("kept %v %s", kept.Query, kept.Body)
	}
	if again, _ := v.Keep(kept); string(again.Body) != string(kept.Body) {
		t.Error("keeping what was kept changes it")
	}
	ns, err := v.Decode(kept)
	want := []crm.Notice{{Ref: &crm.Ref{Type: "Contact", ID: ada}, Account: org}}
	if diff := cmp.Diff(want, ns); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestDecode(t *testing.T) {
	c := connect(t, "https://acme.example", func(c *Config) { c.Objects = []string{"Contact", "Lead", "Task"} })
	c.user.Store("005000000000001AAA")
	v := c.Vendor().Receive
	var many strings.Builder
	for i := range 100 {
		many.WriteString(note("Lead", fmt.Sprintf("00QD000000%05d", i), ""))
	}
	for name, w := range map[string]struct {
		inner string
		refs  int
		error string
	}{
		"a hundred":             {many.String(), 100, ""},
		"one of two unreadable": {note("Lead", greg, "") + note("Lead", "no id", ""), 1, "notification 2"},
		"no record":             {`<Notification><Id>04l000000000001AAA</Id></Notification>`, 0, "notification 1"},
		"an echo": {note("Lead", greg,
			"<sf:LastModifiedById>005000000000001</sf:LastModifiedById>"), 0, ""},
		"somebody else's change": {note("Lead", greg,
			"<sf:LastModifiedById>005000000000002AAA</sf:LastModifiedById>"), 1, ""},
		"another's element that is named like ours": {note("Lead", greg,
			`<x:LastModifiedById xmlns:x="urn:other">005000000000001</x:LastModifiedById>`+
				`<x:Id xmlns:x="urn:other">1</x:Id>`), 1, ""},
		"an object not read here": {note("Event", "00UD000000QOMqg", ""), 0, ""},
		"none":                    {"", 0, ""},
	} {
		ns, err := v.Decode(delivery(org, "", w.inner))
		refs := 0
		for _, n := range ns {
			if n.Ref != nil {
				refs++
			}
		}
		if refs != w.refs || (err == nil) != (w.error == "") || err != nil && !strings.Contains(err.Error(), w.error) {
			t.Errorf("%s: %d references, %v", name, refs, err)
		}
	}
	ns, err := v.Decode(delivery(org, "", note("Invoice__c", "a00D000000QOMqg", "")+note("Case", "500D000000QOMqg",
		"")))
	if err != nil || len(ns) != 2 || ns[0].Passed != "custom object" || ns[1].Passed != "other object" {
		t.Errorf("%+v, %v", ns, err)
	}
}

// TestRefusedByTrigger: rows that a trigger refuses together may be one's fault, and one alone is its own.
func TestRefusedByTrigger(t *testing.T) {
	c := &writer{connect(t, "https://acme.example", nil).api}
	refused := row{Errors: []refusal{{Row: triggered}}}
	other := row{Errors: []refusal{{Row: "FIELD_CUSTOM_VALIDATION_EXCEPTION"}}}
	for name, w := range map[string]struct {
		got  []row
		want []bool
	}{
		"several":        {[]row{refused, {Success: true}, refused, other}, []bool{true, false, true, false}},
		"one":            {[]row{refused, {Success: true}}, []bool{false, false}},
		"another's rule": {[]row{other, other}, []bool{false, false}},
	} {
		out := make([]error, len(w.got))
		for i, r := range w.got {
			if !r.Success {
				out[i] = c.rowError(r)
			}
		}
		byTrigger(w.got, out)
		for i, err := range out {
			e, _ := errors.AsType[*connectors.Error](err)
			if got := e != nil && e.Whole; got != w.want[i] {
				t.Errorf("%s, row %d: whole %t, want %t", name, i, got, w.want[i])
			}
		}
	}
}

// TestBadToken: who we are is refused by 403 and a word where the token has run out.
func TestBadToken(t *testing.T) {
	for body, want := range map[string]bool{
		"Bad_OAuth_Token": true, "Bad_OAuth_Token\n": true, `[{"errorCode":"INSUFFICIENT_ACCESS"}]`: false,
	} {
		if got := badToken(&rest.Response{Status: 403, Body: []byte(body)}); got != want {
			t.Errorf("%q: %t", body, got)
		}
	}
}

func TestReply(t *testing.T) {
	v := connect(t, "https://acme.example", nil).Vendor()
	for o, want := range map[connectors.Outcome]string{
		connectors.Stored: "200 true", connectors.Full: "503 false", connectors.NotVerified: "401 false",
		connectors.Unreadable: "401 false", connectors.TooLarge: "413 false",
	} {
		r := v.Reply.Reply(connectors.Delivery{}, o)
		_, after, _ := strings.Cut(string(r.Body), "<Ack>")
		ack, _, _ := strings.Cut(after, "</Ack>")
		if got := fmt.Sprint(r.Status, " ", ack); got != want ||
			!strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
			t.Errorf("%s: %s %v, want %s", o, got, r.Header, want)
		}
	}
}

func TestPeopleAreTwoKinds(t *testing.T) {
	v := connect(t, "https://acme.example", nil).Vendor()
	for given, want := range map[string]string{
		ada: "contact/" + ada, ada[:15]: "contact/" + ada, greg: "lead/" + greg, "lead/" + greg[:15]: "lead/" + greg,
		"contact/" + ada: "contact/" + ada,
	} {
		if got, err := v.Named(given); got != want || err != nil {
			t.Errorf("%s is %q, %v", given, got, err)
		}
	}
	for _, given := range []string{"006D000000QOMqg", "101", "", "lead/" + ada} {
		if got, err := v.Named(given); err == nil && got != "lead/"+ada {
			t.Errorf("%q is %q", given, got)
		}
	}
	parts := v.Write.Split([]crm.Change{{Contact: "lead/a"}, {Contact: "contact/b"}, {Contact: "lead/c"}})
	if len(parts) != 1 || parts[0][0].Contact != "contact/b" {
		t.Errorf("%v", parts)
	}
}

func TestValidate(t *testing.T) {
	good := Config{
		API: API{URL: "https://acme.my.salesforce.com"}, ClientID: "x", ClientSecret: "y", HookKey: "z", OrgID: org,
	}
	if err := good.Validate("WINNOW_SF"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		say    string
	}{
		"no key":            {func(c *Config) { c.HookKey = " , " }, "WINNOW_SF_HOOK_KEY: not set"},
		"no org":            {func(c *Config) { c.OrgID = "acme" }, "WINNOW_SF_ORG_ID"},
		"no API":            {func(c *Config) { c.API.URL = "" }, "WINNOW_SF_API_URL"},
		"plain http":        {func(c *Config) { c.API.URL = "http://acme.example" }, "WINNOW_SF_API_PLAIN_HTTP"},
		"no credential":     {func(c *Config) { c.ClientSecret = "" }, "WINNOW_SF_CLIENT_SECRET: not set"},
		"two credentials":   {func(c *Config) { c.Username = "u" }, "use one flow"},
		"half a credential": {func(c *Config) { c.ClientSecret, c.Username = "", "u" }, "WINNOW_SF_USERNAME"},
		"no PEM": {func(c *Config) {
			c.ClientSecret, c.Username, c.PrivateKey = "", "u", "k"
		}, "WINNOW_SF_PRIVATE_KEY"},
		"their field": {func(c *Config) { c.Fields = "rating=Rating" }, "WINNOW_SF_FIELDS"},
		"odd object":  {func(c *Config) { c.Objects = []string{"Contact", "Account"} }, "WINNOW_SF_OBJECTS"},
		"odd name":    {func(c *Config) { c.MeetingOutcome = "a b" }, "WINNOW_SF_MEETING_OUTCOME"},
		"odd domain":  {func(c *Config) { c.StaffDomains = []string{"*.a.example"} }, "WINNOW_SF_STAFF_DOMAINS"},
		"odd meaning": {func(c *Config) { c.CallDispositions = "x=y" }, "WINNOW_SF_CALL_DISPOSITIONS"},
	} {
		cfg := good
		c.change(&cfg)
		if err := cfg.Validate("WINNOW_SF"); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, want %s", name, err, c.say)
		}
	}
	alone := good
	alone.HookKey, alone.OrgID, alone.Webhooks = "", "", "off"
	if err := alone.Validate("WINNOW_SF"); err != nil {
		t.Error(err)
	}
	if connect(t, "https://acme.example", func(c *Config) { c.Webhooks = "off" }).Vendor().Receive != nil {
		t.Error("an org that is polled alone receives")
	}
}

func TestInstants(t *testing.T) {
	want := crm.At(time.Date(2024, 4, 11, 3, 12, 9, 0, time.UTC))
	for _, given := range []string{
		"2024-04-11T03:12:09.000+0000", "2024-04-11T05:12:09.000+0200", "2024-04-11T03:12:09Z",
	} {
		if got := instant(given); got != want {
			t.Errorf("%s is %s", given, got)
		}
	}
	if instant("2024-04-11") != crm.At(time.Date(2024, 4, 11, 0, 0, 0, 0, time.UTC)) || instant("") != 0 ||
		instant("soon") != 0 {
		t.Error("days, or what is none")
	}
	for after, clock := range map[crm.Millis]string{0: "03:12:09Z", 1: "03:12:10Z", 999: "03:12:10Z"} {
		if got := soqlTime(want + after); !strings.HasSuffix(got, clock) {
			t.Errorf("%d ms behind 03:12:09 is %s", after, got)
		}
	}
	if got := quoted(`O'Neil \ x`); got != `'O\'Neil \\ x'` {
		t.Error(got)
	}
}

// apiThat answers every call to the org's API with one status and body, but for the token.
func apiThat(t *testing.T, status int, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/services/oauth2/token" {
			_, _ = fmt.Fprintf(w, `{"access_token":"t0ken","instance_url":"http://%s"}`, r.Host)
			return
		}
		w.Header().Set("Sforce-Limit-Info", "api-usage=18/100000; api-bursts=1/750")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		kind   connectors.Kind
		say    string
	}{
		"session": {
			401, `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired"}]`,
			connectors.Unauthenticated, "INVALID_SESSION_ID",
		},
		"day": {
			403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`,
			connectors.RateLimited, "24 hours",
		},
		"crowd": {
			403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentPerOrgLongTxn Limit exceeded."}]`,
			connectors.RateLimited, "same time",
		},
		"no API": {
			404, `[{"errorCode":"NOT_FOUND","message":"It does not exist"}]`, connectors.Misconfigured, "NOT_FOUND",
		},
		"field": {
			400,
			`[{"errorCode":"INVALID_FIELD","message":"\nSELECT x\n^\nNo such column 'Winnow_X__c' on entity 'Lead'."}]`, connectors.Misconfigured, "Winnow_X__c",
		},
		"object": {
			400, `[{"errorCode":"INVALID_TYPE","message":"sObject type 'Quote' is not supported."}]`,
			connectors.Misconfigured, "Quote",
		},
		"locator":  {400, `[{"errorCode":"INVALID_QUERY_LOCATOR","message":"x"}]`, connectors.Unavailable, ""},
		"down":     {503, `[{"errorCode":"SERVER_UNAVAILABLE","message":"x"}]`, connectors.Unavailable, ""},
		"query":    {400, `[{"errorCode":"MALFORMED_QUERY","message":"ada@example.com"}]`, connectors.Internal, ""},
		"odd code": {400, `[{"errorCode":"ada@example.com","message":"x"}]`, connectors.Rejected, "HTTP 400"},
		"a page":   {200, `<html>`, connectors.Garbled, ""},
	} {
		o := connect(t, apiThat(t, c.status, c.body), nil)
		err := o.records.Fetch(t.Context(), []crm.Ref{{Type: "Event", ID: "00UD000000QOMqgIAH"}})[0].Err
		if connectors.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v: %s", name, err, connectors.KindOf(err))
		}
		if strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%s: the error tells what it must not: %v", name, err)
		}
		if _, day := o.Budget(); c.kind == connectors.Misconfigured && day != 99982 {
			t.Errorf("%s: the day has %d calls left", name, day)
		}
	}
}

// TestMovedMeanwhile: who was merged, or converted, while a rating was on its way is named as whom they have become.
// Where that cannot be asked the write is tried again; who is gone and has become nobody stays gone.
func TestMovedMeanwhile(t *testing.T) {
	const hana = "00QD000000QOMqjMAH"
	for name, c := range map[string]struct {
		code, found string
		status      int
		into        string
		kind        connectors.Kind
	}{
		"converted": {
			"CANNOT_UPDATE_CONVERTED_LEAD", `"IsConverted":true,"ConvertedContactId":"` + ada + `"`, 200,
			person(ada), connectors.NotFound,
		},
		"merged": {
			"ENTITY_IS_DELETED", `"IsDeleted":true,"MasterRecordId":"` + hana + `"`, 200,
			person(hana), connectors.NotFound,
		},
		"deleted": {"ENTITY_IS_DELETED", `"IsDeleted":true`, 200, "", connectors.NotFound},
		"away":    {"ENTITY_IS_DELETED", `SERVER_UNAVAILABLE`, 503, "", connectors.Unavailable},
		"unseen":  {"ENTITY_IS_DELETED", `INVALID_FIELD`, 400, "", connectors.NotFound},
	} {
		o := connect(t, movedAPI(t, c.code, c.status, c.found), nil)
		change := crm.Change{Contact: person(greg), Values: map[crm.Field]string{crm.FieldRating: "A"}}
		err := o.Vendor().Write.Write(t.Context(), []crm.Change{change})[0]
		if got := connectors.IntoOf(err); got != c.into || connectors.KindOf(err) != c.kind {
			t.Errorf("%s: %v, followed to %q; want %q and %s", name, err, got, c.into, c.kind)
		}
	}
}

// movedAPI refuses every write with a code, and answers queries with a status and one record.
func movedAPI(t *testing.T, code string, status int, found string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/services/oauth2/token":
			_, _ = fmt.Fprintf(w, `{"access_token":"t0ken","instance_url":"http://%s"}`, r.Host)
		case strings.HasSuffix(r.URL.Path, "/describe"):
			_, _ = io.WriteString(w, `{"fields":[{"name":"Winnow_Rating__c","type":"picklist"}]}`)
		case r.Method == http.MethodPatch:
			_, _ = io.WriteString(w, `[{"success":false,"errors":[{"statusCode":"`+code+`","message":"x"}]}]`)
		case status != http.StatusOK:
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `[{"errorCode":"`+found+`","message":"x"}]`)
		default:
			_, _ = io.WriteString(w, `{"done":true,"records":[{"Id":"`+greg+`",`+found+`}]}`)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// The running user is remembered, so that a process that only receives knows our echo.
func TestTheRunningUserIsRemembered(t *testing.T) {
	o := connect(t, apiThat(t, 200, `{"user_id":"005000000000001","organization_id":"`+org[:15]+`"}`), nil)
	if next, err := o.Maintain(t.Context()); err != nil || next.IsZero() {
		t.Fatal(next, err)
	}
	if got, err := o.Account(t.Context()); got != org || err != nil {
		t.Errorf("the organization is %q, %v", got, err)
	}
	other := connect(t, "https://acme.example", nil)
	other.opt.State = o.opt.State
	if err := other.Recall(context.Background()); err != nil || other.user.Load() != "005000000000001AAA" {
		t.Errorf("%v, %v", other.user.Load(), err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(delivery(org, "", note("Contact", ada, "")).Body)
	f.Add([]byte("<a><b>"))
	c, err := New(Config{
		API: API{URL: "https://acme.example"}, ClientID: "a", ClientSecret: "b", HookKey: "c", OrgID: org,
	},
		connectors.Options{Source: crm.Source{Name: "salesforce"}})
	if err != nil {
		f.Fatal(err)
	}
	in := c.Vendor().Receive
	f.Fuzz(func(t *testing.T, body []byte) {
		kept, _ := in.Keep(connectors.Delivery{Body: body})
		if again, _ := in.Keep(kept); string(again.Body) != string(kept.Body) {
			t.Error("keeping what was kept changes it")
		}
		if _, err := in.Decode(kept); err != nil && connectors.KindOf(err) != connectors.Malformed {
			t.Errorf("unreadable is %v", err)
		}
	})
}

// While one object is looked at, others can be.
func TestObjectsAreLookedAtSideBySide(t *testing.T) {
	held, asked := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/services/oauth2/token" {
			_, _ = fmt.Fprintf(w, `{"access_token":"t0ken","instance_url":"http://%s"}`, r.Host)
			return
		}
		if strings.Contains(r.URL.Path, "/Lead/") {
			close(asked) // a second request for the same object would panic
			<-held
		}
		_, _ = io.WriteString(w, `{"fields":[{"name":"Email","type":"email"}]}`)
	}))
	defer s.Close()
	o := connect(t, s.URL, nil)
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := o.describe(t.Context(), "fetch", "Lead")
			done <- err
		}()
	}
	<-asked
	if shape, err := o.describe(t.Context(), "fetch", "Contact"); err != nil || !shape.has("email") {
		t.Error(err)
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.describe(given, "fetch", "Lead"); connectors.KindOf(err) != connectors.Unavailable {
		t.Errorf("given up: %v", err)
	}
	close(held)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// The address that stands in the browser names the contact or the lead whose page it is, in every form that Salesforce
// has given it, and nobody where it is the page of something else.
func TestWhose(t *testing.T) {
	v := connect(t, "https://acme.example", nil).Vendor()
	const lightning = "https://acme.lightning.force.com/"
	for page, want := range map[string]string{
		lightning + "lightning/r/Lead/" + greg + "/view":                                "lead/" + greg,
		lightning + "lightning/r/" + ada + "/view":                                      "contact/" + ada,
		lightning + "lightning/r/Contact/" + ada + "/related/Opportunities/view":        "contact/" + ada,
		lightning + "one/one.app#/sObject/" + ada + "/view":                             "contact/" + ada,
		"https://acme.my.salesforce.com/" + greg[:15]:                                   "lead/" + greg,
		"https://acme.my.salesforce.com/" + greg + "/e?retURL=%2F" + ada:                "lead/" + greg,
		lightning + "lightning/n/Note?c__id=" + ada:                                     "contact/" + ada,
		lightning + "lightning/r/Task/00TD000000QOMqgIAH/view?ws=%2Fr%2F" + ada + "%2F": "contact/" + ada,
		lightning + "lightning/r/Opportunity/006D000000QOMqgIAH/view":                   "",
		lightning + "lightning/o/Lead/list?filterName=00BD000000QOMqgIAH":               "",
		lightning + "lightning/page/home":                                               "",
	} {
		if who, ok := v.PersonAt("", page); who != want || ok != (want != "") {
			t.Errorf("%s is the page of %q, want %q", page, who, want)
		}
	}
}
