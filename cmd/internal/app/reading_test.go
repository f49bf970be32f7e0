package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	story "github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

// reading is what people read of the cast in its eight months.
type reading struct {
	days    int
	crowded []string // days on which too many of the cast had the same advice
	odd     []string // messages that are not what they ought to be
	parted  int      // days on which somebody had a farewell
}

// daily looks at what stands in the CRM each night.
func (r *reading) daily(face story.Face, members []cast.Member) func(time.Time) {
	if r == nil {
		return nil
	}
	return func(night time.Time) {
		r.days++
		same := map[string]int{}
		for _, m := range members {
			p, ok := face.Person(m.Contact)
			if !ok {
				continue
			}
			if advice := p.Fields["recommended_action"]; advice != "" {
				same[advice]++
			}
			message, pending := p.Fields["recommended_message"], p.Fields["status"] == "pending"
			if pending {
				r.parted++
			}
			if pending == (message == "") || strings.Contains(message, "Send") {
				r.odd = append(r.odd, fmt.Sprintf("%s, %s is %s: %q", night, m.Name, p.Fields["status"], message))
			}
		}
		for advice, n := range same {
			if 3*n > len(members) {
				r.crowded = append(r.crowded, fmt.Sprintf("%s: %d of %d have %q", night, n, len(members), advice))
			}
		}
	}
}

// atLast holds what was read against what it has to be: an advice of one's own, and a farewell where one is due. What
// the cast's contacts read in the end stands in a file for each language.
func (r *reading) atLast(t *testing.T, a *App, vendor string, members []cast.Member) {
	if r == nil {
		return
	}
	if r.days < 200 || r.parted < 20 {
		t.Errorf("%d days were read, and on %d somebody had a farewell", r.days, r.parted)
	}
	for _, s := range append(r.crowded, r.odd...) {
		t.Error(s)
	}
	for _, lang := range words.Languages {
		var b strings.Builder
		say := words.New(lang, nil, true)
		for _, m := range members {
			x, err := a.Pipeline.Explain(t.Context(), crm.ContactRef{Source: vendor, Contact: m.Contact})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s: %s %s\n", m.Name, x.Rating.Letter, x.Rating.Status)
			for _, reason := range x.Rating.Reasons {
				fmt.Fprintf(&b, "  %s\n", say.Line(reason))
			}
			if advice := say.Advice(x.Rating.Advice); advice != "" {
				fmt.Fprintf(&b, "  > %s\n", advice)
			}
		}
		file := filepath.Join("testdata", "cast", lang+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, []byte(b.String())) {
			t.Errorf("%s (-want +got; read it, then run with -update):\n%s", file, cmp.Diff(string(want), b.String()))
		}
	}
}
