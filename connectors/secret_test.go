package connectors

import (
	"strings"
	"testing"
)

func TestOddSecrets(t *testing.T) {
	const token = "pat-na1-0a1b2c3d"
	for given, want := range map[string]string{
		token: "", "": "", "a,b": "", "old, new": "",
		"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n": "", "p@ss'word$1": "", "Basically": "",
		`"` + token + `"`: "in quotes", "'" + token + "'": "in quotes", "“" + token + "”": "in quotes",
		token + `"`:       "in quotes",
		"Bearer " + token: "authorization scheme", "bearer " + token: "authorization scheme",
		"Authorization: Bearer " + token: "authorization scheme",
		"${HUBSPOT_TOKEN}":               "not filled in", "$HUBSPOT_TOKEN": "not filled in",
		"{{ .Values.token }}": "not filled in",
		"<your token>":        "not filled in",
		"...":                 "not filled in", "…": "not filled in", "changeme": "not filled in",
		"YOUR_ACCESS_TOKEN": "not filled in",
		"xxxx":              "not filled in",
		"your-s3cret":       "", "xxl": "",
		"\ufeff" + token: "byte-order mark", " " + token: "begins or ends with a blank",
		token + "\t": "begins or ends with a blank",
		"pat na1":    "holds a blank", token + "\n" + token: "more than one line", "pat-\u200bna1": "cannot be seen",
	} {
		odd := strings.Join(Secret(given).Odd(false), "; ")
		if want == "" && odd != "" || !strings.Contains(odd, want) || want != "" && strings.Count(odd, ";") > 0 {
			t.Errorf("%q: %q, want %q alone", given, odd, want)
		}
		if strings.Contains(odd, "na1") {
			t.Errorf("the error shows the secret: %s", odd)
		}
	}
	if odd := Secret("correct horse battery").Odd(true); odd != nil {
		t.Errorf("a phrase that people chose: %q", odd)
	}
	if odd := Secret("\ufeff\"Bearer ${X}\"").Odd(false); len(odd) != 4 {
		t.Errorf("everything that is odd is said at once: %q", odd)
	}
}
