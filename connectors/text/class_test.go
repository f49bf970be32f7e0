package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestClass goes through what machines and people send: a case is a block in a file. All were sent on Wednesday, 7 January 2026.
func TestClass(t *testing.T) {
	files, err := filepath.Glob("testdata/class/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	type cell struct{ hit, miss, wrong int }
	table := map[crm.Class]*cell{}
	for c := crm.Human; c <= crm.Bulk; c++ {
		table[c] = &cell{}
	}
	returns := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(data), "\n== ")[1:] {
			label, rest, _ := strings.Cut(block, "\n")
			name, day, _ := strings.Cut(strings.TrimSpace(label), " ")
			var want crm.Class
			if err := want.UnmarshalText([]byte(name)); err != nil {
				t.Fatal(err)
			}
			in := Input{Direction: crm.In, At: at, Header: map[string][]string{}}
			for {
				line, more, _ := strings.Cut(rest, "\n")
				key, value, ok := strings.Cut(line, ": ")
				if !ok || in.Subject != "" {
					break
				}
				rest = more
				switch key {
				case "Subject":
					in.Subject = value
				case "From":
					in.From = value
				case "Header":
					k, v, _ := strings.Cut(value, ": ")
					in.Header[k] = []string{v}
				}
			}
			in.Body = strings.TrimSpace(rest)
			got := reader.Read(in)
			if got.Class != want {
				t.Errorf("%s, %q: %s, want %s", filepath.Base(file), in.Subject, got.Class, want)
				table[want].miss++
				table[got.Class].wrong++
				continue
			}
			table[want].hit++
			if back := got.Return; day != "" || back != 0 {
				returns++
				if s := back.Time().Format("2006-01-02"); s != day && !(day == "" && back == 0) {
					t.Errorf("%s, %q: back on %s, want %q", filepath.Base(file), in.Subject, s, day)
				}
			}
			if got.Class != crm.Human && (got.Intents != 0 || got.Key != 0) {
				t.Errorf("%q: intents %q in what no person wrote", in.Subject, got.Intents)
			}
		}
	}
	for c := crm.Human; c <= crm.Bulk; c++ {
		t.Logf("%-14s hit %2d miss %d wrong %d", c, table[c].hit, table[c].miss, table[c].wrong)
		if table[c].hit == 0 {
			t.Errorf("no case of class %s", c)
		}
	}
	if returns < 25 {
		t.Errorf("only %d cases with a return date", returns)
	}
}
