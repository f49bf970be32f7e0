package generic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/presets"
)

// What a preset asks of the API: presets/<name>/samples/calls.golden.txt has every request of a poll, of reading what
// it found, of a backfill, of a write and of set-up, and what came of it, with the answers of api.json. -update writes
// it.
func TestPresetsCalls(t *testing.T) {
	for _, name := range presets.Names() {
		if _, err := os.Stat("presets/" + name + "/samples/api.json"); err == nil {
			t.Run(name, func(t *testing.T) { calls(t, name) })
		}
	}
}

// journal is what was asked and what came of it.
type journal struct {
	mu sync.Mutex
	bytes.Buffer
	people []crm.Ref // those who were read
}

func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j, format+"\n", args...)
}

// heard writes down each request before it is answered.
func (j *journal) heard(then http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		query, _ := url.QueryUnescape(r.URL.Query().Encode())
		j.say("%s", strings.TrimSuffix(r.Method+" "+r.URL.Path+"?"+query, "?"))
		if len(body) > 0 {
			j.say("     %s", body)
		}
		then.ServeHTTP(w, r)
	})
}

func calls(t *testing.T, preset string) {
	dir := "presets/" + preset + "/samples"
	env := settings(t, filepath.Join(dir, "settings.env"))
	now, err := time.Parse(time.RFC3339, env["NOW"])
	if err != nil {
		t.Fatal(err)
	}
	j := new(journal)
	api := httptest.NewServer(j.heard(recorded(t, filepath.Join(dir, "api.json"))))
	defer api.Close()
	cfg := presetConfig(preset, api.URL, env)
	cfg.Web.URL = "https://crm.example.com/"
	v, err := New(cfg, connectors.Options{
		Source: crm.Source{Name: preset, Vendor: Vendor}, Salt: []byte("salt"), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.Poll != nil {
		j.polled(t, v, now)
	}
	if v.Write != nil {
		j.written(t, v)
	}
	if v.Show != nil {
		j.shown(t, v)
	}
	if v.Setup != nil {
		j.setUp(t, v)
	}
	golden := filepath.Join(dir, "calls.golden.txt")
	if update.Value.String() == "true" {
		if err := os.WriteFile(golden, j.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), j.String()); diff != "" {
		t.Errorf("it no longer asks what %s has:\n%s", filepath.Base(golden), diff)
	}
}

func (j *journal) polled(t *testing.T, v connectors.Vendor, now time.Time) {
	j.say("# poll")
	seen := map[string]bool{}
	for at, more, i := "", true, 0; more && i < 30; i++ {
		var found []crm.Notice
		var err error
		if found, at, more, err = v.Poll.Poll(t.Context(), at, now.Add(-24*time.Hour)); err != nil {
			t.Errorf("poll: %v", err)
			return
		}
		for _, n := range found {
			if n.Ref == nil {
				j.notices([]crm.Notice{n})
				continue
			}
			if seen[n.Ref.Type+"/"+n.Ref.ID] {
				continue
			}
			seen[n.Ref.Type+"/"+n.Ref.ID] = true
			for _, r := range v.Fetch.Fetch(t.Context(), []crm.Ref{*n.Ref}) {
				if r.Err != nil {
					t.Errorf("read %s/%s: %v", n.Ref.Type, n.Ref.ID, r.Err)
				}
				if _, ok := v.PersonOf(*n.Ref); ok {
					j.people = append(j.people, *n.Ref)
				}
				j.notices(r.Notices)
			}
		}
	}
	j.say("# backfill")
	for at, i := "", 0; i < 30; i++ {
		page, err := v.Backfill.Backfill(t.Context(), at, now.Add(-24*time.Hour), now)
		if err != nil {
			t.Errorf("backfill: %v", err)
			return
		}
		if at = page.Next; at == "" {
			break
		}
	}
}

// notices writes down what a record says, a line each.
func (j *journal) notices(ns []crm.Notice) {
	for _, n := range ns {
		text, _ := json.Marshal(entry(n))
		j.say("  => %s", text)
	}
}

func (j *journal) written(t *testing.T, v connectors.Vendor) {
	j.say("# write")
	for _, kind := range v.People {
		who := crm.Person{Kind: kind.Kind, ID: "7"}.String()
		chs := []crm.Change{{Contact: who, Values: map[crm.Field]string{
			crm.FieldRating: "B", crm.FieldScore: "61", crm.FieldDisqualified: "false",
			crm.FieldReasons: "They answer.\nThey met us.", crm.FieldPendingUntil: "2026-03-09",
			crm.FieldOwedSince: "2026-03-02T09:20:00Z", crm.FieldGround: "", crm.FieldRecheckOn: "",
		}}}
		if kind.Native.Closed != "" {
			chs[0].Values[crm.FieldNativeStatus] = crm.UnqualifiedStatus
		}
		for _, part := range v.Write.Split(chs) {
			for _, err := range v.Write.Write(t.Context(), part) {
				if err != nil {
					t.Errorf("write %s: %v", who, err)
				}
			}
		}
	}
}

// shown asks for the card of a person of each kind whose samples are there, and who has their address.
func (j *journal) shown(t *testing.T, v connectors.Vendor) {
	j.say("# show")
	for _, ref := range j.people {
		who, _ := v.PersonOf(ref)
		cards, err := v.Show.Cards(t.Context(), []string{who})
		card, ok := cards[who]
		if err != nil || !ok || card.Name == "" || card.Email == "" {
			t.Errorf("the card of %s: %+v, %v", who, card, err)
		}
		found, err := v.Show.Find(t.Context(), card.Email)
		if err != nil {
			t.Errorf("find %s: %v", who, err)
		}
		j.say("  => %s %q %s, found %q, %s", who, card.Name, card.Email, found, v.Show.Link("", who, ""))
	}
}

// setUp makes one missing field of each type.
func (j *journal) setUp(t *testing.T, v connectors.Vendor) {
	j.say("# set-up")
	steps, err := v.Setup.Plan(t.Context())
	if err != nil {
		t.Errorf("set-up: %v", err)
	}
	done := map[string]bool{}
	for _, s := range steps {
		kind, _, _ := strings.Cut(s.Name, ".")
		is, _, _ := strings.Cut(s.Detail, " ")
		if s.Have || s.Hand != "" || done[kind+is] {
			continue
		}
		done[kind+is] = true
		if err := v.Setup.Apply(t.Context(), s); err != nil {
			t.Errorf("make %s: %v", s.Name, err)
		}
	}
}
