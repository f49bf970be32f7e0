package hubspot

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/winnow-crm/winnow/connectors/crm"
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
	spelled := strings.NewReplacer("_slash_", "/", "_hyphen_", "-", "_plus_", "+", "_minus_", "-").Replace(strings.ToLower(v))
	for _, candidate := range []string{v, titled(spelled), strings.ToUpper(spelled), titled(strings.Replace(spelled, "us/", "US/", 1))} {
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
			b.WriteString(map[string]string{"gmt": "GMT", "utc": "UTC", "dumontdurville": "DumontDUrville", "mcmurdo": "McMurdo"}[w])
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
	if code := countryOf(v); code != "" {
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

// countryOf recognises codes and names in the languages that CRMs are kept in; "" where it does not.
func countryOf(v string) string {
	v = strings.TrimSpace(v)
	if v == "" || len(v) > 80 {
		return ""
	}
	return countryNames()[strings.ToLower(v)]
}

// countryNames maps names and codes, in lower case, to ISO 3166-1 alpha-2 codes.
var countryNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{
		"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "u.k.": "GB",
		"usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US",
		"holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "russian federation": "RU", "uae": "AE", "korea": "KR",
		"republic of korea": "KR", "viet nam": "VN", "brasil": "BR", "macedonia": "MK", "ivory coast": "CI", "hong kong": "HK",
	}
	languages := []*display.Dictionary{display.English, display.German, display.French, display.Spanish, display.Italian, display.Portuguese, display.Dutch}
	var code [2]byte
	for code[0] = 'A'; code[0] <= 'Z'; code[0]++ {
		for code[1] = 'A'; code[1] <= 'Z'; code[1]++ {
			region, err := language.ParseRegion(string(code[:]))
			if err != nil || !region.IsCountry() || region.Canonicalize().String() != string(code[:]) { // no country that is no more
				continue
			}
			names[strings.ToLower(region.String())] = region.String()
			names[strings.ToLower(region.ISO3())] = region.String()
			for _, l := range languages {
				if n := strings.ToLower(l.Regions().Name(region)); n != "" {
					if _, taken := names[n]; !taken {
						names[n] = region.String()
					}
				}
			}
		}
	}
	return names
})
