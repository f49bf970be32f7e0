package queue

import (
	"errors"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

var hostile = []string{
	"", "=", "==", "=2E", ".", "..", "a.b", "*", ">", "a b", "a\tb\r\nPUB x 0", "\x00", "Ünïcödé", "会社", "👍", "a/b\\c",
	"$JS.API", "-", "_", "\xff\xfe", "%2E",
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
			fetches = append(fetches, FetchMsg{source, id, id, []byte(id), nil})
		}
		must(t, q.Deliveries.Publish(t.Context(), source, []byte(source), nil))
	}
	at = must1[Checkpoint](t)(q.Contacts.Commit(t.Context(), 1, b))
	must(t, q.Fetches.Publish(t.Context(), fetches, latest))
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys))
	for _, k := range keys {
		if r := got[k]; string(r.Data) != k.Source+"\n"+k.Contact || r.Key != k {
			t.Errorf("record of %q: %q", k, r.Data)
		}
	}
	n := 0
	must(t, q.Contacts.Scan(t.Context(), 1, func(r Record) error {
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
		if m := fetch(t, q.Deliveries.Consumer(source), 1)[0]; string(m.Data) != source {
			t.Errorf("delivery of %q: %q", source, m.Data)
		}
		fetch(t, q.Fetches.Consumer(source), len(hostile))
	}

	long := strings.Repeat("é", layout.MaxToken)
	if ValidID(long) || !ValidID(strings.Repeat("x", layout.MaxToken)) {
		t.Error("ValidID is wrong about lengths")
	}
	_, err := q.Contacts.Commit(t.Context(), 1, Batch{Contacts: []Put{{Key: Key{src, long}}}, Checkpoint: at})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("commit with an id of %d bytes: %v, want ErrTooLarge", len(long), err)
	}
	if err := q.Fetches.Publish(t.Context(), []FetchMsg{
		{src, "emails", long, nil, nil},
	}, latest); !errors.Is(err, ErrTooLarge) {
		t.Errorf("fetch with an id of %d bytes: %v, want ErrTooLarge", len(long), err)
	}
	longest := strings.Repeat("x", layout.MaxToken)
	// the connection survives the longest
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, longest, longest, nil, nil}}, latest))
	commit(t, q, 1, at, map[string]string{longest: "x"}, nil)
}
