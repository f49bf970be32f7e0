package generic

import (
	"strings"
	"testing"
)

// TestValidate: what is wrong with a setting is said by its name.
func TestValidate(t *testing.T) {
	good := Config{MAPPING: "espocrm", API: API{URL: "https://crm.example.com"}, Token: "t", HookSecret: "s"}
	if err := good.Validate("WINNOW_CRM"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		say    string
	}{
		"no mapping":       {func(c *Config) { c.MAPPING = "" }, "WINNOW_CRM_MAPPING: not set"},
		"no API":           {func(c *Config) { c.API.URL = "" }, "WINNOW_CRM_API_URL"},
		"plain http":       {func(c *Config) { c.API.URL = "http://crm.example.com" }, "WINNOW_CRM_API_PLAIN_HTTP"},
		"plain http pages": {func(c *Config) { c.Web.URL = "http://crm.example.com" }, "WINNOW_CRM_API_PLAIN_HTTP"},
		"no credential":    {func(c *Config) { c.Token = "" }, "WINNOW_CRM_TOKEN: not set"},
		"no secret": {func(c *Config) {
			c.MAPPING, c.HookSecret = "standard-webhooks", ""
		}, "WINNOW_CRM_HOOK_SECRET: not set"},
		"odd domain": {func(c *Config) { c.StaffDomains = []string{"*.a.example"} }, "WINNOW_CRM_STAFF_DOMAINS"},
	} {
		cfg := good
		c.change(&cfg)
		if err := cfg.Validate("WINNOW_CRM"); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, want %s", name, err, c.say)
		}
	}
	within := good
	within.API.URL, within.API.PlainHTTP = "http://crm.example.com", true
	if err := within.Validate("WINNOW_CRM"); err != nil {
		t.Errorf("plain http that is allowed: %v", err)
	}
}
