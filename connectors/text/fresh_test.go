package text

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// letter is one whole message of a corpus and everything that is known of it; what is not stated is not measured.
type letter struct {
	in       Input
	class    crm.Class
	back     string // 2006-01-02, or "none": no return date is stated
	layout   string
	units    string
	kept     string // what Strip must leave
	want     crm.Intents
	mustNot  crm.Intents
	mayBe    crm.Intents
	position string
}

// loadLetters reads a corpus whose form testdata/README.md describes.
func loadLetters(t *testing.T, file string) []letter {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []letter
	for i, block := range strings.Split("\n"+string(data), "\n== ")[1:] {
		label, rest, _ := strings.Cut(block, "\n")
		m := letter{in: Input{Direction: crm.In, At: at}, position: fmt.Sprintf("%s #%d", filepath.Base(file), i+1)}
		html := false
		for _, word := range strings.Fields(label) {
			key, value, _ := strings.Cut(word, "=")
			switch {
			case word == "-":
			case word == "out":
				m.in.Direction = crm.Out
			case word == "html":
				html = true
			case key == "layout":
				m.layout = value
			case key == "return":
				m.back = value
			case key == "units":
				m.units = value
			case m.class.UnmarshalText([]byte(word)) == nil:
			case word[0] == '!':
				m.mustNot |= intentOf(t, m.position, word[1:])
			case word[0] == '?':
				m.mayBe |= intentOf(t, m.position, word[1:])
			default:
				m.want |= intentOf(t, m.position, word)
			}
		}
		for strings.HasPrefix(rest, "@") {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			key, value, _ := strings.Cut(line[1:], " ")
			switch key {
			case "Subject":
				m.in.Subject = value
			case "From":
				m.in.From = value
			case "Header":
				name, v, _ := strings.Cut(value, " ")
				m.in.Header = map[string][]string{name: {v}}
			default:
				t.Fatalf("%s: unknown header %q", m.position, key)
			}
		}
		var body string
		body, m.kept, _ = strings.Cut(rest, "\n--- want\n")
		body = strings.ReplaceAll(body, `\n`, "\n")
		if html {
			m.in.HTML = body
		} else {
			m.in.Body = body
		}
		out = append(out, m)
	}
	return out
}

func intentOf(t *testing.T, position, name string) crm.Intents {
	t.Helper()
	f, ok := featureOf(name)
	if !ok || f >= 32 {
		t.Fatalf("%s: unknown label %q", position, name)
	}
	return 1 << f
}

// confusion is how often each thing was found rightly, missed, and found where it is not.
type confusion map[string]tally

func (c confusion) add(name string, wanted, found bool) {
	cell := c[name]
	switch {
	case wanted && found:
		cell.hit++
	case wanted:
		cell.miss++
	case found:
		cell.wrong++
	default:
		return
	}
	c[name] = cell
}

func (c confusion) table(title string) (string, tally) {
	var all tally
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-18s %5s %5s %5s  recall precision", title, "hit", "miss", "wrong")
	for _, name := range slices.Sorted(maps.Keys(c)) {
		cell := c[name]
		all = sum(all, cell)
		fmt.Fprintf(&b, "\n%-18s %5d %5d %5d    %.2f      %.2f", name, cell.hit, cell.miss, cell.wrong, cell.recall(),
			cell.precision())
	}
	fmt.Fprintf(&b, "\n%-18s %5d %5d %5d   %.3f     %.3f", "all", all.hit, all.miss, all.wrong, all.recall(),
		all.precision())
	return b.String(), all
}

// readings are the confusion tables of one corpus.
type readings struct {
	intents, languages, classes confusion
	layouts, returns, units     confusion // right is a hit, wrong is a miss
}

// readLetters reads every message below dir as the pipeline would and prints where the reader differs from the labels.
func readLetters(t *testing.T, dir string) readings {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages in %s: %v", dir, err)
	}
	r := readings{confusion{}, confusion{}, confusion{}, confusion{}, confusion{}, confusion{}}
	n := 0
	for _, file := range files {
		lang := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, m := range loadLetters(t, file) {
			n++
			got := reader.Read(m.in)
			r.classes.add(m.class.String(), true, got.Class == m.class)
			if got.Class != m.class {
				r.classes.add(got.Class.String(), false, true)
				t.Logf("%s: class %s, want %s: %q %.90q", m.position, got.Class, m.class, m.in.Subject, m.in.Body)
			}
			if m.layout != "" {
				plain := m.in.Body
				if m.in.HTML != "" {
					plain = FromHTML(m.in.HTML)
				}
				kept := Strip(plain)
				r.layouts.add(m.layout, true, laidOut(kept) == laidOut(m.kept))
				if laidOut(kept) != laidOut(m.kept) {
					t.Logf("%s, %s: kept %q, want %q", m.position, m.layout, kept, strings.TrimSpace(m.kept))
				}
			}
			if m.back != "" {
				back := "none"
				if got.Return != 0 {
					back = got.Return.Time().Format("2006-01-02")
				}
				r.returns.add("return", true, back == m.back)
				if back != m.back {
					t.Logf("%s: back %s, want %s: %.120q", m.position, back, m.back, m.in.Body)
				}
			}
			if m.units != "" {
				r.units.add("units", true, fmt.Sprint(got.Units) == m.units)
				if fmt.Sprint(got.Units) != m.units {
					t.Logf("%s: %d units, want %s: %.60q", m.position, got.Units, m.units, m.in.Body)
				}
			}
			if m.layout != "" && m.want|m.mustNot == 0 {
				continue // a message that tells of its layout alone
			}
			for bit := 0; bit < 24; bit++ {
				i := crm.Intents(1 << bit)
				found, wanted := got.Intents.Has(i), m.want.Has(i)
				if m.mayBe.Has(i) || found && !wanted && !m.mustNot.Has(i) &&
					(!counted.Has(i) || m.in.Direction == crm.Out) {
					continue
				}
				r.intents.add(i.String(), wanted, found)
				r.languages.add(lang, wanted, found)
				if found != wanted {
					t.Logf("%s: %s found %t, want %t, all %q: %.110q", m.position, i, found, wanted, got.Intents,
						m.in.Body)
				}
			}
		}
	}
	var out strings.Builder
	for _, table := range []struct {
		title string
		c     confusion
	}{
		{"intent", r.intents},
		{"file", r.languages},
		{"class", r.classes},
		{"layout stripped", r.layouts},
		{"return date", r.returns},
		{"length", r.units},
	} {
		s, _ := table.c.table(table.title)
		out.WriteString(s + "\n")
	}
	t.Logf("%d messages%s", n, out.String())
	return r
}

// laidOut is s without what only lays it out: empty lines and runs of blanks.
func laidOut(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if f := strings.Fields(line); len(f) > 0 {
			out = append(out, strings.Join(f, " "))
		}
	}
	return strings.Join(out, "\n")
}

// TestFresh reads whole messages of every sort. The reader was mended on them, so they hold what it can and measure
// nothing.
func TestFresh(t *testing.T) {
	r := readLetters(t, "fresh")
	for _, floor := range []struct {
		of        string
		c         confusion
		each, all float64
	}{
		{"intents", r.intents, 0.75, 0.97},
		{"languages", r.languages, 0.9, 0.97},
		{"classes", r.classes, 0.9, 0.98},
		{"layouts", r.layouts, 1, 1},
		{"return dates", r.returns, 0.97, 0.97},
		{"lengths", r.units, 1, 1},
	} {
		_, all := floor.c.table("")
		if all.recall() < floor.all || all.precision() < floor.all {
			t.Errorf("%s: recall %.3f, precision %.3f; the floor is %.2f for both", floor.of, all.recall(),
				all.precision(), floor.all)
		}
		for name, c := range floor.c {
			if c.recall() < floor.each || c.precision() < floor.each {
				t.Errorf("%s: recall %.3f, precision %.3f; the floor is %.2f for both", name, c.recall(),
					c.precision(), floor.each)
			}
		}
	}
}

// TestUnseen reads messages that nothing was mended on. Its figures are the honest ones: what is said in a way that no
// lexicon foresaw is missed, and then counts as a plain answer of a person, which harms nobody. What is found must be
// right.
func TestUnseen(t *testing.T) {
	r := readLetters(t, "unseen")
	for _, floor := range []struct {
		of                string
		c                 confusion
		recall, precision float64
	}{
		{"intents", r.intents, 0.75, 0.9},
		{"classes", r.classes, 0.97, 0.97},
		{"layouts", r.layouts, 1, 1},
		{"return dates", r.returns, 0.75, 1},
	} {
		if _, all := floor.c.table(""); all.recall() < floor.recall || all.precision() < floor.precision {
			t.Errorf("%s: recall %.3f, precision %.3f; the floors are %.2f and %.2f", floor.of, all.recall(),
				all.precision(), floor.recall, floor.precision)
		}
	}
}
