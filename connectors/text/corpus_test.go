package text

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// sample is one message of the corpus with what must and what must not be found in it.
type sample struct {
	out      bool
	want     crm.Intents
	mustNot  crm.Intents
	body     string
	position string
}

func loadCorpus(t *testing.T, file string) []sample {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for i, block := range strings.Split("\n"+string(data), "\n== ")[1:] {
		label, body, _ := strings.Cut(block, "\n")
		s := sample{
			body:     strings.ReplaceAll(strings.TrimSpace(body), `\n`, "\n"),
			position: fmt.Sprintf("%s #%d", filepath.Base(file), i+1),
		}
		for _, word := range strings.Fields(label) {
			name, not := strings.CutPrefix(word, "!")
			switch word {
			case "out":
				s.out = true
				continue
			case "-":
				continue
			}
			f, ok := featureOf(name)
			if !ok || f >= 32 {
				t.Fatalf("%s: unknown label %q", s.position, word)
			}
			if not {
				s.mustNot |= 1 << f
			} else {
				s.want |= 1 << f
			}
		}
		out = append(out, s)
	}
	return out
}

// verdict is what is known of the sample for its harm. That they put something off is labelled in few of them.
func (s *sample) verdict() verdict {
	return verdict{want: s.want, mayBe: crm.DefersTime &^ s.mustNot, owed: s.want.Any(answered)}
}

// counted are the intents whose hits on samples labelled otherwise are faults. The others (answers, informs, asks and
// the like) hold of many samples beside their label and are held by "must not" labels alone.
const counted = crm.QuoteRequest | crm.QuoteAgain | crm.Discount | crm.FutureBusiness | crm.AcceptsTime | crm.RefusesTime | crm.Accepts | crm.NotInterested |
	crm.NotReady | crm.OptOut | crm.Thanks | crm.ChangeRequest | crm.Vague | crm.ClearNo

// tally is one cell of the confusion table.
type tally struct{ hit, miss, wrong int }

func (c tally) recall() float64 {
	if c.hit+c.miss == 0 {
		return 1
	}
	return float64(c.hit) / float64(c.hit+c.miss)
}

func (c tally) precision() float64 {
	if c.hit+c.wrong == 0 {
		return 1
	}
	return float64(c.hit) / float64(c.hit+c.wrong)
}

var at = time.Date(2026, 1, 7, 9, 0, 0, 0, time.UTC) // a Wednesday

// measure reads all samples below dir and prints the table: hits, misses and wrong hits per intent and language.
func measure(t *testing.T, dir string) (perLang map[string]tally, perIntent map[string]tally) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus in %s: %v", dir, err)
	}
	cells := map[string]map[string]*tally{} // intent, language
	var langs []string
	perLang, perIntent = map[string]tally{}, map[string]tally{}
	costs := map[string]*toll{}
	for _, file := range files {
		lang := strings.TrimSuffix(filepath.Base(file), ".txt")
		langs = append(langs, lang)
		costs[lang] = new(toll)
		for _, s := range loadCorpus(t, file) {
			in := Input{Direction: crm.In, Body: s.body, At: at}
			if s.out {
				in.Direction = crm.Out
			}
			got := reader.Read(in)
			if v := s.verdict(); !s.out {
				costs[lang].add(&v, got, v.harm(got))
			}
			if got.Class != crm.Human {
				t.Logf("%s: class %s", s.position, got.Class)
			}
			for n := 0; n < 24; n++ {
				i := crm.Intents(1 << n)
				if cells[i.String()] == nil {
					cells[i.String()] = map[string]*tally{}
				}
				c := cells[i.String()][lang]
				if c == nil {
					c = &tally{}
					cells[i.String()][lang] = c
				}
				found, wanted := got.Intents.Has(i), s.want.Has(i)
				switch {
				case found && wanted:
					c.hit++
				case wanted:
					c.miss++
					t.Logf("%s misses %s, found %q: %.90q", s.position, i, got.Intents, s.body)
				case found && (s.mustNot.Has(i) || counted.Has(i) && !s.out):
					c.wrong++
					t.Logf("%s wrongly %s, found %q: %.90q", s.position, i, got.Intents, s.body)
				}
			}
		}
	}
	slices.Sort(langs)
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-16s", "hit/miss/wrong")
	for _, l := range langs {
		fmt.Fprintf(&table, "%10s", l)
	}
	var names []string
	for name := range cells {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&table, "\n%-16s", name)
		for _, l := range langs {
			c := cells[name][l]
			fmt.Fprintf(&table, "%10s", fmt.Sprintf("%d/%d/%d", c.hit, c.miss, c.wrong))
			perLang[l] = sum(perLang[l], *c)
			perIntent[name] = sum(perIntent[name], *c)
		}
		fmt.Fprintf(&table, "   recall %.2f precision %.2f", perIntent[name].recall(), perIntent[name].precision())
	}
	for _, l := range langs {
		fmt.Fprintf(&table, "\n%s: recall %.3f, precision %.3f over %d labels", l, perLang[l].recall(),
			perLang[l].precision(), perLang[l].hit+perLang[l].miss)
	}
	harms, _ := harmTable(costs)
	t.Log(table.String() + "\n" + harms)
	return perLang, perIntent
}

func sum(a, b tally) tally { return tally{a.hit + b.hit, a.miss + b.miss, a.wrong + b.wrong} }

func TestCorpus(t *testing.T) {
	perLang, perIntent := measure(t, "corpus")
	for l, c := range perLang {
		if c.recall() < 0.97 || c.precision() < 0.97 {
			t.Errorf("%s: recall %.3f, precision %.3f; the floor is 0.97 for both", l, c.recall(), c.precision())
		}
	}
	for name, c := range perIntent {
		if c.recall() < 0.9 || c.precision() < 0.9 {
			t.Errorf("%s: recall %.3f, precision %.3f; the floor is 0.90 for both", name, c.recall(), c.precision())
		}
	}
}

// TestHeldOut measures what the lexicons make of messages that they were not made for. A miss here is no reason to add
// its phrase: then it would be held out no longer.
func TestHeldOut(t *testing.T) {
	perLang, _ := measure(t, "heldout")
	var all tally
	for l, c := range perLang {
		all = sum(all, c)
		if c.recall() < 0.75 || c.precision() < 0.8 {
			t.Errorf("%s: recall %.3f, precision %.3f; the floors are 0.75 and 0.80", l, c.recall(), c.precision())
		}
	}
	t.Logf("all: recall %.3f, precision %.3f over %d labels", all.recall(), all.precision(), all.hit+all.miss)
	if all.recall() < 0.85 || all.precision() < 0.9 {
		t.Errorf("recall %.3f, precision %.3f; the floors are 0.85 and 0.90", all.recall(), all.precision())
	}
}
