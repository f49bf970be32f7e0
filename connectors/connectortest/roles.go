package connectortest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// mostPages is after how many pages a list that does not end is given up.
const mostPages = 200

// roles checks what each role promises, of those that the vendor has.
func (h Harness) roles(t *testing.T) {
	v := h.New(t, nowhere)
	t.Run("People", h.people)
	t.Run("Fetch", h.fetches)
	for _, role := range []struct {
		name  string
		has   bool
		check func(Harness, *testing.T)
	}{
		{"Write", v.Write != nil, Harness.writes},
		{"Poll", v.Poll != nil, Harness.polls},
		{"Backfill", v.Backfill != nil, Harness.backfills},
		{"Account", v.Account != nil, Harness.accounts},
		{"Setup", v.Setup != nil, Harness.setup},
		{"Relate", v.Relate != nil, Harness.relates},
		{"Reply", v.Receive != nil, Harness.replies},
		{"Maintain", v.Maintain != nil, Harness.maintains},
		{"Show", v.Show != nil, shows},
		{"Budget", v.Budget != nil, counts},
		{"Greet", v.Greet != nil, greets},
		{"Native", v.CheckNative != nil, natives},
	} {
		if role.has {
			t.Run(role.name, func(t *testing.T) { role.check(h, t) })
		}
	}
}

// people: every kind has a record of its own, from which the person is found again.
func (h Harness) people(t *testing.T) {
	v := h.New(t, nowhere)
	if len(v.People) == 0 || v.Fetch == nil {
		t.Fatal("a vendor has at least one kind of people, and fetches")
	}
	for _, k := range v.People {
		person := crm.Person{Kind: k.Kind, ID: "7"}.String()
		ref, ok := v.ProfileRef(person)
		if back, is := v.PersonOf(ref); !ok || !is || back != person || ref.ID != "7" {
			t.Errorf("the record of %s is %+v, which is the record of %q: each kind has a type of record of its own",
				person, ref, back)
		}
		native(t, k)
	}
	for _, ref := range h.Profiles {
		person, _ := v.PersonOf(ref)
		if got, err := v.Named(person); err != nil || got != person {
			t.Errorf("%s is read as %q, %v: people are named as they are written", person, got, err)
		}
		if v.Identify == nil {
			continue
		}
		if p, ok := v.Identify(ref.ID); ok && p.String() != person {
			t.Errorf("the id of %s alone is taken for %s's", person, p)
		}
	}
}

// native: what stands for a disqualified person is a status of the CRM's, and none of those that are open.
func native(t *testing.T, k connectors.PersonKind) {
	t.Helper()
	n := k.Native
	if n.Disqualify == connectors.ByStatus && n.Closed == "" {
		t.Errorf("people of kind %q are disqualified by a status that has no name", k.Kind)
	}
	if n.Closed != "" && slices.Contains(n.Open, n.Closed) {
		t.Errorf("the status of a disqualified %q, %q, is one of somebody who is worked on", k.Kind, n.Closed)
	}
	for _, status := range append(slices.Clone(n.Open), n.Closed) {
		if status != "" && n.Values != nil && !slices.Contains(n.Values, status) {
			t.Errorf("people of kind %q get the status %q, which is not one of those there are", k.Kind, status)
		}
	}
}

// kinds fails the test when a fact is about nobody whom the vendor has.
func kinds(t *testing.T, v connectors.Vendor, n crm.Notice) {
	t.Helper()
	var named []string
	switch {
	case n.Fact != nil:
		named = append(named, n.Fact.Contact)
		if p := n.Fact.Peer; p != "" && p != crm.Stranger {
			named = append(named, p)
		}
		if m := n.Fact.Merge; m != nil {
			named = append(named, m.From...)
			if m.Into != "" {
				named = append(named, m.Into)
			}
		}
	case n.Ref != nil:
		named = slices.Concat(n.Ref.Contacts, n.Ref.Left)
	}
	for _, person := range named {
		if _, ok := v.ProfileRef(person); !ok {
			t.Errorf("a notice names %q, which is nobody of a kind that the vendor has", person)
		}
	}
}

// fetches: a result for each reference; one that fails takes no other along; a person's own record tells that it was
// read.
func (h Harness) fetches(t *testing.T) {
	v := h.serve(t, h.API(t))
	for _, k := range v.People {
		i := slices.IndexFunc(h.Profiles, func(r crm.Ref) bool { return r.Type == k.Record })
		if i < 0 {
			t.Errorf("Harness.Profiles has nobody of kind %q", k.Kind)
			continue
		}
		person, _ := v.PersonOf(h.Profiles[i])
		ns, err := fetch(t.Context(), v, h.Profiles[i:i+1])
		if err != nil {
			t.Errorf("the profile of %s: %v", person, err)
		}
		profiled := false
		for _, n := range ns {
			sound(t, n)
			kinds(t, v, n)
			profiled = profiled || n.Fact != nil && cmp.Equal(n.Fact, crm.Profiled(person))
		}
		if !profiled {
			t.Errorf("the record of %s was read and nothing says so: crm.Profiled has to be among its facts", person)
		}
	}
	if h.Ill.ID == "" {
		return
	}
	refs := append([]crm.Ref{h.Ill}, slices.DeleteFunc(slices.Clone(h.Refs), func(r crm.Ref) bool {
		return r.Type != h.Ill.Type
	})...)
	if len(refs) < 2 {
		t.Fatal("Harness.Refs has none of the type of Harness.Ill")
	}
	results := v.Fetch.Fetch(t.Context(), refs)
	if len(results) != len(refs) {
		t.Fatalf("%d results for %d references: one each", len(results), len(refs))
	}
	if results[0].Err == nil || len(results[0].Notices) > 0 {
		t.Errorf("the record at which the CRM fails gives %d notices and %v", len(results[0].Notices), results[0].Err)
	}
	for i, r := range results[1:] {
		e, _ := r.Err.(*connectors.Error)
		if r.Err != nil && !(e != nil && e.Whole) {
			t.Errorf("reference %d fails because another one does, and does not say so: its error has to be Whole", i+1)
		}
	}
}

// gone: a record that is not there gives none, or is said to be gone.
func gone(n crm.Notice) bool {
	return n.Removed != nil || n.Fact != nil && n.Fact.Existence != nil && n.Fact.Existence.Deleted
}

// writes: changes are divided into calls, none lost and none doubled; each call gives a result for each change; texts
// fit.
func (h Harness) writes(t *testing.T) {
	v := h.serve(t, h.API(t))
	var many []crm.Change
	for i := range 250 {
		k := v.People[i%len(v.People)]
		many = append(many, crm.Change{
			Contact: crm.Person{Kind: k.Kind, ID: fmt.Sprint(1000 + i)}.String(), Values: map[crm.Field]string{
				crm.FieldScore: fmt.Sprint(i % 7),
			},
		})
	}
	seen := map[string]int{}
	for _, call := range v.Write.Split(many) {
		if len(call) == 0 {
			t.Error("Split makes a call of nothing")
		}
		for _, ch := range call {
			seen[ch.Contact]++
		}
	}
	for _, ch := range many {
		if n := seen[ch.Contact]; n != 1 {
			t.Fatalf("Split puts the change of %s into %d calls, want one: none is lost and none doubled", ch.Contact,
				n)
		}
	}
	if calls := v.Write.Split(nil); len(calls) != 0 {
		t.Errorf("Split makes %d calls of no changes", len(calls))
	}
	long := make([]crm.Change, len(h.Changes))
	for i, ch := range h.Changes {
		long[i] = crm.Change{Contact: ch.Contact, Values: map[crm.Field]string{
			crm.FieldReasons: strings.Repeat("ä", v.TextOf(ch.Contact)+10),
		}}
	}
	for _, call := range v.Write.Split(long) {
		if errs := v.Write.Write(t.Context(), call); len(errs) != len(call) {
			t.Errorf("%d results for %d changes: one each", len(errs), len(call))
		} else if err := first(errs); err != nil {
			t.Errorf("a text that is too long is refused, and has to be cut: %v", err)
		}
	}
	if h.Written == nil {
		return
	}
	for _, ch := range h.Changes {
		text := h.Written(ch.Contact, crm.FieldReasons)
		if n := utf8.RuneCountInString(text); n == 0 || n > v.TextOf(ch.Contact) {
			t.Errorf("%d characters were written to %s, want what its kind holds, %d", n, ch.Contact,
				v.TextOf(ch.Contact))
		}
	}
}

// shown are the records that notices name, as type/id.
func shown(t *testing.T, v connectors.Vendor, into map[string]int, ns []crm.Notice) {
	t.Helper()
	for _, n := range ns {
		sound(t, n)
		kinds(t, v, n)
		switch {
		case n.Ref != nil:
			into[n.Ref.Type+"/"+n.Ref.ID]++
		case n.Fact != nil:
			into[n.Fact.ID]++
		case n.Removed != nil:
			into[n.Removed.ID]++
		}
	}
}

func (h Harness) all(t *testing.T, what string, into map[string]int) {
	t.Helper()
	for _, id := range h.Changed {
		if into[id] == 0 {
			t.Errorf("%s does not show %s, which has changed since", what, id)
		}
	}
}

// polls: the pages end and show all that has changed since; the cursor goes on from where it stands, and a lost answer
// loses nothing.
func (h Harness) polls(t *testing.T) {
	v := h.serve(t, h.API(t))
	since, cursor, seen := h.since(), "", map[string]int{}
	for n := 0; ; n++ {
		ns, next, more, err := v.Poll.Poll(t.Context(), cursor, since)
		if err != nil {
			t.Fatalf("page %d: %v", n, err)
		}
		again, _, _, err := v.Poll.Poll(t.Context(), cursor, since)
		if err != nil || len(again) < len(ns) {
			t.Errorf("page %d asked for again has %d notices after %d (%v): its answer may have been lost", n,
				len(again), len(ns), err)
		}
		shown(t, v, seen, ns)
		if cursor = next; !more {
			break
		}
		if n == mostPages {
			t.Fatalf("the poll has not ended after %d pages", n)
		}
	}
	h.all(t, "the poll", seen)
	if _, _, _, err := v.Poll.Poll(t.Context(), cursor, since); err != nil {
		t.Errorf("the next poll, from the last cursor: %v", err)
	}
}

// backfills: the pages end, count up, and show all there is; from each cursor it goes on.
func (h Harness) backfills(t *testing.T) {
	v := h.serve(t, h.API(t))
	cursor, seen, read := "", map[string]int{}, 0
	for n := 0; ; n++ {
		page, err := v.Backfill.Backfill(t.Context(), cursor, h.since(), at.Add(time.Hour))
		if err != nil {
			t.Fatalf("page %d: %v", n, err)
		}
		shown(t, v, seen, page.Notices)
		if page.Read < read {
			t.Errorf("page %d: %d records read after %d: the count goes up", n, page.Read, read)
		}
		read = page.Read
		if page.Next == "" {
			break
		}
		if page.Next == cursor || n == mostPages {
			t.Fatalf("the backfill has not ended after %d pages", n)
		}
		cursor = page.Next
	}
	h.all(t, "the backfill", seen)
}

// accounts: the account has an id, and deliveries of this account name no other.
func (h Harness) accounts(t *testing.T) {
	id, err := h.serve(t, h.API(t)).Account.Account(t.Context())
	if err != nil || id == "" {
		t.Errorf("the account is %q, %v", id, err)
	}
}

// setup: a plan changes nothing; what can be applied is there afterwards, and applying it again does no harm; every
// field is in it.
func (h Harness) setup(t *testing.T) {
	v := h.serve(t, h.API(t))
	plan := func() (steps []connectors.Step, open int) {
		t.Helper()
		steps, err := v.Setup.Plan(t.Context())
		if err != nil {
			t.Fatalf("plan: %v", err)
		}
		for _, s := range steps {
			if !s.Have && s.Hand == "" {
				open++
			}
		}
		return steps, open
	}
	steps, open := plan()
	if _, again := plan(); again != open {
		t.Errorf("%d steps are open, and %d after they were only looked at: a plan changes nothing", open, again)
	}
	squeeze := strings.NewReplacer("_", "", " ", "")
	for _, f := range crm.FieldTable {
		if !slices.ContainsFunc(steps, func(s connectors.Step) bool {
			return strings.Contains(strings.ToLower(squeeze.Replace(s.Name)), squeeze.Replace(f.Stem()))
		}) {
			t.Errorf("no step of the plan creates the field %s", f.Stem())
		}
	}
	for range 2 {
		for _, s := range steps {
			if s.Have || s.Hand != "" {
				continue
			}
			if err := v.Setup.Apply(t.Context(), s); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	if _, open = plan(); open > 0 {
		t.Errorf("%d steps are open after all were applied", open)
	}
	if text, _ := v.Setup.Advice("https://winnow.example.com"); text == "" {
		t.Error("nothing is said of what is left to do by hand")
	}
}

// relates: whom a record concerns is told without reading it.
func (h Harness) relates(t *testing.T) {
	v := h.serve(t, h.API(t))
	who, err := v.Relate.Concerned(t.Context(), h.Refs[0])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(who)
	if !slices.Equal(who, h.Concerned) {
		t.Errorf("%s/%s concerns %v, want %v", h.Refs[0].Type, h.Refs[0].ID, who, h.Concerned)
	}
}

// replies: what is durable is answered with 2xx, and nothing else in a way that makes the vendor drop the event; a
// delivery is no handshake.
func (h Harness) replies(t *testing.T) {
	v := h.New(t, nowhere)
	body := h.body()
	d := h.Sign(body, h.Secret, at)
	answer := connectors.DefaultReply
	if v.Reply != nil {
		answer = func(o connectors.Outcome) connectors.Reply { return v.Reply.Reply(d, o) }
		if r, ok := v.Reply.Handshake(d); ok {
			t.Errorf("a genuine delivery is taken for a handshake and answered with %d: it would be lost", r.Status)
		}
	}
	taken := h.Taken
	if taken == nil {
		taken = func(r connectors.Reply) bool { return r.Status >= 200 && r.Status < 300 }
	}
	for _, o := range []connectors.Outcome{
		connectors.Stored, connectors.NotVerified, connectors.Full, connectors.Unreadable, connectors.TooLarge,
	} {
		r := answer(o)
		if r.Status < 100 || r.Status > 599 {
			t.Errorf("%s: the status %d is none", o, r.Status)
		}
		if taken(r) != (o == connectors.Stored) {
			t.Errorf("%s: the vendor takes the answer %d for %t: only what is durable may count as taken", o, r.Status,
				taken(r))
		}
		if o == connectors.Full && slices.Contains([]int{
			http.StatusBadRequest, http.StatusTooManyRequests, http.StatusGone,
		}, r.Status) {
			t.Errorf("%s: %d makes several CRMs drop the event for good", o, r.Status)
		}
		if holds(fmt.Sprint(r.Header, string(r.Body)), secrets(h)...) != "" {
			t.Errorf("%s: the answer holds a secret", o)
		}
	}
	if h.Handshake != nil {
		if r, ok := v.Reply.Handshake(*h.Handshake); !ok || r.Status < 200 || r.Status > 299 {
			t.Errorf("the handshake is answered with %d, %t", r.Status, ok)
		}
	}
}

// maintains: what was granted is remembered, by other processes too, and is not asked for again before it is due.
func (h Harness) maintains(t *testing.T) {
	state := connectors.NewMemory()
	api := h.API(t)
	v := h.serveWith(t, api, state)
	if err := v.Maintain.Recall(t.Context()); err != nil {
		t.Fatalf("nothing to recall: %v", err)
	}
	next, err := v.Maintain.Maintain(t.Context())
	if err != nil || !next.After(at) {
		t.Fatalf("maintain: next at %s, %v; want a later time", next, err)
	}
	if h.Granted == nil {
		return
	}
	other := h.serveWith(t, api, state)
	if err := other.Maintain.Recall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Receive.Verify(h.Sign(h.body(), h.Granted(), at), at); err != nil {
		t.Errorf("another process does not know what was granted, after it recalled it: %v", err)
	}
	if again, err := other.Maintain.Maintain(t.Context()); err != nil || !again.Equal(next) {
		t.Errorf("maintained again it is due at %s, %v, want %s as before: what is in force is not asked for again",
			again, err, next)
	}
}

func (h Harness) since() time.Time { return at.Add(-24 * time.Hour) }

// more are the calls of the roles that only some vendors have.
func (h Harness) more(v connectors.Vendor) (ops []operation) {
	if v.Setup != nil {
		ops = append(ops, operation{"setup", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Setup.Plan(ctx)
			return err
		}})
	}
	if v.Relate != nil {
		ops = append(ops, operation{"relate", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Relate.Concerned(ctx, h.Refs[0])
			return err
		}})
	}
	if v.Maintain != nil {
		ops = append(ops, operation{"maintain", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Maintain.Maintain(ctx)
			return err
		}})
	}
	if v.CheckNative != nil {
		ops = append(ops, operation{"native", func(ctx context.Context, v connectors.Vendor) error {
			return v.CheckNative(ctx)
		}})
	}
	return append(ops, looks(h, v)...)
}
