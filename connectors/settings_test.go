package connectors

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestProblems: everything that is wrong is said at once, by the whole name of the variable, and no value is shown.
func TestProblems(t *testing.T) {
	p := Problems{Prefix: "WINNOW_EU"}
	p.WantOnOff("WEBHOOKS", "on")
	p.WantURL("API_URL", "https://crm.example", "https://host", false)
	p.AddAll("FIELDS", nil)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	p.WantURL("LOGIN_URL", "https://ada:s3cret@crm.example", "https://host", true)
	p.WantOnOff("WEBHOOKS", "maybe")
	p.AddAll("FIELDS", errors.Join(errors.New("one"), errors.New("two")))
	want := "WINNOW_EU_FIELDS: one\nWINNOW_EU_FIELDS: two\n" +
		"WINNOW_EU_LOGIN_URL: want https://host, without user and query\nWINNOW_EU_WEBHOOKS: want on or off"
	if err := p.Err(); err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

// TestPlainHTTP: a token goes over plain HTTP to this machine and its neighbours alone, unless somebody says so.
func TestPlainHTTP(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:8090": true, "http://LOCALHOST": true, "http://[::1]:80": true, "http://169.254.1.2": true,
		"http://[fe80::1]": true, "http://[::ffff:127.0.0.1]": true, "https://crm.example": true,
		"http://crm.example": false, "http://10.0.0.1": false, "http://192.168.1.4": false,
		"http://[2001:db8::1]":         false,
		"http://127.0.0.1.crm.example": false, "http://localhost.crm.example": false,
	} {
		p := Problems{Prefix: "WINNOW_EU"}
		p.WantURL("API_URL", address, "https://host", false)
		if err := p.Err(); (err == nil) != want || err != nil && !strings.Contains(err.Error(),
			"WINNOW_EU_API_PLAIN_HTTP=true") {
			t.Errorf("%s: %v", address, err)
		}
		p = Problems{Prefix: "WINNOW_EU"}
		p.WantURL("API_URL", address, "https://host", true)
		if err := p.Err(); err != nil {
			t.Errorf("%s, allowed: %v", address, err)
		}
	}
}

// TestEach: a comma at the end of a list of secrets makes no empty secret that anybody knows.
func TestEach(t *testing.T) {
	if got := Secret(" old,,new , ").Each(); !slices.Equal(got, []Secret{"old", "new"}) {
		t.Errorf("%d secrets", len(got))
	}
}

type shopConfig struct{ Name string }

func (*shopConfig) Validate(string) error { return nil }
func (*shopConfig) PolledAlone() bool     { return false }
func (*shopConfig) Mapping() string       { return "" }

type otherConfig struct{ shopConfig }

// TestDefine: each source has settings of its own, and those of another vendor are refused by name.
func TestDefine(t *testing.T) {
	d := Define("shop", func(c shopConfig, _ Options) (Vendor, error) {
		return Vendor{People: []PersonKind{{Record: c.Name}}}, nil
	})
	mine := d.Config().(*shopConfig)
	if mine.Name = "people"; d.Config().(*shopConfig).Name != "" {
		t.Error("two sources share their settings")
	}
	if v, err := d.New(mine, Options{}); err != nil || v.People[0].Record != "people" {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := d.New(new(otherConfig), Options{}); err == nil ||
		!strings.Contains(err.Error(), "shop: settings of another vendor") {
		t.Errorf("settings of another vendor: %v", err)
	}
}

// TestAbout: what was being done is said of this call alone, though the error may be another's too.
func TestAbout(t *testing.T) {
	shared := &Error{Vendor: "shop", Op: "fetch", Kind: Unavailable, Err: errors.New("no answer")}
	err := About(shared, "read the users")
	if want := "shop: fetch: read the users: no answer"; err.Error() != want || KindOf(err) != Unavailable {
		t.Errorf("%v, want %s", err, want)
	}
	if About(nil, "x") != nil || strings.Contains(shared.Error(), "users") {
		t.Errorf("the shared error says %v", shared)
	}
}

// TestVariable: whoever has to mend a setting is told its whole name.
func TestVariable(t *testing.T) {
	if got := (crm.Source{Name: "eu-west"}).Variable("TOKEN"); got != "WINNOW_EU_WEST_TOKEN" {
		t.Error(got)
	}
}
