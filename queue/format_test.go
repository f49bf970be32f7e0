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
	older.Format--
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
