package backtesting

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/rules"
)

func TestRead(t *testing.T) {
	d, err := Read("# a draft\n\nWINNOW_RULES_GRACE=9\nexport MISFIT=\"country=XX; size<5\"\nWINNOW_RULES_SLA=\n" +
		"WINNOW_LISTEN=:80\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Draft{
		Names:  []string{"GRACE", "MISFIT", "SLA"},
		Values: map[string]string{"GRACE": "9", "MISFIT": "country=XX; size<5", "SLA": ""}, Other: 1,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lines := []string{"WINNOW_RULES_GRACE=9", "WINNOW_RULES_MISFIT=country=XX; size<5", "WINNOW_RULES_SLA="}
	if diff := cmp.Diff(lines, d.Lines()); diff != "" {
		t.Errorf("as lines (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"\nWINNOW_RULES_GRACE": "line 2: want NAME=value", "=9": "line 1: want NAME=value",
		"WINNOW_RULES_GRACE=1\nGRACE=2": "line 2: GRACE is there twice",
	} {
		if _, err := Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}

func TestAlone(t *testing.T) {
	today := rules.Defaults()
	alone := func(text string) (names []string) {
		d, err := Read(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range d.Alone(today) {
			names = append(names, v.Name)
		}
		return names
	}
	if list := alone("GRACE=9"); list != nil {
		t.Errorf("one setting alone is the draft itself, got %v", list)
	}
	// SLA is what it was; a low band above 50 makes no sense, with or without its upper end.
	if diff := cmp.Diff([]string{
		"WINNOW_RULES_ENGAGEMENT_HIGH", "WINNOW_RULES_GRACE", "WINNOW_RULES_RECHECK",
	}, alone("GRACE=9\nSLA=1\nRECHECK=60d\nENGAGEMENT_LOW=70\nENGAGEMENT_HIGH=80")); diff != "" {
		t.Errorf("alone (-want +got):\n%s", diff)
	}
}
