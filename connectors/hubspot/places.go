package hubspot

import (
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// zone translates HubSpot's enumeration of time zones, europe_slash_berlin, into IANA's names.
func zone(_ *Connector, v string) []crm.Property {
	if v == "" {
		return one(crm.PropTimeZone, "")
	}
	name := zoneName(v)
	if name == "" {
		return nil
	}
	return one(crm.PropTimeZone, name)
}

var zones sync.Map // from HubSpot's value to IANA's name; only what proved right is kept, so it is bounded

// zoneName is the IANA name of a zone in HubSpot's spelling, "" when there is none of that name.
func zoneName(v string) string {
	if len(v) > 64 {
		return ""
	}
	if name, ok := zones.Load(v); ok {
		return name.(string)
	}
	spelled := strings.NewReplacer("_slash_", "/", "_hyphen_", "-", "_plus_", "+", "_minus_",
		"-").Replace(strings.ToLower(v))
	for _, candidate := range []string{
		v, titled(spelled), strings.ToUpper(spelled), titled(strings.Replace(spelled, "us/", "US/", 1)),
	} {
		if candidate == "" || candidate == "Local" {
			continue
		}
		if _, err := time.LoadLocation(candidate); err == nil {
			zones.Store(v, candidate)
			return candidate
		}
	}
	return ""
}

// small are the words that stay in lower case within IANA's names: Port_of_Spain, Dar_es_Salaam, Port-au-Prince.
var small = map[string]bool{"of": true, "es": true, "au": true}

// titled writes each word with a capital, as IANA does: America/Argentina/Buenos_Aires.
func titled(s string) string {
	var b strings.Builder
	word := func(w string) {
		switch {
		case w == "", small[w], strings.HasPrefix(w, "US"):
			b.WriteString(w)
		case w == "gmt", w == "utc", w == "dumontdurville", w == "mcmurdo":
			b.WriteString(map[string]string{
				"gmt": "GMT", "utc": "UTC", "dumontdurville": "DumontDUrville", "mcmurdo": "McMurdo",
			}[w])
		default:
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	start := 0
	for i, r := range s {
		if r == '/' || r == '_' || r == '-' || r == '+' {
			word(s[start:i])
			b.WriteRune(r)
			start = i + 1
		}
	}
	word(s[start:])
	return b.String()
}

// country translates a country that people typed into its ISO 3166 code.
func country(_ *Connector, v string) []crm.Property {
	if code := people.Country(v); code != "" {
		return one(crm.PropCountry, code)
	}
	return nil
}

func countryCode(c *Connector, v string) []crm.Property {
	if v == "" {
		return nil // the free text may still tell
	}
	return country(c, v)
}
