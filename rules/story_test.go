package rules_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/story"
)

var update = flag.Bool("update", false, "rewrite what the stories want")

// stories are those of all rooms, by file.
func stories(t *testing.T) map[string]*story.Story {
	t.Helper()
	files, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d stories (%v): want at least 25", len(files), err)
	}
	all := map[string]*story.Story{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		st, err := story.Parse(data, nil)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(st.Text) < 40 {
			t.Errorf("%s: the story is missing on top", file)
		}
		all[file] = st
	}
	return all
}

func settings(t *testing.T, st *story.Story) *rules.Settings {
	t.Helper()
	s, err := st.Settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func record(facts []crm.Fact) *rules.Record {
	var r rules.Record
	r.Fold(facts...)
	return &r
}

func TestStories(t *testing.T) {
	for file, st := range stories(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := settings(t, st)
			got, err := st.Run(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range got.Steps {
				if err := rules.Adds(step.Rating); err != nil {
					t.Errorf("%s: %v", step.At, err)
				}
			}
			if *update {
				if err := os.WriteFile(file, st.Updated(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range st.Check(got) {
				t.Errorf("%s:%d: %s", file, f.Line, f.Text)
			}
			if !st.At.Now.IsZero() {
				checkDoubledAndShuffled(t, s, st)
			}
		})
	}
}

// checkDoubledAndShuffled: whatever the order and repetition of the facts, the rating does not move.
func checkDoubledAndShuffled(t *testing.T, s *rules.Settings, st *story.Story) {
	t.Helper()
	want := rules.Rate(s, record(st.Facts), st.At)
	for seed := range uint64(5) {
		doubled := rules.Shuffled(slices.Concat(st.Facts, st.Facts), seed)
		if diff := cmp.Diff(want, rules.Rate(s, record(doubled), st.At)); diff != "" {
			t.Errorf("doubled and shuffled:\n%s", diff)
		}
	}
}

// A signal that is switched off says nothing, and moves nobody else's points. The stories show every one of them speak.
func TestSwitchedOffIsSilent(t *testing.T) {
	spoke := map[string]bool{}
	for file, st := range stories(t) {
		at := st.At
		if at.Now.IsZero() {
			at = rules.Instant{Now: st.To, Profiled: true}
		}
		all := rules.Rate(settings(t, st), record(st.Facts), at)
		points := map[string]int{}
		for _, r := range all.Reasons {
			points[r.Name] = r.Points
		}
		for _, speaks := range all.Reasons {
			if !slices.ContainsFunc(signals.Book[:], func(sig rules.Signal) bool {
				return sig.Name == speaks.Name && sig.ID == speaks.ID
			}) {
				continue // a ground, or a signal of the settings' own
			}
			spoke[speaks.Name] = true
			off := *st
			off.Env = maps.Clone(st.Env)
			off.Env[strings.ToUpper(speaks.Name)+"_ON"] = "false"
			for _, reason := range rules.Rate(settings(t, &off), record(st.Facts), at).Reasons {
				if reason.Name == speaks.Name && reason.ID == speaks.ID {
					t.Errorf("%s: %s is off and says %q", file, speaks.Name, reason.Text)
				}
				if reason.Name != "suspect_hour" && reason.ID != signals.ClampID &&
					reason.Points != points[reason.Name] {
					t.Errorf("%s: without %s %s counts %d instead of %d", file, speaks.Name, reason.Name,
						reason.Points, points[reason.Name])
				}
			}
		}
	}
	for i := range signals.Book {
		if !spoke[signals.Book[i].Name] {
			t.Errorf("%s spoke in no story", signals.Book[i].Name)
		}
	}
}
