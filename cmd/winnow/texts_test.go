package main

import (
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	for _, c := range []struct{ lang, flag, want, fault string }{
		{"", "", "\n  advice.next: Agree on the next step and a date for it.\n", ""},
		{"de", "", "\n  advice.overdue: 'Das ist überfällig: bitte noch heute.'\n", ""},
		{"de", "nl", "\n  option.keep: Houden\n", ""},
		{"", "xx", "", `there are no texts in "xx": want one of de, en, es, fr, it, nl, pt`},
	} {
		t.Setenv("WINNOW_LANGUAGE", c.lang)
		var out strings.Builder
		cmd := rootCommand()
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"texts", "--language", c.flag})
		err := cmd.Execute()
		if fault := strings.TrimSpace(errorText(err)); fault != c.fault || !strings.Contains(out.String(), c.want) {
			t.Errorf("%+v: %q, %.80s", c, fault, out.String())
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
