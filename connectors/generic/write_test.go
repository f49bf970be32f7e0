package generic

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// batches is a CRM that takes three people a call, of one kind and with the same values, and answers for each.
const batches = `version: 1
title: Batches
api: {auth: bearer}
records:
  Lead: {person: {kind: lead}, read: {get: "/leads/{$id}"}}
  Contact: {person: {kind: contact}, read: {get: "/contacts/{$id}"}}
write:
  post: "/{$kind}s"
  form: {ids: '{$ids | join(",")}', rating: "{$values.winnow_rating}"}
  batch: 3
  together: [kind, values]
  result: .rows
`

func batchWriter(t *testing.T, api http.HandlerFunc) connectors.Writer {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "batches.yaml")
	if err := os.WriteFile(file, []byte(batches), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{MAPPING: file, API: API{URL: server.URL}, Token: "t0ken"},
		connectors.Options{Source: crm.Source{Name: "batches", Vendor: Vendor}})
	if err != nil {
		t.Fatal(err)
	}
	return v.Write
}

func rated(letter string, people ...string) (chs []crm.Change) {
	for _, who := range people {
		chs = append(chs, crm.Change{Contact: who, Values: map[crm.Field]string{crm.FieldRating: letter}})
	}
	return chs
}

// One call has people of one kind with the same values, as many as the CRM takes.
func TestBatchesHaveMuchInCommon(t *testing.T) {
	var asked []string
	w := batchWriter(t, func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what cannot be read is not there, which is said below
		asked = append(asked, r.URL.Path+" "+r.PostForm.Get("ids")+" "+r.PostForm.Get("rating"))
		n := strings.Count(r.PostForm.Get("ids"), ",") + 1
		fmt.Fprintf(rw, `{"rows": [%s]}`, strings.TrimSuffix(strings.Repeat("true,", n), ","))
	})
	chs := slices.Concat(
		rated("A", "lead/1", "contact/1", "lead/2"), rated("B", "lead/3"), rated("A", "lead/4", "lead/5"),
	)
	for _, part := range w.Split(chs) {
		for i, err := range w.Write(t.Context(), part) {
			if err != nil {
				t.Errorf("%s: %v", part[i].Contact, err)
			}
		}
	}
	want := []string{"/leads 1,2,4 A", "/leads 5 A", "/contacts 1 A", "/leads 3 B"}
	if !slices.Equal(asked, want) {
		t.Errorf("written with %q, want %q", asked, want)
	}
}

// Each of a batch has its own result. An answer that is not for each of them stands for all, and so does a refusal.
func TestResultsOfABatch(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer string
		want   []connectors.Kind // 0: written
		whole  bool
	}{
		"one refused": {
			200, `{"rows": [true, {"ok": false, "kind": "not_found"}, {"ok": true}]}`,
			[]connectors.Kind{0, connectors.NotFound, 0},
			false,
		},
		"refused without a word": {
			200, `{"rows": [true, false, {"ok": false, "kind": "?", "reason": "ada@quill.example"}]}`,
			[]connectors.Kind{0, connectors.Rejected, connectors.Rejected},
			false,
		},
		"one too few": {200, `{"rows": [true, true]}`, slices.Repeat([]connectors.Kind{connectors.Garbled}, 3), true},
		"refused":     {422, `{}`, slices.Repeat([]connectors.Kind{connectors.Rejected}, 3), true},
	} {
		t.Run(name, func(t *testing.T) {
			w := batchWriter(t, func(rw http.ResponseWriter, _ *http.Request) {
				rw.WriteHeader(c.status)
				_, _ = io.WriteString(rw, c.answer)
			})
			for i, err := range w.Write(t.Context(), rated("A", "lead/1", "lead/2", "lead/3")) {
				if c.want[i] == 0 {
					if err != nil {
						t.Errorf("%d was written, and ends in %v", i+1, err)
					}
					continue
				}
				e, _ := err.(*connectors.Error)
				if e == nil || e.Kind != c.want[i] || e.Whole != c.whole || strings.Contains(e.Error(), "@") {
					t.Errorf("%d: %+v, want %v, of the whole call: %t", i+1, err, c.want[i], c.whole)
				}
			}
		})
	}
}
