package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicences(t *testing.T) {
	for name, c := range map[string]struct{ list, want, bad string }{
		"known": {
			`{"components":[{"name":"a","version":"v1","evidence":{"licenses":[{"license":{"id":"MIT"}}]}},
				{"name":"std","version":"1.26"}]}`,
			"a,v1,MIT\nstd,1.26,\n", "",
		},
		"two, one twice": {
			`{"components":[{"name":"a","version":"v1","licenses":[{"expression":"MIT"},{"license":{"name":"BSD"}},
				{"license":{"id":"MIT"}}]}]}`,
			"a,v1,MIT BSD\n", "",
		},
		"unknown": {`{"components":[{"name":"b","version":"v1"}]}`, "b,v1,\n", "no licence is known of b"},
		"nothing": {`{}`, "", "no parts"},
		"no JSON": {`x`, "", "invalid character"},
	} {
		file := filepath.Join(t.TempDir(), "sbom.json")
		if err := os.WriteFile(file, []byte(c.list), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err := run([]string{file}, &out)
		if out.String() != c.want || (err == nil) != (c.bad == "") ||
			err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%s: %q, %v, want %q, %q", name, out.String(), err, c.want, c.bad)
		}
	}
}
