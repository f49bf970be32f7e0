package rules

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
)

func TestHigherVersionStays(t *testing.T) {
	old, now := prop("stage", "lead", Start), prop("stage", "customer", Start.Add(time.Hour))
	for _, order := range [][]crm.Fact{{old, now}, {now, old}, {now, old, now, old}} {
		if got := recordOf(order...).Property("stage"); got != "customer" {
			t.Errorf("stage %q: want the newer value whatever the order", got)
		}
	}
	// Cleared later: the empty value is the newer one.
	if got := recordOf(now, prop("stage", "", Start.Add(2*time.Hour))).Property("stage"); got != "" {
		t.Errorf("stage %q: want it cleared", got)
	}
}

func TestContactIsNotKept(t *testing.T) {
	f := mail("m", Start, crm.In, 0, 1)
	f.Contact = "17"
	a, b := recordOf(f), recordOf(mail("m", Start, crm.In, 0, 1))
	if !reflect.DeepEqual(a, b) {
		t.Errorf("a merged contact's facts must equal the winner's: %s", cmp.Diff(a, b))
	}
}

// Far more facts than a record holds, in any order, give one record; a flood of one kind pushes out no other.
func TestBoundsAreOrderFree(t *testing.T) {
	facts := []crm.Fact{
		prop(crm.PropCustomer, "true", Start),
		{ID: "meeting", Kind: crm.KindMeeting, At: crm.At(Start), Meeting: &crm.Meeting{
			Start: crm.At(Start), State: crm.Held,
		}},
		{ID: "decision/1", Kind: crm.KindDecision, At: crm.At(Start), Decision: &crm.Decision{Status: crm.Pending}},
	}
	first := Start.Add(-1000 * day)
	for i := range 2 * record.MaxConduct {
		facts = append(facts, mail(fmt.Sprintf("emails/%04d", i), first.Add(time.Duration(i/2)*time.Hour), crm.In,
			crm.Asks, 5))
		peer := mail(fmt.Sprintf("peers/%04d", i), first.Add(time.Duration(i)*time.Hour), crm.In, 0, 5)
		peer.Peer = "2"
		facts = append(facts, peer, prop(fmt.Sprintf("zz%04d", i), "x", Start))
	}
	want := recordOf(facts...)
	for seed := range uint64(20) {
		var got Record
		for _, f := range shuffled(append(shuffled(facts, seed+100)[:300], facts...), seed) {
			got.Fold(f)
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if len(want.Conduct) != record.MaxConduct || len(want.Peers) != record.MaxPeers ||
		len(want.Profile) != record.MaxProfile || len(want.Items) != 1 || len(want.Decisions) != 1 {
		t.Errorf("kept %d %d %d %d %d", len(want.Conduct), len(want.Peers), len(want.Profile), len(want.Items),
			len(want.Decisions))
	}
	if want.Property(crm.PropCustomer) != "true" {
		t.Error("a property that rules know was pushed out by others")
	}
	if want.Lasting.FirstIn != crm.At(first) {
		t.Errorf("first in %s: want what the record has forgotten, %s", want.Lasting.FirstIn, first)
	}
}

// What is stored comes back the same, and rates the same.
func TestStoredAndRead(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 2))
		facts := exchange(20 + rng.IntN(60))
		r := recordOf(facts...)
		b, err := cbor.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Record
		if err := cbor.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*r, back); diff != "" {
			t.Fatal(diff)
		}
		if back.Fold(facts...) {
			t.Error("facts that are in the record already changed it once it had been stored")
		}
	}
}

func TestLastingJoins(t *testing.T) {
	a := crm.Lasting{First: 10, Met: 5, LastMet: 5}
	b := crm.Lasting{First: 7, FirstIn: 9, LastMet: 8, Won: 3, LastWon: 4}
	one, other := Record{}, Record{}
	one.Fold(crm.Fact{ID: record.LastingID, Kind: crm.KindLasting, Lasting: &a}, crm.Fact{
		ID: record.LastingID, Kind: crm.KindLasting, Lasting: &b,
	})
	other.Fold(crm.Fact{ID: record.LastingID, Kind: crm.KindLasting, Lasting: &b}, crm.Fact{
		ID: record.LastingID, Kind: crm.KindLasting, Lasting: &a,
	})
	want := crm.Lasting{First: 7, FirstIn: 9, Met: 5, LastMet: 8, Won: 3, LastWon: 4}
	if one.Lasting != want || other.Lasting != want {
		t.Errorf("%+v and %+v: want %+v", one.Lasting, other.Lasting, want)
	}
}

func TestAsOf(t *testing.T) {
	facts := exchange(40)
	r := recordOf(facts...)
	at := Start.Add(8 * day)
	var known []crm.Fact
	for _, f := range facts {
		if f.At <= crm.At(at) {
			known = append(known, f)
		}
	}
	if diff := cmp.Diff(recordOf(known...), r.AsOf(crm.At(at))); diff != "" || len(known) == len(facts) {
		t.Errorf("what was known of %d facts: %s", len(facts), diff)
	}
}

// However many properties a CRM sends, those that rules know by name stay: a human's override must not be pushed out.
func TestKnownPropertiesStay(t *testing.T) {
	override := prop(crm.PropOverride, "keep", Start)
	override.ID = "property/zz" // after all others, which stay by their ids
	var facts []crm.Fact
	for i := range record.MaxProfile + 20 {
		facts = append(facts, prop(fmt.Sprintf("a%03d", i), "x", Start))
	}
	for _, r := range []*Record{
		recordOf(append([]crm.Fact{override}, facts...)...), recordOf(append(facts, override)...),
	} {
		if len(r.Profile) != record.MaxProfile || r.Property(crm.PropOverride) != "keep" {
			t.Errorf("%d properties, override %q", len(r.Profile), r.Property(crm.PropOverride))
		}
	}
}

// A reply quotes what is new, so only the newest messages keep the hashes of their lines, whatever order they come in.
func TestLinesOfTheNewest(t *testing.T) {
	var facts []crm.Fact
	for i := range 40 {
		f := mail(fmt.Sprintf("emails/%02d", i), Start.Add(time.Duration(i)*time.Hour), crm.Direction(1+i%2), 0, 5)
		if f.Message.Direction == crm.Out {
			f.Message.Lines = []uint64{uint64(i)}
		}
		facts = append(facts, f)
	}
	want := recordOf(facts...)
	wrote := want.Wrote()
	if len(wrote) != 6 || wrote[5].Lines[0] != 39 || wrote[5].At != facts[39].At || wrote[0].Lines[0] != 29 {
		t.Errorf("remembers %v, want six of the newest twelve", wrote)
	}
	for seed := range uint64(20) {
		var got Record
		got.Fold(shuffled(facts, seed)...)
		if got.Fold(shuffled(facts, seed+1)...) {
			t.Fatal("the same facts again change the record")
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if facts[1].Message.Lines == nil {
		t.Error("the record changed a fact that is not its own")
	}
}
