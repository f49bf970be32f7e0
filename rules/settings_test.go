package rules

import (
	"strings"
	"testing"
)

func TestDefaultsAreSound(t *testing.T) {
	s := Defaults()
	if len(s.Version()) != 12 {
		t.Errorf("version %q: want 12 hexadecimal digits", s.Version())
	}
	for _, v := range s.Describe() {
		if v.Value != v.Default {
			t.Errorf("%s: effective value %q is written differently from its default %q", v.Name, v.Value, v.Default)
		}
		if v.Meaning == "" || v.Unit == "" {
			t.Errorf("%s says nothing of its meaning or unit", v.Name)
		}
	}
}

func TestParseReportsEverythingAtOnce(t *testing.T) {
	_, err := Parse(map[string]string{
		"QUOTA_EARLY":         "soon",
		"SHORT_ANSWERS_POITS": "-12",
		"ENGAGEMENT_LOW":      "70",
		"WEIGHT_FIT":          "31",
		"GENDER_POINTS":       "-5",
		"FIT_PROFILE":         "nationality=x:-5",
		"MATRIX":              "CDD,AAB,BCC",
		"SEGMENT_GHOST_GRACE": "3",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"WINNOW_RULES_QUOTA_EARLY: want a duration", "WINNOW_RULES_SHORT_ANSWERS_POITS: no such setting; did you mean WINNOW_RULES_SHORT_ANSWERS_POINTS?",
		"WINNOW_RULES_ENGAGEMENT_LOW is 70", "add up to 101", `"gender" is a personal trait`, `"nationality" is a personal trait`,
		"WINNOW_RULES_MATRIX rates less engagement better", "WINNOW_RULES_SEGMENT_GHOST_GRACE: no segment of that name",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestSegmentsOverride(t *testing.T) {
	s, err := Parse(map[string]string{"SEGMENTS": "shop, shop_eu", "SEGMENT_SHOP_GRACE": "3", "SEGMENT_SHOP_EU_GRACE": "4", "GRACE": "9"})
	if err != nil {
		t.Fatal(err)
	}
	if s.of("").grace != 9 || s.of("shop").grace != 3 || s.of("shop_eu").grace != 4 || s.of("other").grace != 9 {
		t.Errorf("graces %d %d %d %d: want 9 3 4 9", s.of("").grace, s.of("shop").grace, s.of("shop_eu").grace, s.of("other").grace)
	}
	if s.Version() == Defaults().Version() {
		t.Error("other settings, same version")
	}
	if s.of("shop").Version() != s.Version() {
		t.Error("a rating names the settings as a whole, whatever the segment")
	}
}

func TestVersionIgnoresSpelling(t *testing.T) {
	a, err1 := Parse(map[string]string{"QUOTA_EARLY": "1080h", "SHORT_ANSWERS_POINTS": "-12"})
	if err1 != nil {
		t.Fatal(err1)
	}
	if a.Version() != Defaults().Version() {
		t.Error("the same values, spelt otherwise, are other settings")
	}
}
