package words

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestEveryLanguage: each language says everything, and of each thing the same.
func TestEveryLanguage(t *testing.T) {
	entries, err := files.ReadDir("texts")
	if err != nil || len(entries) != len(Languages) {
		t.Fatalf("%d files for %d languages: %v", len(entries), len(Languages), err)
	}
	keys, english := Keys(), built[English]()
	for _, lang := range Languages {
		all, tongue := texts(lang), built[lang]()
		if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(all))); diff != "" {
			t.Errorf("%s (-English +%s):\n%s", lang, lang, diff)
		}
		for key, text := range all {
			if diff := cmp.Diff(english.messages[key].names(), tongue.messages[key].names()); diff != "" {
				t.Errorf("%s: %s has other placeholders (-English +%s):\n%s", lang, key, lang, diff)
			}
			if text != strings.TrimSpace(text) || strings.Contains(text, "  ") || text == "" {
				t.Errorf("%s: %s: blanks too many in %q", lang, key, text)
			}
			first, _ := utf8.DecodeRuneInString(text)
			sentence := strings.HasPrefix(key, "advice.") || strings.HasPrefix(key, "farewell.")
			if sentence && (!strings.HasSuffix(text, ".") || first != '{' && !unicode.IsUpper(first)) {
				t.Errorf("%s: %s is no sentence: %q", lang, key, text)
			}
			if strings.HasPrefix(key, "reason.") && strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is a sentence: %q", lang, key, text)
			}
		}
	}
}

// TestLabels: every CRM takes the labels. Source: Salesforce Help, "Custom Field Attributes": a label has 40 characters
// at most, a help text 510.
func TestLabels(t *testing.T) {
	for _, lang := range Languages {
		labels := map[string]bool{}
		for _, f := range New(lang, nil, false).Fields() {
			n, rest := utf8.RuneCountInString(f.Label), strings.TrimPrefix(f.Label, "Winnow")
			named := rest != f.Label && strings.ContainsAny(rest[:1], " -:")
			if n > 40 || n < 10 || !named || labels[f.Label] {
				t.Errorf("%s: label %q of %d characters", lang, f.Label, n)
			}
			if n := utf8.RuneCountInString(f.Description); n > 510 || n < 8 {
				t.Errorf("%s: description %q of %d characters", lang, f.Description, n)
			}
			labels[f.Label] = true
			for _, o := range f.Options {
				if o.Label == "" {
					t.Errorf("%s: %s has no label for %s", lang, f.Field, o.Value)
				}
			}
		}
	}
	if got, want := New("de", nil, false).Fields()[0].Label, "Winnow-Bewertung"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if diff := cmp.Diff(crm.FieldTable[0], Default().Fields()[0]); diff != "" {
		t.Error(diff)
	}
}

// TestSaid: what the code says is in the catalogue, and what is in the catalogue is said.
func TestSaid(t *testing.T) {
	said, quoted := map[string]bool{}, regexp.MustCompile(`"((?:reasons?|advice|date|list|flag)\.[a-z_.]*[a-z])"`)
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile("../" + name)
		for _, m := range quoted.FindAllStringSubmatch(string(source), -1) {
			said[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		switch kind, _, _ := strings.Cut(key, "."); {
		case kind == "field" || kind == "option" || kind == "farewell":
		case !said[key]:
			t.Errorf("nobody says %s", key)
		}
		delete(said, key)
	}
	for key := range said {
		t.Errorf("%s is said, and there is no such message", key)
	}
}

func TestDays(t *testing.T) {
	march := 20515 // 2026-03-03
	again := crm.Arg{Name: "on", Days: []int{march + 6, march + 11, march + 17}}
	over := crm.Arg{Name: "on", Days: []int{march - 4, march + 6, march + 11}}
	apart := []int{march - 4, march - 3, march + 6}
	if got, want := built[English]().days(apart, false), "27 and 28 February and 9 March"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	years := crm.Arg{Name: "on", Days: []int{march - 367, march - 2}, Years: true}
	quote := crm.Arg{Name: "quote", Days: []int{march}}
	for lang, want := range map[string][3]string{
		"de": {
			"hat am 9., 14. und 20. März erneut um das Angebot vom 3. März gebeten",
			"27. Februar, 9. und 14. März", "1. März 2025 und 1. März 2026",
		},
		"en": {
			"asked for the quote of 3 March again on 9, 14 and 20 March",
			"27 February, 9 and 14 March", "1 March 2025 and 1 March 2026",
		},
		"es": {
			"volvió a pedir el presupuesto del 3 de marzo los días 9, 14 y 20 de marzo",
			"27 de febrero, 9 y 14 de marzo", "1 de marzo de 2025 y 1 de marzo de 2026",
		},
		"fr": {
			"a redemandé le devis du 3 mars les 9, 14 et 20 mars",
			"27 février, 9 et 14 mars", "1er mars 2025 et 1er mars 2026",
		},
		"it": {
			"ha richiesto di nuovo il preventivo del giorno 3 marzo in data 9, 14 e 20 marzo",
			"27 febbraio, 9 e 14 marzo", "1 marzo 2025 e 1 marzo 2026",
		},
		"nl": {
			"vroeg op 9, 14 en 20 maart opnieuw om de offerte van 3 maart",
			"27 februari, 9 en 14 maart", "1 maart 2025 en 1 maart 2026",
		},
		"pt": {
			"voltou a pedir a proposta de 3 de março em 9, 14 e 20 de março",
			"27 de fevereiro, 9 e 14 de março", "1 de março de 2025 e 1 de março de 2026",
		},
	} {
		c := New(lang, nil, false)
		got := [3]string{
			c.Reason(Say("reason.same_quote", quote, again)),
			c.ours.days(over.Days, false), c.ours.days(years.Days, true),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
}

func TestPlurals(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{
		{"en", 1, "takes about one business day to answer, last on 3 March"},
		{"en", 2, "takes about 2 business days to answer, last on 3 March"},
		{"fr", 1, "met environ 1 jour ouvré à répondre, la dernière fois le 3 mars"},
		{"fr", 3, "met environ 3 jours ouvrés à répondre, la dernière fois le 3 mars"},
		{"de", 1, "braucht für eine Antwort etwa einen Arbeitstag, zuletzt am 3. März"},
		{"de", 4, "braucht für eine Antwort etwa 4 Arbeitstage, zuletzt am 3. März"},
	} {
		last := crm.Arg{Name: "last", Days: []int{20515}}
		says := Say("reason.reply_latency.days", Number("n", c.n), last)
		if got := New(c.lang, nil, false).Reason(says); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.lang, c.n, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"{":                                 "a } is missing",
		"{n":                                "a } is missing",
		"x}":                                "a } too many",
		"{N}":                               "no name of a placeholder",
		"{}":                                "no name of a placeholder",
		"{n, number}":                       "want plural or select",
		"{n, plural, one {x}}":              "want other {...} as the last choice",
		"{n, plural}":                       "want plural or select",
		"{n, plural, single {x} other {y}}": `"single" is no plural form`,
		"{n, plural, one {x} other {y}":     "a } is missing",
		"{n, plural, one x other {y}}":      `"one x other" is no plural form`,
		"{n, select, a {x} other {{}}}":     "no name of a placeholder",
	} {
		if m, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %v (%v), want an error with %s", text, m, err, want)
		}
	}
	for text, want := range map[string]string{
		"# {n, plural, =0 {no #} one {# thing} other {{n} of {k, select, a {A#} other {{k}}}}}": "# 3 of A3",
		"l'offre":                            "l'offre",
		"{k, select, b {B} other {not {k}}}": "not a",
	} {
		m, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var b strings.Builder
		m.write(&b, built[English](), []crm.Arg{Number("n", 3), Word("k", "a")}, 0)
		if b.String() != want {
			t.Errorf("%s: %q, want %q", text, b.String(), want)
		}
	}
}

func TestOwn(t *testing.T) {
	faults := Check(Own{
		"de": {
			"advice.today": "Jetzt!", "advice.todey": "x", "advice.gone": "{who} ist weg", "advice.rest": " ",
			"advice.remind": "{ask",
		},
		"xx": {"advice.today": "x"},
	})
	want := []Fault{
		{"de", "advice.gone", false, "{who}: this message has no placeholders"},
		{"de", "advice.remind", false, "a } is missing"},
		{"de", "advice.rest", false, "want a text"},
		{"de", "advice.todey", true, "there is no such message"},
		{"xx", "", true, "there is no such language; want one of de, en, es, fr, it, nl, pt"},
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Error(diff)
	}
	own := Own{
		"de": {"advice.today": "Jetzt!", "farewell.unresponsive": "Tschüss.", "date.day": "{month} {day}"},
		"fr": {"farewell.unresponsive": "Au revoir."},
	}
	c := New("de", own, true)
	if got := c.Advice(Say("advice.today", crm.Arg{Name: "on", Days: []int{1}})); got != "Jetzt!" {
		t.Errorf("%q", got)
	}
	gone := Say("advice.rest", crm.Arg{Name: "on", Days: []int{20515}})
	if got, want := c.Advice(gone), "Vorerst kein weiterer Aufwand; am März 3. erneut prüfen."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	writes := map[string]string{"": "Tschüss.", "de": "Tschüss.", "fr": "Au revoir.", "ja": "Tschüss."}
	for lang, want := range writes {
		if got := c.Farewell(&crm.Rating{Status: crm.Pending, Ground: crm.Unresponsive, Language: lang}); got != want {
			t.Errorf("%q: %q, want %q", lang, got, want)
		}
	}
	if got := c.Farewell(&crm.Rating{Status: crm.Open, Ground: crm.Unresponsive}); got != "" {
		t.Errorf("nobody is pending, and %q is proposed", got)
	}
	r := crm.Reason{ID: "A06", Sub: crm.Engagement, Points: -12, Says: Say("reason.support_load")}
	if got, want := c.Line(r), "-12 braucht viel Unterstützung (A06)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	versions := map[string]bool{}
	others := []*Catalogue{New("de", own, false), New("de", nil, true), New("fr", own, true), Default()}
	for _, other := range append(others, c) {
		versions[other.Version()] = true
	}
	if len(versions) != 5 {
		t.Error("catalogues that say different things have one version")
	}
}

// TestPrint: what is printed can be read as messages of one's own, and changes nothing.
func TestPrint(t *testing.T) {
	for _, lang := range Languages {
		var b strings.Builder
		if err := Print(&b, lang); err != nil {
			t.Fatal(err)
		}
		got := read(t, b.String())
		if diff := cmp.Diff(Own{lang: texts(lang)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
		if faults := Check(got); faults != nil {
			t.Errorf("%s: %v", lang, faults)
		}
	}
}

func read(t *testing.T, text string) Own {
	t.Helper()
	own := Own{}
	if err := yaml.Unmarshal([]byte(text), &own); err != nil {
		t.Fatal(err)
	}
	return own
}
