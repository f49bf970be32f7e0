package queue

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/queue/internal/jet"
)

// TestOlderStore: a store of an older build is refused by name, and nothing in it is touched.
func TestOlderStore(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Dir: dir, Partitions: 1, Sources: []string{"a"}, MinFree: 1, MaxStore: 1 << 30}
	q, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	older := q.meta
	older.Format = formerFormat - 1
	b, err := json.Marshal(older)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.srv.JS(0).PublishMsg(t.Context(), jet.NewMsg(metaSubject, b)); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		q, err = Open(t.Context(), cfg)
		if err == nil {
			_ = q.Close()
			t.Fatal("the store of an older build is opened")
		}
		if !strings.Contains(err.Error(), "older build") || !strings.Contains(err.Error(), "WINNOW_DATA_DIR") {
			t.Errorf("%v; want to be told that an older build made it, and what to do", err)
		}
	}
}

// TestFormerStore: a store of the format before is gone on with, and from then on a build of that format refuses it.
func TestFormerStore(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Partitions: 1, Sources: []string{src}, MinFree: 1, MaxStore: 1 << 30}
	q, err := Open(t.Context(), cfg)
	must(t, err)
	former := q.meta
	former.Format = formerFormat
	b, err := json.Marshal(former)
	must(t, err)
	_, err = q.srv.JS(0).PublishMsg(t.Context(), jet.NewMsg(metaSubject, b))
	must(t, err)
	key := Key{src, "ada"}
	_, err = q.Contacts.Commit(t.Context(), 0, Batch{Contacts: []Put{{Key: key, Data: []byte("record")}}})
	must(t, err)
	must(t, q.Close())
	for range 2 {
		q, err = Open(t.Context(), cfg)
		must(t, err)
		m, err := q.srv.Last(t.Context(), q.layout.Records(0), metaSubject)
		must(t, err)
		if !strings.Contains(string(m.Data), `"format":3`) || q.meta.Format != metaFormat {
			t.Errorf("the store says %s, want format %d", m.Data, metaFormat)
		}
		if string(q.meta.Salt) != string(former.Salt) {
			t.Error("the store has another salt")
		}
		found, err := q.Contacts.Load(t.Context(), 0, []Key{key})
		must(t, err)
		if string(found[key].Data) != "record" {
			t.Errorf("the record is %q", found[key].Data)
		}
		must(t, q.Close())
	}
}
