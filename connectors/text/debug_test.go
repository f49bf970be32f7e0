package text

import (
	"os"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestDebug(t *testing.T) {
	files, _ := lexiconFiles.ReadDir("lexicon")
	for _, s := range strings.Split(os.Getenv("DBG"), "##") {
		s = strings.ReplaceAll(s, `\n`, "\n")
		m := message{in: Input{Direction: crm.In, Body: s, At: at}, scan: new(scan)}
		m.body, m.tail = split(s, false)
		m.find(reader)
		t.Logf("TEXT %q TAIL %q", m.body, m.tail)
		for i := range m.sentences {
			sn := &m.sentences[i]
			t.Logf("sentence %q", m.text[m.tokens[sn.from].start:m.tokens[sn.to-1].end])
			for _, h := range reader.net.match(m.scan, sn) {
				name := ""
				for n, f := range cueNames {
					if f == h.feature {
						name = n
					}
				}
				if h.feature < 32 {
					name = crm.Intents(1 << h.feature).String()
				}
				t.Logf("   %s %s %q deny %v last %v", files[h.lang-1].Name(), name, m.text[m.tokens[h.from].start:m.tokens[h.to-1].end], h.deny, h.last)
			}
		}
		t.Logf("%+v", reader.Read(Input{Direction: crm.In, Body: s, At: at}))
	}
}
