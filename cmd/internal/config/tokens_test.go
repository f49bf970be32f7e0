package config

import (
	"strings"
	"testing"
)

func TestAdminTokens(t *testing.T) {
	c := &Config{AdminToken: "t0ken", AdminTokens: "sales:read:0123456789abcdef,ops:act:fedcba9876543210:with:colons\n"}
	list, err := c.Admins()
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	if s := list[1]; s.Name != "sales" || s.Act || !s.Secret.Equal("0123456789abcdef") {
		t.Errorf("sales may act: %v, or has another token", s.Act)
	}
	if o := list[2]; o.Name != "ops" || !o.Act || !o.Secret.Equal("fedcba9876543210:with:colons") {
		t.Errorf("ops may act: %v, or has another token", o.Act)
	}
	for given, want := range map[string]string{
		"sales:0123456789abcdef":                                  "no right",
		"sales:write:0123456789abcdef":                            "no right",
		"sales:read:short":                                        "shorter",
		"a b:read:0123456789abcdef":                               "name",
		"a:read:0123456789abcdef,a:act:0123456789abcdef":          "twice",
		"ok:read:0123456789abcdef,:act:0123456789abcdef-a-secret": "entry 2",
	} {
		c := &Config{AdminTokens: "x"}
		if err := c.AdminTokens.Decode(given); err != nil {
			t.Fatal(err)
		}
		_, err := c.Admins()
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "WINNOW_ADMIN_TOKENS") ||
			strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%s: %v, want %q and no secret", given, err, want)
		}
	}
}
