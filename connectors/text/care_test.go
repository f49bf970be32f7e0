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

// remark is one message of testdata/care with what is known of it.
type remark struct {
	in             Input
	kind, position string
	class          crm.Class
	notClass       crm.Class // a class that it must not have; Human: none is named
	want, mustNot  crm.Intents
	back, horizon  string
	loose          bool
}

// harms are what a wrong reading costs.
const (
	buyerLost   = "buyer lost"   // who buys is taken for one who refuses, leaves or is a machine
	debtMissed  = "debt missed"  // an answer is owed and nobody is told
	wasterKept  = "waster kept"  // a refusal, a wish to leave or an absence goes unseen
	clockWrong  = "clock wrong"  // a day that they named is missed, or misread
	buyerBlamed = "buyer blamed" // an answer counts as a shrug
)

func loadRemarks(t *testing.T, file string) []remark {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []remark
	for i, block := range strings.Split("\n"+string(data), "\n== ")[1:] {
		label, rest, _ := strings.Cut(block, "\n")
		m := remark{
			in:       Input{Direction: crm.In, Subject: "Re: Offer", At: at},
			position: fmt.Sprintf("%s #%d", filepath.Base(file), i+1),
		}
		for _, word := range strings.Fields(label) {
			key, value, _ := strings.Cut(word, "=")
			name, not := strings.CutPrefix(word, "!")
			var class crm.Class
			switch {
			case key == "kind":
				m.kind = value
			case key == "return":
				m.back = value
			case key == "horizon":
				m.horizon = value
			case word == "loose":
				m.loose = true
			case word == "out":
				m.in.Direction = crm.Out
			case class.UnmarshalText([]byte(name)) == nil && not:
				m.notClass = class
			case class.UnmarshalText([]byte(name)) == nil:
				m.class = class
			case not:
				m.mustNot |= intentOf(t, m.position, name)
			default:
				m.want |= intentOf(t, m.position, name)
			}
		}
		if strings.HasPrefix(rest, "@Subject ") {
			m.in.Subject, rest, _ = strings.Cut(rest[len("@Subject "):], "\n")
		}
		m.in.Body = strings.ReplaceAll(strings.TrimSpace(rest), `\n`, "\n")
		out = append(out, m)
	}
	return out
}

// faults are the harms that the reading got does to m; none where it is right.
func (m *remark) faults(got crm.Text) []string {
	var out []string
	day := func(ms crm.Millis) string {
		if ms == 0 {
			return ""
		}
		return ms.Time().Format("2006-01-02")
	}
	switch missed := m.want &^ got.Intents; {
	case got.Class != m.class && m.class == crm.Human:
		out = append(out, buyerLost)
	case got.Class != m.class:
		out = append(out, wasterKept)
	case missed.Any(owing):
		out = append(out, debtMissed)
	case missed != 0:
		out = append(out, wasterKept)
	}
	switch wrong := m.mustNot & got.Intents; {
	case wrong.Any(crm.Thanks):
		out = append(out, debtMissed)
	case wrong.Any(crm.Vague):
		out = append(out, buyerBlamed)
	case wrong != 0:
		out = append(out, buyerLost)
	}
	if m.horizon != "" && day(got.Horizon) != m.horizon || m.loose != got.Loose && (m.loose || m.horizon != "") ||
		m.back != "" && day(got.Return) != m.back {
		out = append(out, clockWrong)
	}
	return out
}

// owing are the intents that make an answer owed.
const owing = crm.Asks | crm.Requests | crm.Accepts | crm.QuoteRequest | crm.ChangeRequest | crm.ClearYes

// readRemarks reads every message below dir and prints, by kind, how many are right and what the others cost.
func readRemarks(t *testing.T, dir string) (right, all int, harm map[string]int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages in %s: %v", dir, err)
	}
	type row struct{ right, all int }
	rows := map[string]row{}
	harm = map[string]int{}
	for _, file := range files {
		for _, m := range loadRemarks(t, file) {
			got := reader.Read(m.in)
			faults := m.faults(got)
			r := rows[m.kind]
			r.all++
			if len(faults) == 0 {
				r.right++
			} else {
				t.Logf("%s (%s): %s; %s, %q, weak %q, horizon %s, loose %t: %.100q", m.position, m.kind,
					strings.Join(faults, ", "), got.Class,
					got.Intents, got.Weak, got.Horizon.Time().Format("2006-01-02"), got.Loose, m.in.Body)
			}
			rows[m.kind] = r
			for _, f := range faults {
				harm[f]++
			}
		}
	}
	var table strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&table, "\n%-18s %3d of %3d", kind, rows[kind].right, rows[kind].all)
		right, all = right+rows[kind].right, all+rows[kind].all
	}
	fmt.Fprintf(&table, "\n%-18s %3d of %3d", "all", right, all)
	for _, h := range slices.Sorted(maps.Keys(harm)) {
		fmt.Fprintf(&table, "\n%s: %d", h, harm[h])
	}
	t.Log(table.String())
	return right, all, harm
}

// TestCare measures what a wrong reading costs on messages that were written before the reader told strong words from
// weak ones, and that were not looked at while it learned to: 89 of the 186 were right before, 179 after. Faults of the
// engine that the others showed were mended then. The limits only ever become stricter.
func TestCare(t *testing.T) {
	right, all, harm := readRemarks(t, "care")
	if right < 183 {
		t.Errorf("%d of %d are read rightly: it was 183", right, all)
	}
	if harm[buyerLost] > 1 || harm[debtMissed] > 1 || harm[buyerBlamed] > 0 {
		t.Errorf("%d buyers lost, %d blamed, %d debts missed: it was 1, 0 and 1", harm[buyerLost], harm[buyerBlamed],
			harm[debtMissed])
	}
}

// What only begins like a yes agrees to nothing: they are still at it, put it off, or want something of us.
func TestTheBeginningOfAYesIsNone(t *testing.T) {
	for _, body := range []string{
		"Wir sind dabei, das intern zu klären.", "Bin dabei, die Unterlagen zu sichten.",
		"Legen Sie mir bitte zwei Varianten vor.", "Let's go over this again next year.", "Let's do this in autumn.",
		"Let's go through the numbers first.", "Dale saludos a Ana.", "On prend du retard.",
		"On prend le temps de réfléchir.", "Ci sto ancora pensando.", "Ci stiamo lavorando.",
		"Doen we volgend jaar misschien.",
		"Estamos dentro do prazo.", "Pode seguir em anexo a nossa ficha.",
	} {
		if got := theirs(body); got.Any(crm.Accepts) {
			t.Errorf("%q: %s", body, got)
		}
	}
	for _, body := range []string{
		"Legen Sie los!", "Wir sind gerne dabei.", "Let's go ahead.", "Let's do it.", "Let's go for it!", "Adelante.",
		"C'est parti !", "On prend !", "Ci stiamo!", "Andiamo avanti.", "Procedete pure.", "Doen we.",
		"Estamos dentro.", "Podem avançar.",
	} {
		if got := theirs(body); !got.Any(crm.Accepts) {
			t.Errorf("%q agrees to nothing: %s", body, got)
		}
	}
}
