package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

// TestBackfillEnds: where no winnow runs a backfill goes on until what it found is rated and written, because nobody
// else would; beside one it leaves that to it. Either way its last words say what becomes of what is left.
func TestBackfillEnds(t *testing.T) {
	fetched := operate.BackfillState{Since: 1, Stage: "contacts", Read: 70, Total: 70, Done: true}
	rating, writing, asked := fetched, fetched, fetched
	rating.Unrated, writing.Unwritten, asked.Unfetched = true, 7, 1
	for name, c := range map[string]struct {
		states []operate.BackfillState // the last one stays
		alone  bool
		looks  int
		end    string
	}{
		"alone":                {[]operate.BackfillState{rating, rating, fetched, asked, rating, writing, writing, fetched}, true, 9, "done: 70 records read and rated\nnow start winnow serve"},
		"beside a running one": {[]operate.BackfillState{asked, rating, writing}, false, 3, "done: 70 records read; the running winnow goes on to rate them"},
	} {
		t.Run(name, func(t *testing.T) {
			looks := 0
			admin := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				s := c.states[min(looks, len(c.states)-1)]
				looks++
				if err := json.NewEncoder(w).Encode(s); err != nil {
					t.Error(err)
				}
			})
			asks := &client{local: admin}
			if !c.alone {
				srv := httptest.NewServer(admin)
				defer srv.Close()
				asks = &client{base: srv.URL, http: srv.Client()}
			}
			var out strings.Builder
			if err := watchBackfill(t.Context(), asks, api.SourceQuery{}, &out, time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if looks != c.looks || !strings.Contains(out.String(), "\n"+c.end) {
				t.Errorf("ended after %d looks, want %d, and said\n%swant %q", looks, c.looks, &out, c.end)
			}
		})
	}
	if got := endOf(writing, true); !strings.Contains(got, "7 ratings could not be written yet and wait") {
		t.Errorf("with ratings that the CRM does not take it ends with %q", got)
	}
}
