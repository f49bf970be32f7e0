package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// account is one HubSpot account: what stands in it, what happens then, and what Winnow must have written in the end.
// testdata/accounts/README.md says how one is written.
type account struct {
	Contacts []struct {
		ID, Key string
		Created string
		Props   map[string]string
	}
	Records []struct {
		ID, Type    string
		At, Created string
		Contacts    []string
		Props       map[string]string
		History     map[string][][2]string
	}
	Env    map[string]string
	Faults []struct {
		Match         string
		Times, Status int
		Body          string
	}
	Steps  []step
	Expect map[string]map[string]string
}

// step is one thing that happens; the field that is set says what.
type step struct {
	Deliver string
	Quiet   float64
	Wait    float64
	Set     map[string]string
	On      string
	Event   map[string]any
	Events  []map[string]any
	Run     []string
	Link    []string
	Alias   []string
}

// TestAccounts plays accounts as people keep them, each with something that a program would rather not find there, and
// looks at what the CRM shows in the end. WINNOW_TEST_ACCOUNTS names a folder with more of them.
func TestAccounts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/accounts/*.json")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d accounts: %v", len(files), err)
	}
	if dir := os.Getenv("WINNOW_TEST_ACCOUNTS"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(more) == 0 {
			t.Fatalf("no accounts in %s: %v", dir, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var a account
			if err := json.Unmarshal(data, &a); err != nil {
				t.Fatal(err)
			}
			p := &played{account: a, ids: map[string]hubspot.Ref{}}
			p.plant(t)
			p.start()
			if len(a.Steps) == 0 {
				p.Steps = []step{{Deliver: "all"}, {Quiet: 1}}
			}
			for _, s := range p.Steps {
				p.step(s)
			}
			p.look()
		})
	}
}

// played is an account in a sandbox.
type played struct {
	account
	*world
	present time.Time
	ids     map[string]hubspot.Ref // by the name or the number that the account has for them
	held    []json.RawMessage      // webhooks that were not delivered yet
}

// plant brings the account into being, each record and value at its time.
func (p *played) plant(t *testing.T) {
	opt := hubspot.Options{
		AppID: 54321, KeepPrimary: true,
		Owners: []hubspot.Owner{{ID: 71, UserID: 51, Email: "rita.repkova@seller-company.example"}},
	}
	if p.Env["WINNOW_HUBSPOT_WEBHOOKS"] == "off" {
		opt.Subscriptions = []hubspot.Subscription{}
	}
	p.world = newAccount(t, opt)
	for name, value := range p.Env {
		if p.env = p.without(name); value != "-" {
			p.env = append(p.env, name+"="+value)
		}
	}
	p.present = time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC) // a Wednesday
	type event struct {
		at time.Time
		do func()
	}
	var events []event
	for i, c := range p.Contacts {
		events = append(events, event{p.at(c.Created), func() {
			props := p.values(c.Props)
			props["email"] = cmp.Or(props["email"], c.Key+"@buyer-company.example")
			id := p.box.CreateContact(props)
			p.ids[c.Key] = hubspot.Ref{Kind: "contacts", ID: id}
			p.ids[cmp.Or(c.ID, strconv.Itoa(542000000007+i))] = p.ids[c.Key]
		}})
	}
	for i, r := range p.Records {
		name := cmp.Or(r.ID, strconv.Itoa(77000000001+i))
		props := p.values(r.Props)
		if r.Type != "quotes" {
			props["hs_timestamp"] = cmp.Or(props["hs_timestamp"], stamp(p.at(r.At)))
		}
		made := p.at(cmp.Or(r.Created, r.At))
		for property, values := range r.History {
			props[property] = values[0][0]
			made = p.at(values[0][1])
			for _, v := range values[1:] {
				events = append(events, event{p.at(v[1]), func() {
					p.box.Leave(p.ids[name].Kind, p.ids[name].ID, map[string]string{property: v[0]})
				}})
			}
		}
		events = append(events, event{made, func() {
			var with []hubspot.Ref
			for _, c := range r.Contacts {
				with = append(with, p.ref(c))
			}
			p.ids[name] = hubspot.Ref{Kind: r.Type, ID: p.box.Plant(r.Type, props, with...)}
		}})
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range events {
		p.world.now.Store(e.at.UnixNano())
		e.do()
	}
	p.world.now.Store(p.present.UnixNano())
	for _, f := range p.Faults {
		p.box.Fail(hubspot.Failure{
			Match: regexp.MustCompile(p.named(f.Match)), Times: f.Times, Status: f.Status, Body: f.Body,
		})
	}
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

var working = regexp.MustCompile(`^@bd(\d+) (\d\d):(\d\d)$`)

// at reads a time: RFC 3339, "@bd12 10:00" (so many working days ago, in UTC), or "@-3h" and "@13h" from now.
func (p *played) at(s string) time.Time {
	if m := working.FindStringSubmatch(s); m != nil {
		days, _ := strconv.Atoi(m[1])
		hour, _ := strconv.Atoi(m[2])
		minute, _ := strconv.Atoi(m[3])
		day := p.present.Truncate(24 * time.Hour)
		for days > 0 {
			day = day.AddDate(0, 0, -1)
			if d := day.Weekday(); d != time.Saturday && d != time.Sunday {
				days--
			}
		}
		return day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(s, "@")); err == nil && s[0] == '@' {
		return p.present.Add(d)
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		p.t.Fatalf("%q is no time: %v", s, err)
	}
	return at
}

// values are properties whose times have been read.
func (p *played) values(props map[string]string) map[string]string {
	read := map[string]string{}
	for name, value := range props {
		if strings.HasPrefix(value, "@") {
			value = stamp(p.at(value))
		}
		read[name] = value
	}
	return read
}

func (p *played) ref(name string) hubspot.Ref {
	r, ok := p.ids[name]
	if !ok {
		p.t.Fatalf("%q stands nowhere in the account", name)
	}
	return r
}

var number = regexp.MustCompile(`#\w+|\b\d{11,12}\b`)

// named is s with the sandbox's ids in it: for #name, and for the account's own numbers.
func (p *played) named(s string) string {
	return number.ReplaceAllStringFunc(s, func(name string) string {
		if r, ok := p.ids[strings.TrimPrefix(name, "#")]; ok {
			return r.ID
		}
		return name
	})
}

func (p *played) step(s step) {
	p.t.Helper()
	switch {
	case s.Deliver != "":
		p.deliver(s.Deliver)
	case s.Quiet > 0:
		p.settle()
		p.pass(10 * time.Minute) // what is decided is written
	case s.Wait > 0:
		p.pass(time.Duration(s.Wait*float64(time.Second)), "write")
	case s.Set != nil:
		to := p.ref(s.On)
		p.silently(func() { p.box.Leave(to.Kind, to.ID, p.values(s.Set)) })
	case s.Event != nil || s.Events != nil:
		p.events(append(s.Events, s.Event))
	case s.Run != nil:
		p.run(s.Run)
	case s.Link != nil:
		p.silently(func() { p.box.Associate(p.ref(s.Link[0]), p.ref(s.Link[1])) })
	case s.Alias != nil:
		p.silently(func() { p.box.Merge(p.ref(s.Alias[1]).ID, p.ref(s.Alias[0]).ID) })
	default:
		p.t.Fatalf("a step that is nothing: %+v", s)
	}
}

// silently does something of which no webhook tells.
func (p *played) silently(do func()) {
	p.held = append(p.held, p.box.Events()...)
	do()
	_ = p.box.Events()
}

// deliver sends the webhooks that wait: all, or those of one contact's own record.
func (p *played) deliver(whose string) {
	p.held = append(p.held, p.box.Events()...)
	var due []json.RawMessage
	p.held = slices.DeleteFunc(p.held, func(e json.RawMessage) bool {
		var of struct {
			ObjectID     json.Number `json:"objectId"`
			ObjectTypeID string      `json:"objectTypeId"`
		}
		_ = json.Unmarshal(e, &of) // the sandbox wrote it
		if whose != "all" && (of.ObjectID.String() != p.ref(whose).ID || of.ObjectTypeID != "0-1") {
			return false
		}
		due = append(due, e)
		return true
	})
	for part := range slices.Chunk(due, 100) {
		if status, err := p.box.Send(p.t.Context(), p.box.Pack(part)); err != nil || status/100 != 2 {
			p.t.Fatalf("delivery: %d, %v", status, err)
		}
	}
}

// events sends webhooks that the account describes, with what they leave out.
func (p *played) events(list []map[string]any) {
	var events []json.RawMessage
	for i, e := range list {
		if e == nil {
			continue
		}
		full := map[string]any{
			"eventId": 9000 + i, "subscriptionId": 1, "portalId": 62515, "appId": 54321, "attemptNumber": 0,
			"occurredAt": p.clock().UnixMilli(),
		}
		maps.Copy(full, e)
		if id, ok := e["objectId"]; ok {
			name := fmt.Sprint(id)
			if f, ok := id.(float64); ok {
				name = strconv.FormatInt(int64(f), 10)
			}
			full["objectId"] = json.Number(p.ref(strings.TrimPrefix(name, "#")).ID)
		}
		b, err := json.Marshal(full)
		if err != nil {
			p.t.Fatal(err)
		}
		events = append(events, b)
	}
	p.world.now.Add(int64(time.Second))
	p.send(string(p.box.Pack(events).Body))
}

// run does what a command of an operator does.
func (p *played) run(command []string) {
	days := 0
	if _, err := fmt.Sscanf(strings.Join(command, " "), "backfill hubspot --since %dd", &days); err != nil {
		p.t.Fatalf("%q: %v", command, err)
	}
	p.api("/api/backfill", url.Values{
		"source": {"hubspot"}, "since": {p.clock().AddDate(0, 0, -days).Format(time.RFC3339)},
	})
	p.until("the backfill is read", func() bool {
		_, body := p.admin("/api/backfill?source=hubspot")
		return strings.Contains(strings.ReplaceAll(body, " ", ""), `"done":true`)
	})
	p.settle()
}

// look compares what stands in the CRM with what the account expects.
func (p *played) look() {
	for _, key := range slices.Sorted(maps.Keys(p.Expect)) {
		for _, name := range slices.Sorted(maps.Keys(p.Expect[key])) {
			got, want := p.field(p.ref(key).ID, name), p.Expect[key][name]
			if !regexp.MustCompile(want).MatchString(got) {
				p.t.Errorf("%s: winnow_%s = %q, want %s; reasons:\n%s", key, name, got, want,
					p.field(p.ref(key).ID, "reasons"))
			}
		}
	}
	if met := p.box.Met(); slices.Contains(met, 0) {
		p.t.Errorf("the faults were met %d times: one that nobody meets shows nothing", met)
	}
	if letters := p.letters(); len(letters) > 0 {
		p.t.Errorf("dead letter: %s", letters[0].Reason)
	}
}

// hears logs a mail that came in half an hour after what was before.
func (w *world) hears(id string, m hubspot.Email) {
	w.t.Helper()
	w.now.Add(int64(30 * time.Minute))
	m.Incoming = true
	w.box.Email([]string{id}, m)
	w.settle()
}

// send delivers a body as HubSpot would.
func (w *world) send(body string) {
	w.t.Helper()
	if _, err := w.box.Send(w.t.Context(), w.box.Sign([]byte(body))); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}
