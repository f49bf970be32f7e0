package rules

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// FuzzRate: whatever facts come, the rating does not panic, does not loop, adds up, and is due after now.
func FuzzRate(f *testing.F) {
	files, _ := filepath.Glob("*/testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "facts.json" {
				f.Add(part.Data, Start.Add(60*day).UnixMilli())
			}
		}
	}
	f.Add([]byte(`[{"id":"a","kind":"message"},{"id":"b","kind":"meeting","meeting":{}},{"id":"c","kind":"decision"},{"id":"","kind":"quote","quote":{"sent":[null,null]}}]`), int64(0))
	f.Add([]byte(`[{"id":"a","kind":"message","at":"9999-12-31T00:00:00Z","message":{"direction":"in","channel":"email","text":{"asks":1}}}]`), int64(1))
	f.Fuzz(func(t *testing.T, data []byte, now int64) {
		var facts []crm.Fact
		if json.Unmarshal(data, &facts) != nil || len(facts) > 200 {
			return
		}
		at := calm(time.UnixMilli(now % int64(calendar.Never)))
		began := time.Now()
		for _, s := range []*Settings{Defaults(), rich} {
			r := Rate(s, recordOf(facts...), at)
			if err := adds(r); err != nil {
				t.Error(err)
			}
			if r.Due != 0 && r.Due <= crm.At(at.Now) {
				t.Errorf("due %s at %s", r.Due, at.Now)
			}
		}
		if took := time.Since(began); took > time.Minute { // it hangs: a busy machine may take seconds
			t.Errorf("took %s", took)
		}
	})
}
