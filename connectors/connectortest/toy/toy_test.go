package toy

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
)

var now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func sign(body []byte, secret string, _ time.Time) connectors.Delivery {
	var in map[string]any
	if json.Unmarshal(body, &in) == nil {
		in["token"] = secret
		body, _ = json.Marshal(in)
	}
	return connectors.Delivery{Method: http.MethodPost, Path: "lead.updated", Body: body, Received: crm.At(now)}
}

func account() *Server {
	s := &Server{Token: "t0ken", Ill: map[string]bool{"mails/13": true}}
	at := now.Unix()
	s.Put("contacts", Record{ID: "7", Created: at - 9000, Changed: at - 300})
	s.Put("leads", Record{ID: "7", Created: at - 9000, Changed: at - 200, Override: "D"})
	s.Put("mails", Record{ID: "31", Person: "lead/7", Sent: at - 100, Changed: at - 100, Units: 20})
	return s
}

func harness(fault func(*connectors.Vendor)) connectortest.Harness {
	var api *Server
	with := func(_ *testing.T, apiURL string, state connectors.State) connectors.Vendor {
		v := New(Options{API: apiURL, Token: "t0ken", Hook: "h00k", State: state, Now: func() time.Time { return now }})
		if fault != nil {
			fault(&v)
		}
		return v
	}
	get := connectors.Delivery{Method: http.MethodGet, Query: map[string][]string{"challenge": {"abc"}}}
	return connectortest.Harness{
		New: func(t *testing.T, apiURL string) connectors.Vendor {
			return with(t, apiURL, connectors.NewMemory())
		},
		WithState: with, Granted: func() string { return "ch4nnel-1" },
		Sign: sign, Secret: "h00k", Secrets: []string{"t0ken", "ch4nnel-1"}, Deliveries: "testdata/deliveries",
		Body: []byte(`{"id":"7","at":1772443800}`), Echo: []byte(`{"id":"7","at":1772443800,"by":"winnow"}`),
		API: func(*testing.T) http.Handler {
			api = account()
			return api
		},
		Refs: []crm.Ref{{Type: "mails", ID: "31"}}, Concerned: []string{"lead/7"}, Gone: []crm.Ref{
			{Type: "mails", ID: "99"},
		},
		Ill: crm.Ref{Type: "mails", ID: "13"}, Profiles: []crm.Ref{
			{Type: "contacts", ID: "7"}, {Type: "leads", ID: "7"},
		},
		Changed: []string{"contacts/7", "leads/7", "mails/31"},
		Changes: []crm.Change{
			{Contact: "contact/7", Values: map[crm.Field]string{crm.FieldRating: "A"}},
			{Contact: "lead/7", Values: map[crm.Field]string{crm.FieldRating: "B"}},
		},
		Written: func(person string, f crm.Field) string {
			p := crm.ParsePerson(person)
			values, _ := api.Written(types[p.Kind], p.ID)
			return values["winnow_"+string(f)]
		},
		Answers: map[string][]int{"fetch": {404}}, Handshake: &get,
	}
}

// TestConformance holds the toy to the contract, with the fault that TestFaults names.
func TestConformance(t *testing.T) {
	connectortest.Run(t, harness(faults[os.Getenv("TOY_FAULT")].plant))
}

// bad is the toy with methods that break a rule.
type bad struct {
	connectors.Vendor
	rule string
}

func (b bad) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	switch b.rule {
	case "stores the proof":
		return d.Kept(nil, nil), false
	case "loses the path":
		d, text := b.Receive.Keep(d)
		d.Path = ""
		return d, text
	}
	return b.Receive.Keep(d)
}

func (b bad) Verify(d connectors.Delivery, at time.Time) error { return b.Receive.Verify(d, at) }

func (b bad) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	ns, err := b.Receive.Decode(d)
	for i := range ns {
		b.spoil(&ns[i])
	}
	return ns, err
}

// spoil breaks a rule of what a notice may say.
func (b bad) spoil(n *crm.Notice) {
	switch f := n.Fact; {
	case b.rule == "says two things at once":
		n.Passed = "deals"
	case n.Removed != nil && b.rule == "removes as of no time":
		n.Removed.Version = 0
	case n.Ref != nil && b.rule == "refers to nothing":
		n.Ref.ID = ""
	case f == nil:
	case b.rule == "drops the kind of person":
		f.Contact = crm.ParsePerson(f.Contact).ID
	case b.rule == "takes a fact back itself":
		f.Gone = true
	case b.rule == "has a part of another kind":
		f.Task = &crm.Task{}
	case b.rule == "holds an address":
		*f = *crm.PropertyOf(f.Contact, crm.Property{Name: "note", Value: "ada@example.com"}, 1)
	}
}

func (b bad) FetchLimits(typ string) connectors.Limits {
	l := b.Vendor.Fetch.FetchLimits(typ)
	if b.rule == "has no limit" {
		l.Batch = 0
	}
	return l
}

func (b bad) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	results := b.Vendor.Fetch.Fetch(ctx, refs)
	for i := range results {
		switch b.rule {
		case "lets one failure take the others":
			if results[0].Err != nil {
				results[i] = results[0]
			}
		case "does not say that a profile was read":
			results[i].Notices = nil
			if refs[i].Type == "mails" {
				results[i] = b.Vendor.Fetch.Fetch(ctx, refs[i:i+1])[0]
			}
		case "takes a record that is gone for a fault":
			if len(results[i].Notices) == 1 && results[i].Notices[0].Removed != nil {
				results[i] = connectors.Result{Err: &connectors.Error{
					Vendor: Name, Op: "fetch", Kind: connectors.NotFound, Err: errors.New("gone"),
				}}
			}
		}
	}
	if b.rule == "loses a result" && len(results) > 0 {
		return results[1:]
	}
	return results
}

func (b bad) WriteLimits() connectors.Limits { return b.Vendor.Write.WriteLimits() }

func (b bad) Split(chs []crm.Change) [][]crm.Change {
	calls := b.Vendor.Write.Split(chs)
	switch {
	case b.rule == "loses a change" && len(calls) > 1:
		return calls[1:]
	case b.rule == "doubles a change" && len(calls) > 0:
		return append(calls, calls[0])
	}
	return calls
}

func (b bad) Write(ctx context.Context, chs []crm.Change) []error {
	if b.rule == "writes texts that do not fit" {
		wide := make([]crm.Change, len(chs))
		for i, ch := range chs {
			wide[i] = ch
			// as long as those of the other kind
			if strings.HasPrefix(ch.Contact, "lead/") && ch.Values[crm.FieldReasons] != "" {
				wide[i] = crm.Change{Contact: "contact/7", Values: ch.Values}
			}
		}
		chs = wide
	}
	errs := b.Vendor.Write.Write(ctx, chs)
	if b.rule == "counts garbage as written" {
		clear(errs)
	}
	return errs
}

func (b bad) Poll(ctx context.Context, cursor string, since time.Time) ([]crm.Notice, string, bool, error) {
	ns, next, more, err := b.Vendor.Poll.Poll(ctx, cursor, since)
	switch b.rule {
	case "polls for ever":
		more = err == nil
	case "polls the first page alone":
		more = false
	}
	return ns, next, more, err
}

func (b bad) Backfill(ctx context.Context, cursor string, since, until time.Time) (connectors.BackfillPage, error) {
	page, err := b.Vendor.Backfill.Backfill(ctx, cursor, since, until)
	switch b.rule {
	case "fills back for ever":
		page.Next = cursor + "x"
	case "fills back the first page alone":
		page.Next = ""
	case "counts down":
		page.Read = -page.Read
	}
	return page, err
}

func (b bad) Account(ctx context.Context) (string, error) {
	id, err := b.Vendor.Account.Account(ctx)
	if b.rule == "has an account without an id" {
		id = ""
	}
	return id, err
}

func (b bad) Plan(ctx context.Context) ([]connectors.Step, error) {
	steps, err := b.Setup.Plan(ctx)
	switch {
	case b.rule == "forgets a field" && err == nil:
		steps = steps[1:]
	case b.rule == "plans by doing" && err == nil:
		for _, s := range steps {
			_ = b.Setup.Apply(ctx, s)
		}
	}
	return steps, err
}

func (b bad) Apply(ctx context.Context, s connectors.Step) error {
	if b.rule == "applies nothing" {
		return nil
	}
	return b.Setup.Apply(ctx, s)
}

func (b bad) Advice(url string) string {
	if b.rule == "advises nothing" {
		return ""
	}
	return b.Setup.Advice(url)
}

func (b bad) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	who, err := b.Relate.Concerned(ctx, ref)
	if b.rule == "knows of nobody concerned" {
		who = nil
	}
	return who, err
}

func (b bad) Reply(d connectors.Delivery, o connectors.Outcome) connectors.Reply {
	r := b.Vendor.Reply.Reply(d, o)
	switch {
	case b.rule == "acknowledges what is not stored" && o == connectors.Full:
		r.Status = http.StatusOK
	case b.rule == "refuses so that the event is dropped" && o == connectors.Full:
		r.Status = http.StatusGone
	case b.rule == "answers with its token":
		r.Body = []byte("h00k")
	}
	return r
}

func (b bad) Handshake(d connectors.Delivery) (connectors.Reply, bool) {
	r, ok := b.Vendor.Reply.Handshake(d)
	switch b.rule {
	case "takes deliveries for handshakes":
		return r, true
	case "shakes no hands":
		return r, false
	}
	return r, ok
}

func (b bad) Recall(ctx context.Context) error {
	if b.rule == "recalls nothing" {
		return nil
	}
	return b.Vendor.Maintain.Recall(ctx)
}

func (b bad) Maintain(ctx context.Context) (time.Time, error) {
	next, err := b.Vendor.Maintain.Maintain(ctx)
	if b.rule == "wants to be asked in the past" {
		next = now.Add(-time.Hour)
	}
	return next, err
}

// roles are the roles that a fault is planted in.
func with(rule string, plant func(v *connectors.Vendor, b bad)) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { plant(v, bad{*v, rule}) }
}

func inReceive(v *connectors.Vendor, b bad)  { v.Receive = b }
func inFetch(v *connectors.Vendor, b bad)    { v.Fetch = b }
func inWrite(v *connectors.Vendor, b bad)    { v.Write = b }
func inPoll(v *connectors.Vendor, b bad)     { v.Poll = b }
func inBackfill(v *connectors.Vendor, b bad) { v.Backfill = b }
func inAccount(v *connectors.Vendor, b bad)  { v.Account = b }
func inSetup(v *connectors.Vendor, b bad)    { v.Setup = b }
func inRelate(v *connectors.Vendor, b bad)   { v.Relate = b }
func inReply(v *connectors.Vendor, b bad)    { v.Reply = b }
func inMaintain(v *connectors.Vendor, b bad) { v.Maintain = b }

// native gives leads a status of the CRM's own.
func native(n connectors.Native) func(*connectors.Vendor, bad) {
	n.Disqualify = connectors.ByStatus
	return func(v *connectors.Vendor, _ bad) { v.People[1].Native = n }
}

// fault is a way to break a rule, the check that has to catch it, and what its failure says.
type fault struct {
	plant func(*connectors.Vendor)
	check string
	says  string
}

var faults = map[string]fault{}

func init() {
	for _, f := range []struct {
		rule  string
		plant func(*connectors.Vendor, bad)
		check string
		says  string
	}{
		{"stores the proof", inReceive, "Decode", "what is stored of a delivery holds a secret"},
		{"loses the path", inReceive, "Decode", "Keep loses the method, the path"},
		{"drops the kind of person", inReceive, "Decode", "nobody of a kind that the vendor has"},
		{"says two things at once", inReceive, "Decode", "one of the four"},
		{"removes as of no time", inReceive, "Decode", "a removal without id or version"},
		{"refers to nothing", inReceive, "Decode", "a reference without type or id"},
		{"takes a fact back itself", inReceive, "Decode", "a connector says so by a removal"},
		{"has a part of another kind", inReceive, "Decode", "but has the parts"},
		{"holds an address", inReceive, "Decode", "what looks like an address"},
		{"has no limit", inFetch, "Calls/Healthy", "at least one record a call"},
		{"loses a result", inFetch, "Calls/Healthy", "one each"},
		{"takes a record that is gone for a fault", inFetch, "Calls/Healthy", "want nothing, or that it is gone"},
		{"lets one failure take the others", inFetch, "Roles/Fetch", "its error has to be Whole"},
		{"does not say that a profile was read", inFetch, "Roles/Fetch", "crm.Profiled has to be among its facts"},
		{
			"has two kinds with one record", func(v *connectors.Vendor, _ bad) { v.People[1].Record = "contacts" },
			"Roles/People", "a type of record of its own",
		},
		{"closes by a status without a name", native(connectors.Native{}), "Roles/People", "a status that has no name"},
		{
			"closes by an open status", native(connectors.Native{Open: []string{"new", "lost"}, Closed: "lost"}),
			"Roles/People", "is one of somebody who is worked on",
		},
		{
			"closes by a status that there is not", native(connectors.Native{Values: []string{"new"}, Closed: "lost"}),
			"Roles/People", "not one of those there are",
		},
		{"loses a change", inWrite, "Roles/Write", "none is lost and none doubled"},
		{"doubles a change", inWrite, "Roles/Write", "none is lost and none doubled"},
		{"writes texts that do not fit", inWrite, "Roles/Write", "want what its kind holds, 100"},
		{"counts garbage as written", inWrite, "Calls/Garbage", "counts as written"},
		{"polls for ever", inPoll, "Roles/Poll", "has not ended"},
		{"polls the first page alone", inPoll, "Roles/Poll", "the poll does not show mails/31"},
		{"fills back for ever", inBackfill, "Roles/Backfill", "has not ended"},
		{"fills back the first page alone", inBackfill, "Roles/Backfill", "the backfill does not show mails/31"},
		{"counts down", inBackfill, "Roles/Backfill", "the count goes up"},
		{"has an account without an id", inAccount, "Roles/Account", "the account is \"\""},
		{"forgets a field", inSetup, "Roles/Setup", "creates the field winnow_rating"},
		{"plans by doing", inSetup, "Roles/Setup", "a plan changes nothing"},
		{"applies nothing", inSetup, "Roles/Setup", "are open after all were applied"},
		{"advises nothing", inSetup, "Roles/Setup", "left to do by hand"},
		{"knows of nobody concerned", inRelate, "Roles/Relate", "concerns [], want [lead/7]"},
		{"acknowledges what is not stored", inReply, "Roles/Reply", "only what is durable may count as taken"},
		{"refuses so that the event is dropped", inReply, "Roles/Reply", "drop the event for good"},
		{"answers with its token", inReply, "Roles/Reply", "the answer holds a secret"},
		{"takes deliveries for handshakes", inReply, "Roles/Reply", "taken for a handshake"},
		{"shakes no hands", inReply, "Roles/Reply", "the handshake is answered"},
		{"recalls nothing", inMaintain, "Roles/Maintain", "another process does not know"},
		{"wants to be asked in the past", inMaintain, "Roles/Maintain", "want a later time"},
	} {
		faults[f.rule] = fault{with(f.rule, f.plant), f.check, f.says}
	}
}

// TestFaults: each check of the suite catches the fault that is planted for it, and says which rule is broken.
func TestFaults(t *testing.T) {
	if testing.Short() && os.Getenv("TOY_FAULT") != "" {
		t.Skip("inside of itself")
	}
	for rule, f := range faults {
		t.Run(rule, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // a bound that only a hang reaches
			defer cancel()
			pattern := "^TestConformance$/^" + strings.ReplaceAll(f.check, "/", "$/^") + "$"
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run="+pattern, "-test.timeout=5m")
			cmd.Env = append(os.Environ(), "TOY_FAULT="+rule)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passes a vendor that %s:\n%s", rule, out)
			}
			if !strings.Contains(string(out), f.says) {
				t.Errorf("the failure does not say %q:\n%s", f.says, out)
			}
		})
	}
}
