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
		"WINNOW_RULES_QUOTA_EARLY: want a duration",
		"WINNOW_RULES_SHORT_ANSWERS_POITS: no such setting; did you mean WINNOW_RULES_SHORT_ANSWERS_POINTS?",
		"WINNOW_RULES_ENGAGEMENT_LOW is 70", "add up to 101", `"gender" is a personal trait`,
		`"nationality" is a personal trait`,
		"WINNOW_RULES_MATRIX rates less engagement better", "WINNOW_RULES_SEGMENT_GHOST_GRACE: no segment of that name",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestSegmentsOverride(t *testing.T) {
	s, err := Parse(map[string]string{
		"SEGMENTS": "shop, shop_eu", "SEGMENT_SHOP_GRACE": "3", "SEGMENT_SHOP_EU_GRACE": "4", "GRACE": "9",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.of("").Grace != 9 || s.of("shop").Grace != 3 || s.of("shop_eu").Grace != 4 || s.of("other").Grace != 9 {
		t.Errorf("graces %d %d %d %d: want 9 3 4 9", s.of("").Grace, s.of("shop").Grace, s.of("shop_eu").Grace,
			s.of("other").Grace)
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

// What Describe prints can be set again and gives the same settings.
func TestDescribedSettingsAreTheSame(t *testing.T) {
	env := customEnv(map[string]string{"HALF_LIFE": "36h"})
	for k, v := range map[string]string{
		"SEGMENTS": "shop", "SEGMENT_SHOP_GRACE": "3",
		"FIT_PROFILE": "industry=Food & Beverage|retail:+10; employees<5 : -5", "SUSPECT_HOURS": "fri 16:00-18:00; off",
		"HOURS": "8:30-17:00", "WORK_WEEK": "sun-thu", "ZONE": "Asia/Kathmandu", "MATRIX": "aab, bcc, cdd",
		"ROLES": "head , owner", "QUOTA_EARLY": "1080h",
	} {
		env[k] = v
	}
	s, err := Parse(env)
	if err != nil {
		t.Fatal(err)
	}
	again := map[string]string{}
	for _, v := range s.Describe() {
		again[strings.TrimPrefix(v.Name, Prefix)] = v.Value
	}
	back, err := Parse(again)
	if err != nil {
		t.Fatal(err)
	}
	if back.Version() != s.Version() {
		t.Errorf("version %s, set again %s", s.Version(), back.Version())
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range knobs {
		f.Add(k.name, k.def)
	}
	for _, v := range [...]string{
		"", "-", "1d", "999999999999d", "a=b:+1;c>2:-3", "off;mon-sun 00:00-24:00", "sun-", "1e9", "\x00", ";;;",
		"AAA,AAA,AAA", "100%",
	} {
		f.Add("FIT_PROFILE", v)
		f.Add("SUSPECT_HOURS", v)
		f.Add("QUOTA_EARLY", v)
		f.Add("CUSTOM_X_WHEN", v)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		s, err := Parse(map[string]string{
			name: value, "CUSTOM": "x", "CUSTOM_X_WHY": "is seen here", "CUSTOM_X_POINTS": "1",
		})
		if err != nil {
			return
		}
		if r := Rate(s, recordOf(exchange(12)...), calm(Start.Add(100*day))); r.Model != s.Version() || adds(r) != nil {
			t.Errorf("accepted, but rates %s", asJSON(r))
		}
	})
}

// What settings look at is what has to be read: no more where only a default names it, and all of it where a segment or
// a condition does.
func TestProperties(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"": {
			"QUOTA_EARLY": "50d", "SPEND_GOOD": "10", "MISFIT": "country=XX;segment=none",
			"INDUSTRY_PROPERTY": "",
		},
		"industry":          {"INDUSTRY_GOOD": "retail"},
		"branch":            {"INDUSTRY_PROPERTY": "branch"},
		"branch size":       {"INDUSTRY_PROPERTY": "branch", "INDUSTRY_BAD": "retail", "MISFIT": "size<3"},
		"role":              {"ROLES": "owner"},
		"company_size":      {"COMPANY_SIZE_MAX": "50"},
		"recurring_revenue": {"RECURRING_PROPERTY": "recurring_revenue"},
		"open_tickets":      {"SUPPORT_LOAD_ON": "true"},
		"rep_vote":          {"REP_VOTE_ON": "true"},
		"agreed_on call_on": {"FOLLOW_UP_PROPERTIES": "call_on, agreed_on"},
		"area plan region": {
			"FIT_PROFILE": "region=north:+10;plan~pro:+2", "WORTH_PROFILE": "area!=x:-3;region=south:+1",
		},
		"industry team": {
			"SEGMENTS": "shop", "SEGMENT_SHOP_INDUSTRY_GOOD": "retail", "SEGMENT_SHOP_MISFIT": "team=none",
		},
		"tier": {
			"CUSTOM":          "top",
			"CUSTOM_TOP_WHEN": `.kind=="property" and .property.name == "tier" and .property.value=="gold"`,
			"CUSTOM_TOP_WHY":  "has the highest tier", "CUSTOM_TOP_POINTS": "2",
		},
		"phase tier": {
			"CUSTOM":          "top",
			"CUSTOM_TOP_WHEN": `("tier"==.property.name or (.property | .name=="phase")) and (.property.value|length)>2`, "CUSTOM_TOP_WHY": "has the highest tier", "CUSTOM_TOP_POINTS": "2",
		},
	} {
		s, err := Parse(env)
		if err != nil {
			t.Errorf("%v: %v", env, err)
			continue
		}
		if got := strings.Join(s.Properties(), " "); got != want {
			t.Errorf("%v: %q, want %q", env, got, want)
		}
	}
}
