package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

// TestOwnTexts: everything wrong with a file of messages is said at once, by its line.
func TestOwnTexts(t *testing.T) {
	const form = "want a language, and below it a text for each key, as in de: {advice.gone: Bitte dort nachfragen.}"
	for file, want := range map[string]string{
		`de:
  advice.todey: Heute!
  advice.today: "{when}!"
  farewell.misfit: "Tschüss {"
  advice.gone: Weg.
  advice.gone: Fort.
  advice.rest:
    - x
fr:
xy:
  advice.today: x
`: `line 2: advice.todey: there is no such message; did you mean advice.today?
line 3: advice.today: {when}: this message has the placeholders {on}
line 4: farewell.misfit: a } is missing
line 6: advice.gone: is on line 5 already
line 7: advice.rest: want a text
line 9: ` + form + `
line 10: xy: there is no such language; want one of de, en, es, fr, it, nl, pt`,
		"- a\n":                            "line 1: " + form,
		"de:\n\tx: y\n":                    "line 2: found character that cannot start any token",
		"":                                 "",
		`{"de": {"advice.gone": "Fort."}}`: "",
	} {
		var own Texts
		err := own.Decode(file)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", file, diff)
		}
	}
}

// TestTextsAreUsed: the settings lead to what is said.
func TestTextsAreUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "texts.yaml")
	text := "es:\n  farewell.misfit: Adiós.\nen:\n  farewell.misfit: Goodbye.\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := Load([]string{"WINNOW_LANGUAGE=ES", "WINNOW_TEXTS_FILE=" + file, "WINNOW_REASON_ROWS=true"})
	say := c.Words()
	revenue := crm.Reason{ID: "A28", Says: words.Say("reason.recurring_revenue")}
	if got := say.Line(revenue); got != "aporta ingresos recurrentes (A28)" {
		t.Errorf("%q", got)
	}
	for lang, want := range map[string]string{"": "Adiós.", "en": "Goodbye."} {
		if got := say.Farewell(&crm.Rating{Status: crm.Pending, Ground: crm.Misfit, Language: lang}); got != want {
			t.Errorf("to one who writes %q: %q, want %q", lang, got, want)
		}
	}
	text = "es:\n  farewell.misfit: Adiós {\n  nothing: x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load([]string{"WINNOW_LANGUAGE=xy", "WINNOW_TEXTS_FILE=" + file})
	for _, want := range []string{
		"WINNOW_TEXTS: line 2: farewell.misfit: a } is missing\n",
		"WINNOW_TEXTS: line 3: nothing: there is no such message",
		`WINNOW_LANGUAGE: "xy": want one of de, en, es, fr, it, nl, pt`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant it to say %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "Adiós") {
		t.Errorf("the file is in the error: %v", err)
	}
}
