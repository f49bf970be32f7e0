package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// One source's rubbish is counted once its share is full. It stops neither its own lane nor another's.
func TestDeadLettersBeyondTheShare(t *testing.T) {
	q := open(t, func(c *Config) {
		c.Sources = []string{src, "other"}
		c.MaxPayload = int32(mib)
		c.DeadLettersBytes = 4 * mib
	})
	payload := func(i int) []byte { return append(make([]byte, 100_000), fmt.Sprint(i)...) }
	const floods = 100
	for i := range floods {
		d := DeadLetter{
			Stage: "read", Source: src, Kind: KindMalformed, Reason: fmt.Sprint("reason ", i), Payload: payload(i),
			Contacts: []string{fmt.Sprint("c", i)},
		}
		must1[uint64](t)(q.DeadLetters.Bury(t.Context(), d, fmt.Sprint(i)))
	}
	all := must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), 0, 1000, "", src))
	i := slices.IndexFunc(all, func(d DeadLetter) bool { return d.Count > 0 })
	if i < 0 {
		t.Fatalf("%d letters, and none stands for many", len(all))
	}
	sum, kept := all[i], len(all)-1
	if kept < 15 || kept > 19 || sum.Count+kept != floods {
		t.Errorf("%d letters of 100 kB are kept in half of 4 MiB, and %d counted, of %d", kept, sum.Count, floods)
	}
	hash := sha256.Sum256(payload(floods - 1))
	if sum.Payload != nil || sum.Hash != hex.EncodeToString(hash[:]) || sum.Reason != "reason 99" ||
		len(sum.Contacts) != sum.Count {
		t.Errorf("the sum is %+v; want the reason, the hash and the contacts, and no payload", sum)
	}
	other := DeadLetter{Stage: "read", Source: "other", Payload: payload(0)}
	seq := must1[uint64](t)(q.DeadLetters.Bury(t.Context(), other, ""))
	if got := must1[DeadLetter](t)(q.DeadLetters.Get(t.Context(), seq)); len(got.Payload) == 0 || got.Count != 0 {
		t.Errorf("the other source's letter is %+v, want it whole", got)
	}

	// Another process counts on in the same letter.
	must(t, q.Close())
	q = reopen(t, q.cfg)
	must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{
		Stage: "read", Source: src, Kind: KindMalformed, Payload: payload(1), Contacts: []string{"new"},
	}, ""))
	all = must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), 0, 1000, "", src))
	sums := slices.DeleteFunc(all, func(d DeadLetter) bool { return d.Count == 0 })
	if len(sums) != 1 || sums[0].Count != floods-kept+1 {
		t.Errorf("sums are %+v, want one of %d", sums, floods-kept+1)
	}
	must(t, q.DeadLetters.Discard(t.Context(), sums[0].Seq))
	if _, err := q.DeadLetters.Get(t.Context(), sums[0].Seq); !errors.Is(err, ErrNotFound) {
		t.Errorf("discarded, and %v", err)
	}
}

// A sum that another process has put anew without somebody who was forgotten does not come to name them again.
func TestSumForgets(t *testing.T) {
	q := open(t, func(c *Config) { c.MaxPayload, c.DeadLettersBytes = int32(mib), mib })
	here, there := q.DeadLetters, &DeadLetters{q.base, newSums()}
	letter := func(contact string) DeadLetter {
		return DeadLetter{
			Stage: "read", Source: src, Kind: KindMalformed, Payload: make([]byte, 500_000),
			Contacts: []string{contact},
		}
	}
	var seq uint64
	for i := range 8 {
		seq = must1[uint64](t)(here.Bury(t.Context(), letter(fmt.Sprint("c", i)), ""))
	}
	sum := must1[DeadLetter](t)(there.Get(t.Context(), seq))
	if !slices.Contains(sum.Contacts, "c7") || sum.Count < 3 {
		t.Fatalf("%+v stands for many and names the last", sum)
	}
	sum.Contacts = slices.DeleteFunc(sum.Contacts, func(c string) bool { return c == "c7" })
	must1[uint64](t)(there.Bury(t.Context(), sum, ""))
	must(t, there.Discard(t.Context(), seq))
	seq = must1[uint64](t)(here.Bury(t.Context(), letter("new"), ""))
	got := must1[DeadLetter](t)(here.Get(t.Context(), seq))
	if slices.Contains(got.Contacts, "c7") || !slices.Contains(got.Contacts, "new") || got.Count != sum.Count+1 {
		t.Errorf("the sum is %+v, want one more than %+v", got, sum)
	}
}

// A sum that cannot name everybody concerned may concern anybody.
func TestSumNamesAllOrNobody(t *testing.T) {
	named := DeadLetter{Contacts: []string{"a"}}
	if got := (DeadLetter{}).with(named).with(DeadLetter{Contacts: []string{"b", "a"}}); !slices.Equal(got.Contacts,
		[]string{"a", "b"}) || got.Count != 2 {
		t.Errorf("%+v, want a and b", got)
	}
	if got := (DeadLetter{}).with(named).with(DeadLetter{}).with(named); len(got.Contacts) != 0 || got.Nobody {
		t.Errorf("%+v, want it to concern anybody", got)
	}
	if got := (DeadLetter{}).with(DeadLetter{Nobody: true}).with(DeadLetter{Nobody: true}); !got.Nobody {
		t.Errorf("%+v, want it to concern nobody", got)
	}
	got := DeadLetter{}
	for i := range mostNamed + 2 {
		got = got.with(DeadLetter{Contacts: []string{fmt.Sprint(i)}})
	}
	if len(got.Contacts) != 0 || got.Nobody || got.Count != mostNamed+2 {
		t.Errorf("%d contacts of %d, nobody %v", len(got.Contacts), got.Count, got.Nobody)
	}
}

// What changes whom a sum may concern is stored at once: decisions hang on it. A sum that is put in once more, without
// one of those it named, is counted in no other.
func TestSumsConcernWhomTheySay(t *testing.T) {
	q := open(t, func(c *Config) {
		c.Sources = []string{src}
		c.MaxPayload = int32(mib)
		c.DeadLettersBytes = 2 * mib
	})
	bury := func(d DeadLetter) uint64 {
		d.Stage, d.Source = "fetch", src
		return must1[uint64](t)(q.DeadLetters.Bury(t.Context(), d, ""))
	}
	get := func(seq uint64) DeadLetter { return must1[DeadLetter](t)(q.DeadLetters.Get(t.Context(), seq)) }
	large := make([]byte, 500_000)
	for range 5 {
		bury(DeadLetter{Nobody: true, Payload: large})
	}
	if d := get(bury(DeadLetter{Payload: large})); d.Count == 0 || d.Nobody {
		t.Errorf("the sum says nobody %v of %d, the last of which may concern anybody", d.Nobody, d.Count)
	}
	bury(DeadLetter{Kind: "other", Contacts: []string{"a"}, Payload: large})
	d := get(bury(DeadLetter{Kind: "other", Contacts: []string{"b"}, Payload: large}))
	was := d.Seq
	d.Contacts = []string{"b"}
	d = get(bury(d))
	if !slices.Equal(d.Contacts, []string{"b"}) || d.Count != 2 || d.Seq == was {
		t.Errorf("put in without a: %+v", d)
	}
	must(t, q.DeadLetters.Discard(t.Context(), was))
	d = get(bury(DeadLetter{Kind: "other", Contacts: []string{"c"}, Payload: large}))
	if slices.Contains(d.Contacts, "a") {
		t.Errorf("the next sum names %v, and a is erased", d.Contacts)
	}
}
