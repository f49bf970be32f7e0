package config

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// examples are names that texts use to show a form.
var examples = regexp.MustCompile(`^WINNOW_(X|NAME|SOURCE|EU|US|TEST|RULES_SEGMENT|RULES_CUSTOM|RULES_<NAME>|IMAGE|RULES_X)(_|$)`)

var settingName = regexp.MustCompile(`WINNOW_[A-Z0-9_]*`)

// texts calls fn with every file that people read or that shows a name to them.
func texts(t *testing.T, fn func(name, text string)) {
	t.Helper()
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && name != ".ci" && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		if slices.Contains([]string{".go", ".md", ".yaml", ".example", ""}, path.Ext(name)) {
			b, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			fn(name, string(b))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A message or a page that names a setting which does not exist sends people looking for it.
func TestNamesInTextsExist(t *testing.T) {
	known := map[string]bool{}
	for _, r := range Reference() {
		known[r.Name], known[r.Name+fileSuffix] = true, true
	}
	begins := func(part string) bool { // "WINNOW_HUBSPOT_" stands for all that begin with it
		for name := range known {
			if strings.HasPrefix(name, part) {
				return true
			}
		}
		return false
	}
	checked := 0
	texts(t, func(file, text string) {
		for _, name := range settingName.FindAllString(text, -1) {
			checked++
			if strings.HasPrefix(file, "connectors/generic/") { // whose sources have the names of presets
				_, setting, _ := strings.Cut(strings.TrimPrefix(name, prefix+"_"), "_")
				if known[prefix+"_GENERIC_"+setting] {
					continue
				}
			}
			if !known[name] && !examples.MatchString(name) && !(strings.HasSuffix(name, "_") && begins(name)) {
				t.Errorf("%s names %s, and there is no such setting", file, name)
			}
		}
	})
	if checked < 300 {
		t.Errorf("only %d names were looked at: are the files where they were?", checked)
	}
}

// ofHistogram ends the names of a histogram's series.
var ofHistogram = regexp.MustCompile(`_(count|sum|bucket)$`)

// An alert on a metric that nobody exports never fires, and one whose page is missing helps nobody.
func TestAlertsHoldInTheCode(t *testing.T) {
	var code string
	texts(t, func(file, text string) {
		if strings.HasPrefix(file, "cmd/internal/pipeline/") || strings.HasPrefix(file, "cmd/internal/app/") {
			code += text
		}
	})
	alerts, runbook := string(read(t, root+"deploy/alerts.yaml")), string(read(t, root+"deploy/RUNBOOK.md"))
	for _, metric := range regexp.MustCompile(`\bwinnow_[a-z_]+`).FindAllString(alerts+runbook, -1) {
		if metric == "winnow_model" {
			continue // a field
		}
		metric = ofHistogram.ReplaceAllString(metric, "")
		if short := strings.TrimPrefix(metric, "winnow_"); !strings.Contains(code, `"`+short+`"`) &&
			!strings.Contains(code, `"`+metric+`"`) {
			t.Errorf("%s is no metric", metric)
		}
	}
	anchors := map[string]bool{}
	for line := range strings.Lines(runbook) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			anchors[anchor(title)] = true
		}
	}
	found := regexp.MustCompile(`RUNBOOK\.md#(\S+)`).FindAllStringSubmatch(alerts, -1)
	if len(found) < 10 {
		t.Errorf("%d alerts name a section, want each", len(found))
	}
	for _, m := range found {
		if !anchors[m[1]] {
			t.Errorf("RUNBOOK.md has no section %s", m[1])
		}
	}
}

// TestPublished: compose and README publish the port on this machine only, and compose bounds the memory.
func TestPublished(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Ports    []string `yaml:"ports"`
			MemLimit string   `yaml:"mem_limit"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(read(t, root+"deploy/compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	s := compose.Services["winnow"]
	if len(s.Ports) != 1 || !strings.HasPrefix(s.Ports[0], "${HOOKS_BIND:-127.0.0.1}:") || s.MemLimit == "" {
		t.Errorf("compose publishes %q within %q of memory", s.Ports, s.MemLimit)
	}
	published := regexp.MustCompile(`-p (\S*):8080 -v`).FindAllStringSubmatch(string(read(t, root+"README.md")), -1)
	if len(published) != 1 || published[0][1] != "127.0.0.1:8080" {
		t.Errorf("README publishes %q", published)
	}
}

// anchor is what GitHub makes of a heading.
func anchor(title string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(title)))
	return kept
}
