package hubspot

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kelseyhightower/envconfig"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/people"
)

func TestSettingsFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"CLIENT_SECRET": "a, b,", "TOKEN": "t", "FIELDS": "rating=lead_grade,score=",
		"STAFF_DOMAINS": "a.example,b.example", "REQUIRE_V3": "true",
		"API_URL": "http://127.0.0.1:9", "APP_ID": "5", "TIMEOUT": "5s", "OAUTH_CLIENT_ID": "",
	} {
		t.Setenv("WINNOW_EU_"+name, value)
	}
	c := Definition.Config().(*Config)
	if err := envconfig.Process("WINNOW_EU", c); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate("WINNOW_EU"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]connectors.Secret{"a", "b"}, c.ClientSecret.Each()); diff != "" {
		t.Error(diff)
	}
	if c.RequireV3 != "true" || c.API.URL != "http://127.0.0.1:9" || c.AppID != "5" || c.Timeout != 5*time.Second ||
		len(c.StaffDomains) != 2 {
		t.Errorf("%+v", *c)
	}
	fields, _ := fields.Parse(c.Fields, spelling)
	if fields[crm.FieldRating] != "lead_grade" || fields[crm.FieldScore] != "" ||
		fields[crm.FieldFit] != "winnow_fit" || fields[crm.FieldOverride] != "winnow_override" {
		t.Errorf("%v", fields)
	}
}

// A Config made by hand means the same as an empty environment.
func TestDefaultsAreTheTags(t *testing.T) {
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "WINNOW_NOBODY_") {
			t.Skip("the environment is not empty")
		}
	}
	var read Config
	if err := envconfig.Process("WINNOW_NOBODY", &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read, Config{}.withDefaults()); diff != "" {
		t.Errorf("the tags' defaults and withDefaults differ:\n%s", diff)
	}
}

func TestValidateNamesEverything(t *testing.T) {
	c := Config{
		Webhooks: "maybe", Owners: "perhaps", AppID: "x", Fields: "colour=red", CallDispositions: "a=b",
		Objects: []string{"emails", "tickets"}, RateLimit: -1,
		Timeout: time.Millisecond, API: API{URL: "ftp://x"}, SegmentProperty: "No Name", OAuth: OAuth{ClientID: "id"},
	}
	err := c.Validate("WINNOW_EU")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"WEBHOOKS", "OWNERS", "CLIENT_SECRET", "OAUTH_CLIENT_ID", "APP_ID", "FIELDS", "CALL_DISPOSITIONS", "OBJECTS",
		"RATE_LIMIT", "TIMEOUT", "API_URL", "SEGMENT_PROPERTY",
	} {
		if !strings.Contains(err.Error(), "WINNOW_EU_"+name+":") {
			t.Errorf("%s is wrong and not named in:\n%v", name, err)
		}
	}
	if again := c.Validate("WINNOW_EU"); again.Error() != err.Error() {
		t.Error("the same settings, another order of complaints")
	}
}

func TestValidate(t *testing.T) {
	good := Config{ClientSecret: "s", Token: "t"}
	for name, c := range map[string]struct {
		change func(*Config)
		ok     bool
	}{
		"secret and token":              {func(*Config) {}, true},
		"no secret":                     {func(c *Config) { c.ClientSecret = "" }, false},
		"a secret of commas":            {func(c *Config) { c.ClientSecret = " , ," }, false},
		"no secret, webhooks off":       {func(c *Config) { c.ClientSecret = ""; c.Webhooks = "off" }, true},
		"no token":                      {func(c *Config) { c.Token = "" }, false},
		"OAuth":                         {func(c *Config) { c.Token = ""; c.OAuth = OAuth{"a", "b", "c"} }, true},
		"OAuth and a token":             {func(c *Config) { c.OAuth = OAuth{"a", "b", "c"} }, false},
		"two fields in one property":    {func(c *Config) { c.Fields = "rating=x,score=x" }, false},
		"a property of another field's": {func(c *Config) { c.Fields = "rating=winnow_score" }, false},
		"a property of HubSpot's own":   {func(c *Config) { c.Fields = "rating=lifecyclestage" }, false},
		"the lead status":               {func(c *Config) { c.Fields = "status=hs_lead_status" }, true},
		"a domain with an at sign":      {func(c *Config) { c.StaffDomains = []string{"@a.example"} }, true},
		"an address for a domain":       {func(c *Config) { c.StaffDomains = []string{"ada@a.example"} }, false},
		"no contacts":                   {func(c *Config) { c.Objects = []string{"emails"} }, false},
		"conversations":                 {func(c *Config) { c.Objects = []string{"contacts", "conversations"} }, true},
		"an API with a password in it":  {func(c *Config) { c.API.URL = "https://u:p@x.example" }, false},
		"an API over plain http":        {func(c *Config) { c.API.URL = "http://x.example" }, false},
		"fields with their full name":   {func(c *Config) { c.Fields = "winnow_rating=grade" }, true},
		"an override of another name":   {func(c *Config) { c.Fields = "override=grade_by_hand" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			err := cfg.Validate("WINNOW_HUBSPOT")
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			if _, made := New(cfg, connectors.Options{Source: crm.Source{Name: "hubspot"}}); (made == nil) != c.ok {
				t.Errorf("New: %v", made)
			}
			if err != nil && strings.Contains(err.Error(), ":p@") {
				t.Errorf("a password in the error: %v", err)
			}
		})
	}
}

func TestOtherNamesForWhatIsRead(t *testing.T) {
	c := connectTo(t, "http://127.0.0.1:1", func(c *Config) {
		c.Fields, c.SegmentProperty, c.FollowupProperty, c.FitProperties = "override=grade_by_hand,do_not_profile=",
			"team", "call_again_on", []string{"industry", "country", "customer"}
	})
	got := map[string][]crm.Property{}
	for _, name := range []string{
		"grade_by_hand", "winnow_override", "winnow_do_not_profile", "team", "call_again_on",
		"notes_next_activity_date", "industry", "country", "customer",
	} {
		got[name] = c.properties(name, map[string]string{
			"grade_by_hand": "b", "call_again_on": "2026-05-01", "country": "fr",
		}[name])
	}
	want := map[string][]crm.Property{
		"grade_by_hand": {{Name: "override", Value: "B"}}, "winnow_override": nil, "winnow_do_not_profile": nil,
		"team":          {{Name: "segment"}},
		"call_again_on": {{Name: "next_activity", Value: "2026-05-01T00:00:00Z"}}, "notes_next_activity_date": nil,
		"industry": {{Name: "industry"}},
		"country":  {{Name: "country", Value: "FR"}}, "customer": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := c.properties("grade_by_hand", "excellent"); len(got) != 1 || got[0] != (crm.Property{
		Name: crm.PropOverrideOdd, Value: "true",
	}) {
		t.Errorf("a word that is no override gives %v, want that there is one, and not the word", got)
	}
}

func TestZones(t *testing.T) {
	for given, want := range map[string]string{
		"europe_slash_berlin": "Europe/Berlin", "america_slash_new_york": "America/New_York",
		"america_slash_argentina_slash_buenos_aires": "America/Argentina/Buenos_Aires",
		"america_slash_port_of_spain":                "America/Port_of_Spain",
		"africa_slash_dar_es_salaam":                 "Africa/Dar_es_Salaam",
		"asia_slash_kolkata":                         "Asia/Kolkata",
		"america_slash_port_hyphen_au_hyphen_prince": "America/Port-au-Prince", "us_slash_eastern": "US/Eastern",
		"utc": "UTC", "Europe/Paris": "Europe/Paris",
		"asia_slash_kathmandu": "Asia/Kathmandu", "mars_slash_olympus": "", "../../etc/passwd": "", "local": "", "": "",
	} {
		if got := zoneName(given); got != want && given != "" {
			t.Errorf("zone %q is %q, want %q", given, got, want)
		}
	}
}

func TestCountries(t *testing.T) {
	for given, want := range map[string]string{
		"Germany": "DE", "Deutschland": "DE", "allemagne": "DE", "DEU": "DE", "de": "DE", " Österreich ": "AT",
		"USA": "US", "United States": "US", "Estados Unidos": "US",
		"UK": "GB", "United Kingdom": "GB", "Países Bajos": "NL", "Nederland": "NL", "Svizzera": "CH", "Brasil": "BR",
		"Japan": "JP", "Middle-earth": "", "": "", "EU": "",
	} {
		if got := people.Country(given); got != want {
			t.Errorf("country %q is %q, want %q", given, got, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	for given, want := range map[[2]string]string{
		{"ORGANIC_SEARCH", ""}: "inbound", {"DIRECT_TRAFFIC", "x"}: "inbound", {"OFFLINE", "IMPORT"}: "outbound",
		{"OFFLINE", "CRM_UI"}: "", {"OFFLINE", ""}: "", {"", ""}: "",
	} {
		if got := origin(given[0], given[1]); got != want {
			t.Errorf("origin %v is %q, want %q", given, got, want)
		}
	}
}

func TestMillis(t *testing.T) {
	for given, want := range map[string]crm.Millis{
		"1772443800000": 1772443800000, "2026-03-02T09:30:00Z": 1772443800000,
		"2026-03-02T09:30:00.000Z": 1772443800000, "2026-03-02T10:30:00+01:00": 1772443800000,
		"2026-03-02": 1772409600000, "": 0, "soon": 0, "99999999999999999999": 0, "-5": 0,
	} {
		if got := millis(given); got != want {
			t.Errorf("%q is %d, want %d", given, got, want)
		}
	}
}

func TestWrittenAndReadPropertiesHaveAShape(t *testing.T) {
	for _, f := range slices.Concat(crm.Fields, crm.ReadFields) {
		spec, _ := crm.SpecOf(f)
		if p := propertyOf(spec, spec.Stem()); p.Label == "" || p.Type == "" || p.FieldType == "" {
			t.Errorf("field %s has no property to be created", f)
		}
	}
}
