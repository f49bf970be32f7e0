package generic

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/generic/presets"
)

// Whatever a request holds, trying it on any preset neither panics nor hangs, and keeping it twice changes nothing.
func FuzzTry(f *testing.F) {
	files, _ := filepath.Glob("presets/*/samples/*.http")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	var trials []*Trial
	for _, name := range presets.Names() {
		source, _ := presets.Get(name)
		if trial, err := NewTrial(source, nil, nil); err == nil { // some are polled alone
			trials = append(trials, trial)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Request(raw, time.Unix(1_800_000_000, 0))
		if err != nil {
			return
		}
		for _, trial := range trials {
			trial.Try(d)
			kept, _ := trial.in.Keep(d)
			if again, _ := trial.in.Keep(kept); string(again.Body) != string(kept.Body) || again.Path != kept.Path {
				t.Errorf("keeping what was kept changes it: %q, then %q", kept.Body, again.Body)
			}
		}
	})
}
