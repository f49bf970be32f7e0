package text

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// part is one of the parts of a mail in testdata/parts, by what it is.
type part map[string][]string

func loadParts(t *testing.T, file string) part {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	by := part{}
	for line := range strings.Lines(string(data)) {
		kind, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
		if !ok {
			t.Fatalf("%s: no bar in %q", file, line)
		}
		by[kind] = append(by[kind], strings.ReplaceAll(text, `\n`, "\n"))
	}
	return by
}

func (p part) pick(r *rand.Rand, kind string) string { return p[kind][r.IntN(len(p[kind]))] }

// mail puts together what they write, what stands below it, and a quotation or two of ours.
func (p part) mail(r *rand.Rand) (mail string, own []string, ours string) {
	own = []string{p.pick(r, "own")}
	if r.IntN(2) == 0 {
		own = append(own, p.pick(r, "own"))
	}
	parts := []string{strings.Join(own, ".\n")}
	for _, kind := range []string{"closing", "device", "notice"} {
		if r.IntN(2) == 0 {
			parts = append(parts, p.pick(r, kind))
		}
	}
	ours = p.pick(r, "ours")
	quoted := ours
	if r.IntN(2) == 0 {
		quoted += "\n\n" + fmt.Sprintf(p.pick(r, "quote"), "Alpha beta gamma.")
	}
	quote := p.pick(r, "quote")
	if strings.Contains(quote, "> %s") {
		quoted = strings.ReplaceAll(quoted, "\n", "\n> ")
	}
	gap := "\n\n"
	if r.IntN(4) == 0 {
		gap = "\n"
	}
	return strings.Join(append(parts, fmt.Sprintf(quote, quoted)), gap), own, ours
}

// TestParts puts mails together in thousands of ways: no line of theirs may be lost and nothing of ours kept, whichever
// signature, device and notice stands between. Some of what stands below may be left.
func TestParts(t *testing.T) {
	const mails, leftovers = 1500, 0.06
	files, err := filepath.Glob("testdata/parts/*.txt")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		p := loadParts(t, file)
		r := rand.New(rand.NewPCG(1, 2))
		left := 0
		for range mails {
			mail, own, ours := p.mail(r)
			kept := Strip(mail)
			for _, line := range own {
				if !strings.Contains(kept, line) {
					t.Fatalf("%s: kept %q, without %q, of\n%s", file, kept, line, mail)
				}
			}
			for _, s := range []string{ours, "Alpha", "us.example"} {
				if strings.Contains(kept, s) {
					t.Fatalf("%s: kept %q, with %q, of\n%s", file, kept, s, mail)
				}
			}
			if strings.TrimRight(strings.TrimSpace(kept), ".") != strings.Join(own, ".\n") {
				left++
			}
		}
		t.Logf("%s: %d of %d mails keep some of what stands below", filepath.Base(file), left, mails)
		if float64(left) > leftovers*mails {
			t.Errorf("%s: %d of %d mails keep some of what stands below", file, left, mails)
		}
	}
}
