package text

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestLanguage: whom we answer in another language than theirs is annoyed; of whom no language is plain is answered in
// ours. So it has to be right nearly always, and plain often.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if more, e := filepath.Glob("testdata/heldout/*.txt"); err != nil || e != nil || len(files)+len(more) != 14 {
		t.Fatalf("%d and %d files: %v %v", len(files), len(more), err, e)
	} else {
		files = append(files, more...)
	}
	plain, wrong, all := map[string]int{}, map[string]int{}, map[string]int{}
	for _, file := range files {
		want := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, s := range loadCorpus(t, file) {
			got := reader.Read(Input{Direction: crm.In, Body: s.body})
			if got.Class != crm.Human || got.Units < 4 {
				continue
			}
			all[want]++
			switch got.Language {
			case want:
				plain[want]++
			case "":
			default:
				wrong[want]++
				t.Logf("%s: taken for %s: %s", s.position, got.Language, s.body)
			}
		}
	}
	for lang, n := range all {
		t.Logf("%s: %d of %d plain, %d wrong", lang, plain[lang], n, wrong[lang])
		if 100*wrong[lang] > n || 2*plain[lang] < n {
			t.Errorf("%s: of %d messages %d are plainly in it, %d are taken for another language", lang, n,
				plain[lang], wrong[lang])
		}
	}
	ours := Input{Direction: crm.Out, Body: "Can you tell us what you think of the offer that we sent you?"}
	if got := reader.Read(ours); got.Language != "" {
		t.Errorf("a message of ours has the language %s; only theirs is wanted", got.Language)
	}
}
