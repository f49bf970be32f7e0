package queue

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var hostile = []string{
	"", "=", "==", "=2E", ".", "..", "a.b", "*", ">", "a b", "a\tb\r\nPUB x 0", "\x00", "Ünïcödé", "会社", "👍", "a/b\\c", "$JS.API", "-", "_", "\xff\xfe", "%2E",
}

func TestTokenRoundTrip(t *testing.T) {
	seen := map[string]string{}
	check := func(t interface{ Errorf(string, ...any) }, id string) {
		tok := token(id)
		if tok == "" || strings.ContainsAny(tok, ".*> \t\r\n\x00/\\$") {
			t.Errorf("token(%q) = %q is not safe in a subject", id, tok)
		}
		if len(tok) != tokenLength(id) {
			t.Errorf("token(%q) has %d bytes, tokenLength says %d", id, len(tok), tokenLength(id))
		}
		if back, ok := untoken(tok); !ok || back != id {
			t.Errorf("untoken(token(%q)) = %q, %v", id, back, ok)
		}
		if other, ok := seen[tok]; ok && other != id {
			t.Errorf("%q and %q have the same token", id, other)
		}
		seen[tok] = id
	}
	for _, id := range hostile {
		check(t, id)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "id"))) })
	for _, bad := range []string{"", "=2", "a=", "=zz", "=2e"} {
		if id, ok := untoken(bad); ok {
			t.Errorf("untoken(%q) = %q; token never makes that", bad, id)
		}
	}
}

func TestPartitionOfIsFixed(t *testing.T) {
	h := fnv.New32a()
	_, _ = h.Write([]byte("hubspot12345"))
	if got, want := partitionOf("hubspot", "12345", 16), int(h.Sum32()%16); got != want {
		t.Errorf("partitionOf = %d, want %d", got, want)
	}
	// Known answers, worked out apart: a change of these would tear every stored contact from its partition.
	for id, want := range map[string]int{"1": 15, "101": 4, "20451": 8} {
		if got := partitionOf("hubspot", id, 16); got != want {
			t.Errorf("partitionOf(%s) = %d, want %d", id, got, want)
		}
	}
	count := make([]int, 16)
	for i := range 16000 {
		count[partitionOf("hubspot", fmt.Sprint(i), 16)]++
	}
	for p, n := range count {
		if n < 700 || n > 1300 {
			t.Errorf("partition %d has %d of 16000 contacts", p, n)
		}
	}
}

func TestHostileIDs(t *testing.T) {
	q := open(t, func(c *Config) { c.Sources = append(c.Sources, "a.b *>") })
	var at Checkpoint
	b := Batch{}
	var keys []Key
	var fetches []FetchMsg
	for _, source := range q.cfg.Sources {
		for _, id := range hostile {
			keys = append(keys, Key{source, id})
			b.Contacts = append(b.Contacts, Put{Key: Key{source, id}, Data: []byte(source + "\n" + id)})
			fetches = append(fetches, FetchMsg{source, id, id, []byte(id)})
		}
		must(t, q.PublishDelivery(t.Context(), source, []byte(source), nil))
	}
	at = must1[Checkpoint](t)(q.Commit(t.Context(), 1, b))
	must(t, q.PublishFetches(t.Context(), fetches, latest))
	got := must1[map[Key]Record](t)(q.Load(t.Context(), 1, keys))
	for _, k := range keys {
		if r := got[k]; string(r.Data) != k.Source+"\n"+k.Contact || r.Key != k {
			t.Errorf("record of %q: %q", k, r.Data)
		}
	}
	n := 0
	must(t, q.Scan(t.Context(), 1, func(r Record) error {
		if string(r.Data) != r.Key.Source+"\n"+r.Key.Contact {
			t.Errorf("scan: %q has %q", r.Key, r.Data)
		}
		n++
		return nil
	}))
	if n != len(keys) {
		t.Errorf("scan: %d records, want %d", n, len(keys))
	}
	for _, source := range q.cfg.Sources {
		if m := fetch(t, q.DeliveryConsumer(source), 1)[0]; string(m.Data) != source {
			t.Errorf("delivery of %q: %q", source, m.Data)
		}
		fetch(t, q.FetchConsumer(source), len(hostile))
	}

	long := strings.Repeat("é", maxToken)
	if ValidID(long) || !ValidID(strings.Repeat("x", maxToken)) {
		t.Error("ValidID is wrong about lengths")
	}
	_, err := q.Commit(t.Context(), 1, Batch{Contacts: []Put{{Key: Key{src, long}}}, Checkpoint: at})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("commit with an id of %d bytes: %v, want ErrTooLarge", len(long), err)
	}
	if err := q.PublishFetches(t.Context(), []FetchMsg{{src, "emails", long, nil}}, latest); !errors.Is(err, ErrTooLarge) {
		t.Errorf("fetch with an id of %d bytes: %v, want ErrTooLarge", len(long), err)
	}
	longest := strings.Repeat("x", maxToken)
	must(t, q.PublishFetches(t.Context(), []FetchMsg{{src, longest, longest, nil}}, latest)) // the connection survives the longest
	commit(t, q, 1, at, map[string]string{longest: "x"}, nil)
}
