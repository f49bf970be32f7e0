package config

import (
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/hubspot"
)

func TestTwoSourcesReadTheirOwn(t *testing.T) {
	c, err := Load([]string{
		"WINNOW_SOURCES=eu=hubspot, us-east=hubspot", "WINNOW_EU_CLIENT_SECRET=a", "WINNOW_EU_TOKEN=b",
		"WINNOW_US_EAST_CLIENT_SECRET=c", "WINNOW_US_EAST_TOKEN=d",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 || c.Sources[0].Name != "eu" || c.Sources[1].Name != "us-east" ||
		c.Sources[1].Prefix() != "WINNOW_US_EAST" {
		t.Fatalf("sources %+v", c.Sources)
	}
	eu, us := c.Sources[0].Config.(*hubspot.Config), c.Sources[1].Config.(*hubspot.Config)
	if eu.Token.Reveal() != "b" || us.Token.Reveal() != "d" {
		t.Errorf("tokens %q and %q: want each source its own", eu.Token.Reveal(), us.Token.Reveal())
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for sources, want := range map[string]string{
		"hubspit":                     `"hubspit" is no vendor; want one of`,
		"eu=hubspot,EU=hubspot":       `source name "EU"`,
		"eu-1=hubspot,eu_1=hubspot":   `sources "eu-1" and "eu_1" would share the settings WINNOW_EU_1_*`,
		"rules=hubspot":               `source "rules" would read WINNOW_RULES_*`,
		"rules_eu=hubspot":            `source "rules_eu" would read WINNOW_RULES_EU_*`,
		"test=hubspot":                `source "test" would read WINNOW_TEST_*`,
		"queue=hubspot":               `and WINNOW_QUEUE_`,
		"nats=hubspot":                `and WINNOW_NATS_`,
		"admin=hubspot":               `and WINNOW_ADMIN_`,
		"max=hubspot":                 `and WINNOW_MAX_BODY is a setting of Winnow's own`,
		"eu=hubspot,eu-oauth=hubspot": `WINNOW_EU_OAUTH_CLIENT_SECRET: belongs to two parts`,
		"a b=hubspot":                 `source name "a b"`,
		"=hubspot":                    `source name ""`,
		"hubspot,":                    `source name ""`,
		"../x=hubspot":                `source name "../x"`,
	} {
		t.Run(sources, func(t *testing.T) {
			_, err := Load([]string{"WINNOW_SOURCES=" + sources})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("nothing says %q in:\n%v", want, err)
			}
		})
	}
}

func TestSettingsOfASourceThatIsNotThere(t *testing.T) {
	_, err := Load([]string{
		"WINNOW_SOURCES=eu=hubspot", "WINNOW_EU_CLIENT_SECRET=a", "WINNOW_EU_TOKEN=b", "WINNOW_HUBSPOT_TOKEN=c",
	})
	want := `WINNOW_HUBSPOT_TOKEN: there is no such setting; WINNOW_SOURCES names no source "hubspot"`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Load(append(plain, "WINNOW_HUBSPOT_TOKNE=c"))
	want = `WINNOW_HUBSPOT_TOKNE: there is no such setting; did you mean WINNOW_HUBSPOT_TOKEN?`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"a", "", 1},
		{"", "abc", 3},
		{"TOKEN", "TOKEN", 0},
		{"TOKNE", "TOKEN", 1},
		{"TOKN", "TOKEN", 1},
		{"TOKENS", "TOKEN", 1},
		{"TAKEN", "TOKEN", 1},
		{"KITTEN", "SITTING", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) is %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance(%q, %q) is %d, want %d", c.b, c.a, got, c.want)
		}
	}
	if got := didYouMean("WINNOW_ZEBRA", []string{"WINNOW_LISTEN"}); got != "" {
		t.Errorf("a far name was suggested: %q", got)
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want []string
		not  string
	}{
		{env: []string{"WINNOW_SOURCES=a.b=hubspot,c=foo,d=bar"}, want: []string{
			`source name "a.b"`, `"foo" is no vendor`, `"bar" is no vendor`,
		}},
		{
			env: append([]string{"WINNOW_HUBSPOT_FIELDS=x=y,rating=A,score=ball,ball=ball"}, plain...),
			want: []string{
				`WINNOW_HUBSPOT_FIELDS: "x=y"`, `WINNOW_HUBSPOT_FIELDS: "A" is not`, "both name the property ball",
			},
		},
		{env: append([]string{"WINNOW_LOG_LEVEL=loud"}, plain...), want: []string{
			`"loud": want debug, info, warn or error`,
		}},
		{
			env:  []string{"WINNOW_HUBSPOT_CLIENT_SECRET=a", "WINNOW_HUBSPOT_TOKEN_FILE=/nowhere/token"},
			want: []string{"/nowhere/token"},
			not:  "WINNOW_HUBSPOT_TOKEN: not set",
		},
	} {
		_, err := Load(c.env)
		if err == nil {
			t.Errorf("%v is accepted", c.env)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: nothing says %q in:\n%v", c.env, want, err)
			}
		}
		if c.not != "" && strings.Contains(err.Error(), c.not) {
			t.Errorf("%v: says what does not follow, %q:\n%v", c.env, c.not, err)
		}
	}
}
