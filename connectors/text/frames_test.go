package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// owedWords are the messages of persons in testdata that demand an answer, refuse nothing and harm nobody as they are,
// by language: of one line, without a quote.
func owedWords(t *testing.T) map[string][]heldOut {
	t.Helper()
	by := map[string][]heldOut{}
	add := func(m heldOut) {
		m.in.Body = strings.TrimSpace(m.in.Body)
		refuses := (m.want | m.mayBe).Any(letsGo | against | evasions)
		oneLine := m.in.Body != "" && !strings.Contains(m.in.Body, "\n")
		if !m.human() || !m.owed || refuses || m.in.Header != nil || !oneLine {
			return
		}
		if got := reader.Read(m.in); m.harm(got) == none && got.Language != "" {
			by[got.Language] = append(by[got.Language], m)
		}
	}
	for _, dir := range []string{"learnt", "opened"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatal("no messages", err)
		}
		for _, file := range files {
			for _, m := range loadHoldout(t, file) {
				add(m)
			}
		}
	}
	data, err := os.ReadFile("testdata/kinds/traps.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		label, body, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
		if strings.HasPrefix(label, "human ") && strings.Contains(label, "!thanks") && !strings.Contains(body, "||") {
			body = strings.ReplaceAll(body, `\n`, "\n")
			in := Input{Direction: crm.In, Subject: "Re: Offer", At: at, Body: body}
			add(heldOut{verdict: verdict{owed: true}, in: in})
		}
	}
	return by
}

// TestBeside reads two such messages as one. Neither may undo the other: what harms nobody alone harms nobody beside
// what harms nobody. Every pair is one of many thousands, of which the test takes some.
func TestBeside(t *testing.T) {
	const every = 7
	for lang, list := range owedWords(t) {
		n, harmed := 0, 0
		for i := 0; i < len(list)*len(list); i += every {
			a, b := list[i/len(list)], list[i%len(list)]
			for _, subject := range []string{"Re: Offer", "A question"} {
				m := heldOut{verdict: verdict{owed: true, mayBe: a.mayBe | b.mayBe}, in: a.in}
				m.in.Subject, m.in.Body = subject, a.in.Body+"\n\n"+b.in.Body
				n++
				if _, h := m.read(); h != none {
					harmed++
					t.Logf("%s, harm %d: %q %q: %+v", lang, h, subject, m.in.Body, reader.Read(m.in))
				}
			}
		}
		t.Logf("%s: %d of %d messages harmed", lang, harmed, n)
		if harmed > n/1000 {
			t.Errorf("%s: %d of %d messages harmed; the aim is one in a thousand", lang, harmed, n)
		}
	}
}

// TestFrames puts such messages between what people, programs and companies write around them: a frame of
// testdata/frames holds %s for the message. Absences and machines stand beside them, and quotes below.
func TestFrames(t *testing.T) {
	n, harmed := 0, 0
	for lang, list := range owedWords(t) {
		data, err := os.ReadFile(filepath.Join("testdata", "frames", lang+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for frame := range strings.Lines(string(data)) {
			frame = strings.ReplaceAll(strings.TrimSpace(frame), `\n`, "\n")
			for _, a := range list {
				for _, subject := range []string{"Re: Offer", "A question"} {
					m := heldOut{verdict: verdict{owed: true, mayBe: a.mayBe | evasions&^crm.Vague}, in: a.in}
					m.in.Subject, m.in.Body = subject, strings.ReplaceAll(frame, "%s", a.in.Body)
					m.keep = []string{a.in.Body}
					n++
					if _, h := m.read(); h != none {
						harmed++
						t.Logf("%s, harm %d: %q %q: %+v", lang, h, subject, m.in.Body, reader.Read(m.in))
					}
				}
			}
		}
	}
	t.Logf("%d of %d messages harmed", harmed, n)
	if harmed > mostFramed {
		t.Errorf("%d of %d messages harmed: it was %d", harmed, n, mostFramed)
	}
}

// mostFramed only ever falls. Most of those left say that they are back, and that they are away.
const mostFramed = 42
