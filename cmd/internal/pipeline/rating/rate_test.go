package rating

import (
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// TestLook: another look at the sources brings those on who wait for nothing else any more, and takes a decision back
// that came too early. Who would be held again is left alone, however the source moves.
func TestLook(t *testing.T) {
	letters := func(contacts ...string) *watermark.Blind {
		b := &watermark.Blind{By: map[string]time.Time{}}
		for _, c := range contacts {
			b.By[c] = noon
		}
		return b
	}
	free := watermark.Horizon{Now: noon, Read: noon}
	lags := watermark.Horizon{Now: noon, Read: noon.Add(-time.Hour), Lags: true}
	further := watermark.Horizon{Now: noon.Add(time.Minute), Read: noon.Add(-50 * time.Minute), Lags: true}
	breaks := watermark.Horizon{Now: noon, Read: noon, Hold: watermark.HoldBreaker}
	concerned, another := free, free
	concerned.Blind, another.Blind = letters("7"), letters("8")
	const waits, turn, early = "waits", "has its turn", "is taken back"
	for _, c := range []struct {
		name     string
		from, to watermark.Horizon
		decided  bool
		want     string
	}{
		{"a breaker is released", breaks, free, false, turn},
		{"a breaker is released, and the source lags", breaks, lags, false, waits},
		{"the source lags still", lags, further, false, waits},
		{"it lags no more", lags, free, false, turn},
		{"it lags no more, but the breaker has tripped", lags, breaks, false, waits},
		{"the letter is discarded", concerned, free, false, turn},
		{"the letter is another's", concerned, another, false, turn},
		{"the letter is there still", concerned, concerned, false, waits},
		{"the breaker trips on a decision", free, breaks, true, early},
		{"a letter comes upon a decision", free, concerned, true, early},
		{"a letter of another comes upon a decision", free, another, true, waits},
		{"the source comes to lag upon a decision", free, lags, true, waits},
	} {
		key := queue.Key{Source: "fake", Contact: "7"}
		o := &owner{
			sight: seeing(c.from), marked: true,
			again: map[queue.Key]bool{key: c.decided}, turn: map[queue.Key]struct{}{},
		}
		o.look(seeing(c.to))
		got := ""
		if _, ok := o.again[key]; ok {
			got += waits
		}
		if _, ok := o.turn[key]; ok {
			got += turn
		}
		if len(o.stale) > 0 {
			got += early
		}
		if got != c.want || o.marked {
			t.Errorf("%s: the contact %s, want that it %s; marked %t", c.name, got, c.want, o.marked)
		}
	}
}

// TestRatedByOneLook: what a later look finds to be read may lie among the facts unrated, so a step goes by the look
// with which it began.
func TestRatedByOneLook(t *testing.T) {
	o := benchOwner()
	hangs := saidNo(noon.Add(-90 * 24 * time.Hour))
	j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{}, facts: []crm.Fact{
		hangs, known(0)[0], known(0)[1],
	}}
	o.review(j, noon)
	j.facts = []crm.Fact{{ID: "decision", At: crm.At(noon), Kind: crm.KindDecision, Decision: &crm.Decision{
		Status: crm.Pending, Ground: crm.SaidNo, Hangs: hangs.ID,
	}}}
	o.review(j, noon)
	if j.c.Rating.Status != crm.Pending {
		t.Fatalf("the contact is %s, want pending", j.c.Rating.Status)
	}
	now := noon.Add(30 * 24 * time.Hour) // the grace is over
	o.sight = seeing(watermark.Horizon{Now: now, Read: noon})
	o.p.Sights = &seen{seeing(watermark.Horizon{Now: now, Read: now})}
	j.facts = nil
	o.review(j, now)
	if j.c.Rating.Status != crm.Pending || j.c.Rating.Decide != nil {
		t.Errorf("the contact is %s, want pending: by the step's own look their answer may be unread",
			j.c.Rating.Status)
	}
}

// TestDecidedOnce: who has been announced is not taken back and announced anew for a fact of no weight, nor because
// others wait to be rated; but is where an answer came, or the source lags.
func TestDecidedOnce(t *testing.T) {
	later := noon.Add(2 * time.Second)
	note := crm.Fact{
		ID: "property/segment", Version: later.UnixMilli(), At: crm.At(later), Kind: crm.KindProperty,
		Property: &crm.Property{Name: crm.PropSegment, Value: "x"},
	}
	yes := crm.Fact{
		ID: "emails/9", Version: later.UnixMilli(), At: crm.At(later), Kind: crm.KindMessage,
		Message: &crm.Message{
			Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 20, Intents: crm.Answers | crm.Asks},
		},
	}
	for _, c := range []struct {
		name   string
		facts  []crm.Fact
		behind bool
		sight  watermark.Horizon
		want   crm.Status
	}{
		{"a fact of no weight", []crm.Fact{note}, false, watermark.Horizon{Now: later, Read: later}, crm.Pending},
		{"others wait to be rated", nil, true, watermark.Horizon{Now: later, Read: later}, crm.Pending},
		{"both", []crm.Fact{note}, true, watermark.Horizon{Now: later, Read: later}, crm.Pending},
		{"an answer", []crm.Fact{yes}, true, watermark.Horizon{Now: later, Read: later}, crm.Open},
		{"the source lags", nil, false, watermark.Horizon{Now: later, Read: noon.Add(-time.Hour)}, crm.Open},
		{"the breaker is open", nil, true, watermark.Horizon{
			Now: later, Read: later, Hold: watermark.HoldBreaker,
		}, crm.Open},
	} {
		o := benchOwner()
		j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{}, facts: []crm.Fact{
			saidNo(noon.Add(-90 * 24 * time.Hour)), known(0)[0], known(0)[1],
		}}
		o.review(j, noon.Add(-24*time.Hour)) // and settles
		j.facts, j.before = nil, j.c.Rating
		o.review(j, noon)
		if !j.put || !stored.Against(j.c.Rating.Decide) {
			t.Fatalf("%s: the contact is %s and not announced", c.name, j.c.Rating.Status)
		}
		j.facts, j.before, j.put = c.facts, j.c.Rating, false
		o.behind, o.sight = c.behind, seeing(c.sight)
		o.review(j, later)
		if j.c.Rating.Status != c.want || stored.Against(j.c.Rating.Decide) != (c.want == crm.Pending) ||
			j.put != (c.want == crm.Open) {
			t.Errorf("%s: the contact is %s, put out %t; want %s", c.name, j.c.Rating.Status, j.put, c.want)
		}
	}
}

// TestEnforcedOnce: nor is a native status that is on its way to a contact who was disqualified under another mode.
func TestEnforcedOnce(t *testing.T) {
	o, said, later := benchOwner(), noon.Add(-time.Hour), noon.Add(2*time.Second)
	o.p.Sources["fake"] = watermark.Source{
		Mode: watermark.Enforce,
		CRM: connectors.Vendor{People: []connectors.PersonKind{
			{Native: connectors.Native{Disqualify: connectors.ByStatus}},
		}},
	}
	decided := crm.Fact{
		ID: "decision/disqualified/1", Version: said.UnixMilli(), At: crm.At(said), Kind: crm.KindDecision,
		Decision: &crm.Decision{Status: crm.Disqualified, Ground: crm.SaidNo, Hangs: "emails/no"},
	}
	j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{}, facts: []crm.Fact{
		saidNo(noon.Add(-90 * 24 * time.Hour)), known(0)[0], known(0)[1], decided,
	}}
	for _, c := range []struct {
		behind   bool
		read     time.Time
		enforced bool
	}{{true, noon, false}, {false, noon, true}, {true, later, true}, {false, noon.Add(-time.Hour), false}} {
		j.before, j.put, o.behind = j.c.Rating, false, c.behind
		o.sight = seeing(watermark.Horizon{Now: later, Read: c.read})
		o.review(j, later)
		if got := j.c.Values[crm.FieldNativeStatus] != ""; got != c.enforced {
			t.Errorf("%+v: the native status is set: %t; held %q", c, got, j.c.Rating.Held)
		}
	}
}

// TestDecidedBefore: who takes a partition over knows whose decision has been put out and not written yet: it is
// taken back too where something comes to hold it back.
func TestDecidedBefore(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	o := benchOwner()
	o.p.Queue = q
	key := queue.Key{Source: "fake", Contact: "7"}
	o.part, o.valid, o.dues, o.tally = q.PartitionOf(key.Source, key.Contact), func() bool { return true }, newDues(),
		stored.NewTally()
	o.sight, o.again, o.turn = watermark.NewSight(0, nil), map[queue.Key]bool{}, map[queue.Key]struct{}{}
	decided := stored.Contact{
		Rating: crm.Rating{
			Model: o.p.Rules.Version(), Status: crm.Pending, Decide: &crm.Decision{Status: crm.Pending},
		}, Offer: o.p.offers["fake"],
	}
	if err := o.commit(t.Context(), queue.Batch{
		Contacts: []queue.Put{{Key: key, Data: stored.Encode(decided)}},
	}, 0); err != nil {
		t.Fatal(err)
	}
	if err := o.scan(t.Context()); err != nil || len(o.stale) > 0 {
		t.Fatal(o.stale, err)
	}
	if o.look(seeing(watermark.Horizon{Hold: watermark.HoldBackfill})); !slices.Equal(o.stale, []queue.Key{key}) {
		t.Errorf("taken back: %v", o.stale)
	}
}

// TestReplacedLast: what a native status of ours replaces is what stood there last, although nothing else changed
// before it was written.
func TestReplacedLast(t *testing.T) {
	o, said := benchOwner(), noon.Add(-30*24*time.Hour)
	o.p.Sources["fake"] = watermark.Source{
		Mode: watermark.Enforce,
		CRM: connectors.Vendor{People: []connectors.PersonKind{
			{Native: connectors.Native{Disqualify: connectors.ByStatus}},
		}},
	}
	lead := func(status string, at time.Time) crm.Fact {
		return crm.Fact{
			ID: "property/lead_status", Version: at.UnixMilli(), At: crm.At(at), Kind: crm.KindProperty,
			Property: &crm.Property{Name: crm.PropLeadStatus, Value: status},
		}
	}
	pending := crm.Fact{
		ID: "decision/pending/1", Version: said.UnixMilli(), At: crm.At(said), Kind: crm.KindDecision,
		Decision: &crm.Decision{Status: crm.Pending, Ground: crm.SaidNo, Hangs: "emails/no"},
	}
	j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{}}
	for i, c := range []struct {
		facts    []crm.Fact
		put      bool
		replaced string
	}{
		// and settles
		{[]crm.Fact{
			saidNo(noon.Add(-90 * 24 * time.Hour)), known(0)[0], known(0)[1], lead("new", said), pending,
		}, true, ""},
		{nil, true, "new"},
		{[]crm.Fact{lead("talking", noon)}, true, "talking"},
		{nil, false, "talking"},
	} {
		now := noon.Add(time.Duration(i) * time.Hour)
		j.facts, j.before, j.put = c.facts, j.c.Rating, false
		o.sight = seeing(watermark.Horizon{Now: now, Read: now})
		o.review(j, now)
		replaced := ""
		if j.c.Rating.Decide != nil {
			replaced = j.c.Rating.Decide.Replaced
		}
		if j.put != c.put || replaced != c.replaced {
			t.Errorf("step %d: put out %t, replaces %q; want %t, %q", i, j.put, replaced, c.put, c.replaced)
		}
	}
}

// TestNativeStatus: under enforce a disqualified person gets the CRM's own status, unless a human has closed it in
// another way; once that is over the person is open again, even where the status of before is none of the CRM's.
func TestNativeStatus(t *testing.T) {
	crmSays := watermark.Source{
		Mode: watermark.Enforce,
		CRM: connectors.Vendor{People: []connectors.PersonKind{{Native: connectors.Native{
			Disqualify: connectors.ByStatus, Values: []string{"new", "won", "lost"}, Open: []string{"new"},
			Closed: "lost",
		}}}},
	}
	status := func(value string) []crm.Fact {
		return []crm.Fact{*crm.PropertyOf("7", crm.Property{Name: crm.PropLeadStatus, Value: value}, noon.UnixMilli())}
	}
	shown := crm.Fact{
		At: crm.At(noon), Kind: crm.KindDecision, Decision: &crm.Decision{Status: crm.Disqualified, Enforced: true},
	}
	for _, c := range []struct {
		name     string
		record   rules.Record
		decide   crm.Status
		want     string
		enforced bool
	}{
		{"open", rules.Record{Profile: status("new")}, crm.Disqualified, crm.UnqualifiedStatus, true},
		{"without one", rules.Record{}, crm.Disqualified, crm.UnqualifiedStatus, true},
		{"closed by hand", rules.Record{Profile: status("won")}, crm.Disqualified, "", false},
		{"over", rules.Record{Decisions: []crm.Fact{shown}}, crm.Open, "new", false},
	} {
		values, d := map[crm.Field]string{}, crm.Decision{Status: c.decide}
		j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{Record: c.record}}
		addNative(values, crmSays, j, &d)
		if got := values[crm.FieldNativeStatus]; got != c.want || d.Enforced != c.enforced {
			t.Errorf("%s: the status becomes %q, enforced %t; want %q, %t", c.name, got, d.Enforced, c.want, c.enforced)
		}
	}
}

// TestWhereHeldBackWait: who waits only for facts that are left for a later step has a turn when these are rated,
// others when the look at their source says so.
func TestWhereHeldBackWait(t *testing.T) {
	free, lags := watermark.Horizon{Now: noon, Read: noon}, watermark.Horizon{
		Now: noon, Read: noon.Add(-time.Hour), Lags: true,
	}
	key := queue.Key{Source: "fake", Contact: "7"}
	for _, c := range []struct {
		rating               crm.Rating
		sight                watermark.Horizon
		turn, waits, decided bool
	}{
		{rating: crm.Rating{Held: watermark.HoldLag}, sight: free, turn: true},
		{rating: crm.Rating{Held: watermark.HoldLag}, sight: lags, waits: true},
		{rating: crm.Rating{Held: watermark.HoldBackfill}, sight: watermark.Horizon{
			Now: noon, Read: noon, Hold: watermark.HoldBackfill,
		}, waits: true},
		{rating: crm.Rating{Held: watermark.HoldClock}, sight: watermark.Horizon{
			Now: noon, Read: noon, Hold: watermark.HoldClock,
		}, waits: true},
		{rating: crm.Rating{Held: watermark.HoldBreaker}, sight: watermark.Horizon{
			Now: noon, Read: noon, Hold: watermark.HoldBreaker,
		}, waits: true},
		{rating: crm.Rating{Held: watermark.HoldSettle}, sight: free},
		{rating: crm.Rating{Decide: &crm.Decision{Status: crm.Pending}}, sight: free, waits: true, decided: true},
		{rating: crm.Rating{Decide: &crm.Decision{Status: crm.Open}}, sight: free},
	} {
		o := &owner{
			dues: newDues(), sight: seeing(c.sight), again: map[queue.Key]bool{key: true},
			turn: map[queue.Key]struct{}{key: {}},
		}
		o.settle(t.Context(), &job{key: key, c: &stored.Contact{Rating: c.rating}}, noon)
		_, turn := o.turn[key]
		decided, waits := o.again[key]
		if turn != c.turn || waits != c.waits || decided != c.decided {
			t.Errorf("%+v under %+v: turn %t, waits %t, decided %t", c.rating, c.sight, turn, waits, decided)
		}
	}
}

// TestLateFactWaits: what comes for a loser stands in its record until it has reached the winner, so that no crash
// loses it.
func TestLateFactWaits(t *testing.T) {
	j := &job{
		key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{Redirect: "9", Sent: true},
		facts: []crm.Fact{saidNo(noon)},
	}
	benchOwner().review(j, noon)
	if len(j.c.Record.Conduct) != 1 || j.c.Sent || j.c.Due == 0 || !j.effects.merged {
		t.Errorf("record %+v, sent %t, due %s: want the fact in the record, due to be sent on", j.c.Record, j.c.Sent,
			j.c.Due)
	}
}

// TestNativeByKind: under enforce the CRM's own status is set of the kinds of people that have one, and of no other.
func TestNativeByKind(t *testing.T) {
	s := watermark.Source{Mode: watermark.Enforce, CRM: connectors.Vendor{People: []connectors.PersonKind{
		{Kind: "lead", Native: connectors.Native{Disqualify: connectors.ByStatus}}, {Kind: "contact"},
	}}}
	for person, want := range map[string]bool{"lead/7": true, "contact/7": false} {
		v := map[crm.Field]string{}
		j := &job{key: queue.Key{Source: "fake", Contact: person}, c: &stored.Contact{}}
		addNative(v, s, j, &crm.Decision{Status: crm.Disqualified, Ground: crm.SaidNo})
		if _, got := v[crm.FieldNativeStatus]; got != want {
			t.Errorf("%s: the native status is set: %t, want %t", person, got, want)
		}
	}
}
