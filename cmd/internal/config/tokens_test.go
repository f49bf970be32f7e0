package config

import (
	"errors"
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

// TestErrAdmin: among all that is wrong it is found whether the admin port is meant.
func TestErrAdmin(t *testing.T) {
	for given, want := range map[string]bool{
		"WINNOW_ADMIN_LISTEN=nowhere":     true,
		"WINNOW_ADMIN_LISTEN=0.0.0.0:80":  true,
		"WINNOW_ADMIN_TOKENS=sales":       true,
		"WINNOW_ADMIN_TOKNE=typing error": true,
		"WINNOW_LISTEN=WINNOW_ADMIN_":     false,
		"WINNOW_MODE=x":                   false,
	} {
		_, err := Load([]string{given, "WINNOW_ROLES=none"})
		if err == nil || errors.Is(err, ErrAdmin) != want {
			t.Errorf("%s is about the admin port: %t, want %t: %v", given, !want, want, err)
		}
	}
}
