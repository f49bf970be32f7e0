package config

import (
	"regexp"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/rules"
)

// Every block of settings on the page about tuning is accepted as it stands, and every rule that its table of grounds
// names is there.
func TestTuningPage(t *testing.T) {
	page := string(read(t, root+"docs/TUNING.md"))
	blocks := regexp.MustCompile("(?s)```\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) < 4 {
		t.Fatalf("%d blocks of settings", len(blocks))
	}
	for _, block := range blocks {
		var environ []string
		for line := range strings.Lines(block[1]) {
			environ = append(environ, strings.TrimSpace(line))
		}
		if s, _, err := Rules(environ); err != nil || s.Version() == rules.Defaults().Version() {
			t.Errorf("%v, or nothing changes:\n%s", err, block[1])
		}
	}
	known := map[string]bool{}
	for _, r := range Reference() {
		known[r.Name] = true
	}
	grounds := page[strings.Index(page, "| ground |"):strings.Index(page, "## What never")]
	for _, name := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(grounds, -1) {
		if !known[rules.Prefix+name[1]] {
			t.Errorf("%s%s is no setting", rules.Prefix, name[1])
		}
	}
}
