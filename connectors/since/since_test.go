package since

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// shelf is a vendor that lists at most size records a page, and shows each from an instant on.
type shelf struct {
	records map[string][]Record
	shown   map[string]time.Time // by id
	now     time.Time
	size    int
	asked   []Ask
}

func (s *shelf) list(_ context.Context, ask Ask) (Page, error) {
	s.asked = append(s.asked, ask)
	var found []Record
	for _, r := range s.records[ask.Type] {
		switch {
		case s.now.Before(s.shown[r.ID]), ask.Until > 0 && r.At > ask.Until:
		case ask.Instant && r.At == ask.From && r.ID > ask.After, !ask.Instant && r.At >= ask.From:
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Record) int {
		if !ask.Instant && a.At != b.At {
			return cmp.Compare(a.At, b.At)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	n := min(len(found), s.size)
	return Page{Records: found[:n], Full: n == s.size}, nil
}

func (s *shelf) walk() *Walk {
	return &Walk{
		Types: []string{"people", "mails"}, Overlap: 10 * time.Minute, Now: func() time.Time { return s.now },
		List: s.list,
	}
}

// round polls until a round is over, with a cursor that is written down between pages.
func (s *shelf) round(t *testing.T, kept string, since time.Time) (map[string]int, string) {
	t.Helper()
	seen := map[string]int{}
	for range 200 {
		var cur Cursor
		if err := json.Unmarshal([]byte(kept), &cur); err != nil {
			t.Fatal(err)
		}
		records, over, err := s.walk().Poll(t.Context(), &cur, since)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			seen[r.ID]++
		}
		b, err := json.Marshal(cur)
		if err != nil {
			t.Fatal(err)
		}
		if kept = string(b); over {
			return seen, kept
		}
	}
	t.Fatal("a round without end")
	return nil, ""
}

func TestPoll(t *testing.T) {
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := &shelf{records: map[string][]Record{}, shown: map[string]time.Time{}, now: begin.Add(2 * time.Hour), size: 5}
	add := func(typ, id string, at time.Time) {
		s.records[typ] = append(s.records[typ], Record{ID: id, At: crm.At(at)})
	}
	for i := range 23 {
		add("people", fmt.Sprintf("p%02d", i), begin.Add(time.Duration(i)*time.Minute))
	}
	for i := range 33 { // an import
		add("mails", fmt.Sprintf("m%02d", i), begin.Add(time.Hour))
	}
	add("mails", "old", begin.Add(-time.Minute))
	seen, kept := s.round(t, "{}", begin)
	if len(seen) != 23+33 || seen["old"] != 0 {
		t.Errorf("%d records of the first round, of the time before %d", len(seen), seen["old"])
	}

	late := begin.Add(90 * time.Minute)
	add("people", "late", late.Add(-5*time.Minute))
	add("people", "newest", late)
	s.now, s.shown["late"] = late.Add(time.Minute), late.Add(2*time.Minute)
	_, kept = s.round(t, kept, begin)
	s.now = late.Add(3 * time.Minute)
	if seen, kept = s.round(t, kept, begin); seen["late"] != 1 {
		t.Errorf("what the index showed late was left out: %v", seen)
	}
	s.now = late.Add(time.Hour)
	_, kept = s.round(t, kept, begin)
	if seen, _ = s.round(t, kept, begin); len(seen) != 0 {
		t.Errorf("an hour later the same comes again: %v", seen)
	}
}

func TestBackfill(t *testing.T) {
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := &shelf{records: map[string][]Record{}, now: begin, size: 3}
	for i := range 10 {
		s.records["mails"] = append(s.records["mails"], Record{
			ID: fmt.Sprint(i), At: crm.At(begin.Add(time.Duration(i) * time.Hour)),
		})
	}
	var cur Cursor
	seen := map[string]bool{}
	for over := false; !over; {
		var records []Record
		var err error
		if records, over, err = s.walk().Backfill(t.Context(), &cur, begin.Add(time.Hour),
			begin.Add(8*time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			seen[r.ID] = true
		}
	}
	if len(seen) != 8 || seen["0"] || seen["9"] {
		t.Errorf("%v", seen)
	}
	if !s.asked[0].History {
		t.Error("a backfill goes by when things happened")
	}
}

// A vendor's own page marks are kept as they are.
func TestMarks(t *testing.T) {
	marks := []string{"b", "c", ""}
	w := &Walk{Types: []string{"threads"}, Now: time.Now, List: func(_ context.Context, ask Ask) (Page, error) {
		return Page{Marks: true, Mark: marks[map[string]int{"": 0, "b": 1, "c": 2}[ask.After]], Records: []Record{
			{ID: "x" + ask.After, At: 5},
		}}, nil
	}}
	var cur Cursor
	var got []string
	for over := false; !over; {
		var records []Record
		records, over, _ = w.Poll(t.Context(), &cur, time.UnixMilli(1))
		got = append(got, records[0].ID)
	}
	if !slices.Equal(got, []string{"x", "xb", "xc"}) {
		t.Errorf("%v", got)
	}
}

func TestMemory(t *testing.T) {
	m, now := NewMemory(), time.Unix(1_800_000_000, 0)
	m.Profile("ada", 1, 10, now)
	if !m.Knows("ada", 1, now) || m.Knows("ada", 2, now) || m.Knows("ben", 1, now) ||
		m.Knows("ada", 1, now.Add(ProfileLasts)) {
		t.Error("somebody is known by another look, or for too long")
	}
	page := func(from, to, person string, mark uint64, recent bool) bool {
		m.Begin(from)
		moved := m.Moved(person, mark, recent)
		m.End(to)
		return moved
	}
	for _, step := range []struct {
		why      string
		from, to string
		mark     uint64
		recent   bool
		want     bool
	}{
		{"as it was read", "0", "1", 10, true, false},
		{"something was filed", "1", "2", 11, false, true},
		{"the page was not stored: again", "1", "2", 11, false, true},
		{"it was, as the poll goes on from there", "2", "3", 11, false, false},
		{"and once more", "3", "4", 12, false, true},
	} {
		if got := page(step.from, step.to, "ada", step.mark, step.recent); got != step.want {
			t.Errorf("%s: %t", step.why, got)
		}
	}
	if !page("4", "5", "new", 7, true) || page("5", "6", "old", 7, false) {
		t.Error("of whom nothing is remembered, only what is recent counts")
	}
	m.Forget("ada")
	if m.Knows("ada", 1, now) {
		t.Error("it changed, and is still known")
	}
	if m.Profile("ada", 1, 99, now); page("6", "7", "ada", 12, false) {
		t.Error("a read of the profile took the place of what a poll has seen")
	}
	m.Read("mails", "1", "ada")
	if !m.WasRead("mails", "1", "ada") || m.WasRead("mails", "1", "ben") || m.WasRead("calls", "1", "ada") {
		t.Error("what was read for whom")
	}
}
