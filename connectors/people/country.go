package people

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country recognises codes and names in the languages that CRMs are kept in; "" where it does not.
func Country(v string) string {
	v = strings.TrimSpace(v)
	if v == "" || len(v) > 80 {
		return ""
	}
	return countryNames()[strings.ToLower(v)]
}

// countryNames maps names and codes, in lower case, to ISO 3166-1 alpha-2 codes.
var countryNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{
		"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
		"u.k.": "GB",
		"usa":  "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US",
		"holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "russian federation": "RU", "uae": "AE",
		"korea":             "KR",
		"republic of korea": "KR", "viet nam": "VN", "brasil": "BR", "macedonia": "MK", "ivory coast": "CI",
		"hong kong": "HK",
	}
	languages := []*display.Dictionary{
		display.English, display.German, display.French, display.Spanish, display.Italian, display.Portuguese,
		display.Dutch,
	}
	var code [2]byte
	for code[0] = 'A'; code[0] <= 'Z'; code[0]++ {
		for code[1] = 'A'; code[1] <= 'Z'; code[1]++ {
			region, err := language.ParseRegion(string(code[:]))
			// no country that is no more
			if err != nil || !region.IsCountry() || region.Canonicalize().String() != string(code[:]) {
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
