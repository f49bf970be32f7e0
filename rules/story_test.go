package rules

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

var update = flag.Bool("update", false, "rewrite what the stories want")

// scene is one file in a room's testdata: a story in words, then settings.env, facts.json, and either at with want.json, the rating at one
// instant, or play with want.txt, what changes as time passes while our decisions come true.
type scene struct {
	archive  *txtar.Archive
	settings *Settings
	env      map[string]string // what settings.env says
	facts    []crm.Fact
	at       []Instant
	from, to time.Time
}

func load(t *testing.T, file string) scene {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(strings.TrimSpace(string(a.Comment))) < 40 {
		t.Error("the story is missing on top")
	}
	sc := scene{archive: a, env: map[string]string{}}
	for _, f := range a.Files {
		switch f.Name {
		case "settings.env":
			for line := range strings.Lines(string(f.Data)) {
				if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
					sc.env[strings.TrimPrefix(k, Prefix)] = v
				}
			}
		case "facts.json":
			dec := json.NewDecoder(bytes.NewReader(f.Data))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&sc.facts); err != nil {
				t.Fatal(err)
			}
		case "at":
			sc.at = []Instant{parseInstant(t, string(f.Data))}
		case "play":
			from, to, _ := strings.Cut(strings.TrimSpace(string(f.Data)), " ")
			sc.from, sc.to = parseTime(t, from), parseTime(t, to)
		case "want.json", "want.txt":
		default:
			t.Fatalf("unknown part %s", f.Name)
		}
	}
	if sc.settings, err = Parse(sc.env); err != nil {
		t.Fatal(err)
	}
	return sc
}

func parseTime(t *testing.T, v string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, v)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// parseInstant reads "2026-03-01T09:00:00Z read=... arrived=... hold=backfill lagging unprofiled".
func parseInstant(t *testing.T, v string) Instant {
	t.Helper()
	words := strings.Fields(v)
	at := Instant{Now: parseTime(t, words[0]), Profiled: true}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "read":
			at.Read = parseTime(t, v)
		case "arrived":
			at.Arrived = parseTime(t, v)
		case "hold":
			at.Hold = v
		case "lagging":
			at.Lagging = true
		case "unprofiled":
			at.Profiled = false
		default:
			t.Fatalf("unknown word %s", w)
		}
	}
	return at
}

func TestStories(t *testing.T) {
	files, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d stories (%v): want at least 25", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			sc := load(t, file)
			if sc.from.IsZero() {
				r := recordOf(sc.facts...)
				rating := Rate(sc.settings, r, sc.at[0])
				rating.Model = "" // it is the same in all of them, and moves with every default
				want, err := json.MarshalIndent(rating, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				sc.check(t, file, "want.json", string(want)+"\n")
				checkDoubledAndShuffled(t, sc)
				return
			}
			sc.check(t, file, "want.txt", timeline(t, sc))
		})
	}
}

// check compares a part of the file, or rewrites it.
func (sc scene) check(t *testing.T, file, part, got string) {
	t.Helper()
	i := slices.IndexFunc(sc.archive.Files, func(f txtar.File) bool { return f.Name == part })
	if *update {
		if i < 0 {
			sc.archive.Files = append(sc.archive.Files, txtar.File{Name: part})
			i = len(sc.archive.Files) - 1
		}
		sc.archive.Files[i].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(sc.archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if i < 0 {
		t.Fatalf("no %s: run with -update and read what it says", part)
	}
	if diff := cmp.Diff(string(sc.archive.Files[i].Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", part, diff)
	}
}

// checkDoubledAndShuffled: whatever the order and repetition of the facts, the rating does not move, and its reasons add up.
func checkDoubledAndShuffled(t *testing.T, sc scene) {
	t.Helper()
	want := Rate(sc.settings, recordOf(sc.facts...), sc.at[0])
	if err := adds(want); err != nil {
		t.Error(err)
	}
	for seed := range uint64(5) {
		doubled := shuffled(append(slices.Clone(sc.facts), sc.facts...), seed)
		if diff := cmp.Diff(want, Rate(sc.settings, recordOf(doubled...), sc.at[0])); diff != "" {
			t.Errorf("doubled and shuffled:\n%s", diff)
		}
	}
}

// timeline says what changes as time passes, a line each.
func timeline(t *testing.T, sc scene) string {
	var out strings.Builder
	last := ""
	all := slices.Clone(sc.facts)
	for now := sc.from; ; {
		var r Record
		for _, f := range all {
			if known := max(crm.Millis(f.Version), f.At); known <= crm.At(now) {
				r.Fold(f)
			}
		}
		rating := Rate(sc.settings, &r, calm(now))
		if err := adds(rating); err != nil {
			t.Errorf("%s: %v", now, err)
		}
		if line := summary(rating); line != last {
			fmt.Fprintf(&out, "%s %s\n", now.UTC().Format("2006-01-02T15:04:05"), line)
			last = line
		}
		next := rating.Due.Time()
		if rating.Decide != nil {
			next = now.Add(2 * time.Second)
			d := *rating.Decide
			all = append(all, crm.Fact{ID: fmt.Sprintf("decision/%d", len(all)), Kind: crm.KindDecision, At: crm.At(next), Decision: &d})
		}
		for _, f := range sc.facts {
			if known := max(crm.Millis(f.Version), f.At).Time(); known.After(now) && (next.IsZero() || known.Before(next)) {
				next = known
			}
		}
		if next.IsZero() || next.After(sc.to) {
			return out.String()
		}
		now = next
	}
}

func summary(r crm.Rating) string {
	if r.Unrated != "" {
		return "unrated: " + r.Unrated
	}
	line := fmt.Sprintf("%s %s ball=%s", r.Letter, r.Status, r.Ball)
	if r.Ground != "" {
		line += " ground=" + string(r.Ground)
	}
	if r.PendingUntil != 0 {
		line += " until=" + r.PendingUntil.String()
	}
	if r.RecheckOn != 0 {
		line += " recheck=" + words.Date(r.RecheckOn)
	}
	if r.OwedSince != 0 {
		line += " owed=" + r.OwedSince.String()
	}
	if r.Held != "" {
		line += " held=" + r.Held
	}
	if r.Decide != nil {
		line += " announces=" + string(r.Decide.Status)
	}
	action, _, _ := strings.Cut(r.Action, ":")
	return line + " | " + action
}
