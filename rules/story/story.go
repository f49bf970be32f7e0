// Package story reads stories: histories of one contact with what the rules have to make of them. The rule book's own
// are in testdata of each room of rules, and whoever runs Winnow keeps others beside their settings. docs/stories.md
// describes the format.
package story

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Story is one history and what is expected of it.
type Story struct {
	Text     string            // the story in words
	Env      map[string]string // settings, without the prefix
	Facts    []crm.Fact
	At       rules.Instant // when it is rated once
	From, To time.Time     // through which time it is played; zero where it is rated once

	archive *txtar.Archive
	data    []byte
	expect  []expectation
}

// Events turns what happened, a JSON object a line, into facts.
type Events func(lines []byte) ([]crm.Fact, error)

// Parse reads a story. events reads its part events.jsonl; where it is nil, there must be none.
func Parse(data []byte, events Events) (*Story, error) {
	st := &Story{archive: txtar.Parse(data), data: data, Env: map[string]string{}}
	st.Text = strings.TrimSpace(string(st.archive.Comment))
	if len(st.archive.Files) == 0 {
		return nil, errors.New("no story: it has no parts")
	}
	for _, f := range st.archive.Files {
		if err := st.part(f, events); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", st.line(f.Name), f.Name, err)
		}
	}
	if once := !st.At.Now.IsZero(); once == !st.From.IsZero() {
		return nil, errors.New("want either the part at, for a rating at one instant, or the part play, for a time")
	}
	return st, nil
}

func (st *Story) part(f txtar.File, events Events) (err error) {
	switch f.Name {
	case "settings.env":
		for line := range strings.Lines(string(f.Data)) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(k, "#") {
				st.Env[strings.TrimPrefix(k, rules.Prefix)] = v
			}
		}
	case "facts.json":
		var facts []crm.Fact
		dec := json.NewDecoder(bytes.NewReader(f.Data))
		dec.DisallowUnknownFields()
		err = dec.Decode(&facts)
		st.Facts = append(st.Facts, facts...)
	case "events.jsonl":
		if events == nil {
			return errors.New("nothing here reads texts: give facts")
		}
		var facts []crm.Fact
		facts, err = events(f.Data)
		st.Facts = append(st.Facts, facts...)
	case "at":
		st.At, err = parseInstant(string(f.Data))
	case "play":
		from, to, _ := strings.Cut(strings.TrimSpace(string(f.Data)), " ")
		var errs [2]error
		st.From, errs[0] = parseTime(from)
		st.To, errs[1] = parseTime(to)
		err = errors.Join(errs[:]...)
	case "expect":
		st.expect, err = parseExpectations(string(f.Data), st.line(f.Name))
	case "want.json", "want.txt":
	default:
		err = errors.New("no such part")
	}
	return err
}

// line is that on which a part is named.
func (st *Story) line(part string) int {
	n := 0
	for line := range bytes.Lines(st.data) {
		n++
		if string(bytes.TrimSpace(line)) == "-- "+part+" --" {
			return n
		}
	}
	return n
}

// parseTime reads an instant, or a day, which begins at midnight UTC.
func parseTime(v string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, v); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return at, fmt.Errorf("%q: want a day such as 2026-03-02, or 2026-03-02T09:00:00Z", v)
	}
	return at, nil
}

// parseInstant reads "2026-03-01T09:00:00Z read=... arrived=... hold=backfill lagging unprofiled".
func parseInstant(v string) (rules.Instant, error) {
	words := strings.Fields(v)
	if len(words) == 0 {
		return rules.Instant{}, errors.New("want an instant")
	}
	now, err := parseTime(words[0])
	at := rules.Instant{Now: now, Profiled: true}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		var e error
		switch k {
		case "read":
			at.Read, e = parseTime(v)
		case "arrived":
			at.Arrived, e = parseTime(v)
		case "hold":
			at.Hold = v
		case "lagging":
			at.Lagging = true
		case "unprofiled":
			at.Profiled = false
		default:
			e = fmt.Errorf("%q: want read=, arrived=, hold=, lagging or unprofiled", w)
		}
		err = errors.Join(err, e)
	}
	return at, err
}

// Settings are the story's own on top of others, which are given without the prefix.
func (st *Story) Settings(below map[string]string) (*rules.Settings, error) {
	env := map[string]string{}
	for _, m := range []map[string]string{below, st.Env} {
		for k, v := range m {
			env[k] = v
		}
	}
	return rules.Parse(env)
}

// Result is what the rules make of a story.
type Result struct {
	Steps []Step
	Part  string // of the story that holds all of it: want.json or want.txt
	Got   string // what it holds, or ought to
}

// Run rates the story, or plays it.
func (st *Story) Run(s *rules.Settings) (Result, error) {
	if !st.From.IsZero() {
		steps, err := Play(s, st.Facts, st.From, st.To)
		return Result{Steps: steps, Part: "want.txt", Got: Timeline(steps)}, err
	}
	var r rules.Record
	r.Fold(st.Facts...)
	rating := words.Default().Filled(rules.Rate(s, &r, st.At))
	steps := []Step{{st.At.Now, rating}}
	rating.Model = "" // it moves with every setting
	want, err := json.MarshalIndent(rating, "", "  ")
	return Result{Steps: steps, Part: "want.json", Got: string(want) + "\n"}, err
}

// Fault is where a story does not come about as it is written.
type Fault struct {
	Line int    // of the story's file
	Text string // what is wrong there, of several lines
}

// Check holds what came about against what is expected, both the whole of it and what single lines say.
func (st *Story) Check(got Result) []Fault {
	var faults []Fault
	i := slices.IndexFunc(st.archive.Files, func(f txtar.File) bool { return f.Name == got.Part })
	switch {
	case i >= 0 && string(st.archive.Files[i].Data) != got.Got:
		at, text := diff(string(st.archive.Files[i].Data), got.Got)
		faults = append(faults, Fault{st.line(got.Part) + at, fmt.Sprintf("%s (-want +got):\n%s", got.Part, text)})
	case i < 0 && len(st.expect) == 0:
		faults = append(faults, Fault{1, fmt.Sprintf("nothing is expected: give a part expect or %s", got.Part)})
	}
	for _, e := range st.expect {
		if wrong := e.check(got.Steps, st.To); wrong != "" {
			faults = append(faults, Fault{e.line, e.text + "\n" + wrong})
		}
	}
	return faults
}

// Updated is the story's file with what came about in the place of what was wanted.
func (st *Story) Updated(got Result) []byte {
	a := *st.archive
	a.Files = slices.Clone(a.Files)
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == got.Part })
	if i < 0 {
		i = len(a.Files)
		a.Files = append(a.Files, txtar.File{Name: got.Part})
	}
	a.Files[i].Data = []byte(got.Got)
	return txtar.Format(&a)
}
