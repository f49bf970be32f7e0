package config

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/all"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

var update = flag.Bool("update", false, "write README's tables and deploy/env.example anew")

const root = "../../../"

// TestDocsSayWhatTheCodeDoes compares README's tables and deploy/env.example with the structs and the rule book.
func TestDocsSayWhatTheCodeDoes(t *testing.T) {
	readme := string(read(t, root+"README.md"))
	for marker, table := range map[string]string{
		"settings": generalTable(), "source settings": sourceTable(), "signals": signalTable(), "rules": ruleTable(),
	} {
		readme = between(t, readme, marker, table)
	}
	same(t, root+"README.md", readme)
	same(t, root+"deploy/env.example", envExample())
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(read(t, name)), "\n")); diff != "" {
		t.Errorf("%s is not what the code says; run make docs (-code +file):\n%s", name, diff)
	}
}

// between puts text between the comments <!-- marker --> and <!-- /marker -->.
func between(t *testing.T, page, marker, text string) string {
	t.Helper()
	begin, end := "<!-- "+marker+" -->\n", "<!-- /"+marker+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no %s ... %s", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + after
}

func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			if !strings.HasPrefix(c, "`") {
				c = strings.ReplaceAll(c, "<", "&lt;")
			}
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return "-"
	}
	return "`" + s + "`"
}

func settingRows(wanted func(Row) bool) [][]string {
	var rows [][]string
	for _, r := range Reference() {
		if wanted(r) {
			rows = append(rows, []string{code(r.Name), code(r.Default), r.Meaning})
		}
	}
	return rows
}

func generalTable() string {
	return table([]string{"name", "default", "meaning"}, settingRows(func(r Row) bool { return r.Group == "general" }))
}

// sourceTable has a table for each vendor.
func sourceTable() string {
	var b strings.Builder
	for _, vendor := range vendorNames() {
		fmt.Fprintf(&b, "\n#### %s\n\n%s", vendor, table([]string{"name", "default", "meaning"},
			settingRows(func(r Row) bool { return r.Group == "source "+vendor })))
	}
	return b.String() + "\n"
}

func ruleTable() string {
	var rows [][]string
	for _, r := range Reference() {
		if r.Group == "rules" && !OfSignal(r.Meaning) {
			rows = append(rows, []string{code(r.Name), code(r.Default), r.Unit, r.Meaning})
		}
	}
	return table([]string{"name", "default", "unit", "meaning"}, rows)
}

func signalTable() string {
	rows := SignalRows(rules.Defaults())
	for _, r := range rows {
		r[1] = code(r[1])
	}
	return table(SignalHead[:], rows)
}

func envExample() string {
	var b strings.Builder
	b.WriteString("# Every setting with its default, for `docker run --env-file` or the env_file of a compose " +
		"service. Remove the # of a line to set it.\n" +
		"# Each can also be given as NAME_FILE, the name of a file that holds the value: a mounted secret. Generated " +
		"by `make docs`.\n")
	group := ""
	for _, r := range Reference() {
		if r.Group != group {
			group = r.Group
			fmt.Fprintf(&b, "\n# ---- %s ----\n", group)
		}
		unit := ""
		if r.Unit != "" {
			unit = " (" + r.Unit + ")"
		}
		fmt.Fprintf(&b, "\n# %s%s\n#%s=%s\n", r.Meaning, unit, r.Name, r.Default)
	}
	return b.String()
}

// ofAnother reports whether a setting is one of a vendor that a plain installation has not.
func ofAnother(setting string) bool {
	return slices.ContainsFunc(vendorNames(), func(v string) bool {
		return v != "hubspot" && strings.HasPrefix(prefix+"_"+setting, crm.Source{Name: v}.Variable(""))
	})
}

// The example must be an environment that Winnow accepts, line by line.
func TestExampleIsAccepted(t *testing.T) {
	environ := slices.Clone(plain)
	for line := range strings.Lines(envExample()) {
		setting, ok := strings.CutPrefix(strings.TrimSpace(line), "#WINNOW_")
		if ok && !ofAnother(setting) && !strings.HasPrefix(setting, "HUBSPOT_TOKEN=") &&
			!strings.HasPrefix(setting, "HUBSPOT_CLIENT_SECRET=") {
			environ = append(environ, "WINNOW_"+setting)
		}
	}
	c, err := Load(environ)
	if err != nil {
		t.Fatalf("with every default spelt out:\n%v", err)
	}
	if got, want := c.Rules.Version(), rules.Defaults().Version(); got != want {
		t.Errorf("the defaults spelt out make the rules %s, left out %s", got, want)
	}
}

// Every setting says what it means, and none is tagged in the way that makes envconfig read the bare name as well.
func TestEverySettingIsDescribed(t *testing.T) {
	for _, r := range Reference() {
		if r.Meaning == "" {
			t.Errorf("%s has no meaning", r.Name)
		}
		if strings.HasSuffix(r.Name, fileSuffix) {
			t.Errorf("%s ends like the file of another setting", r.Name)
		}
	}
	specs := []any{&Config{}}
	for _, d := range all.Definitions {
		specs = append(specs, d.Config())
	}
	for _, spec := range specs {
		for _, f := range fieldsOf("X", spec) {
			if _, tagged := f.tags.Lookup("envconfig"); tagged {
				t.Errorf("%T: %s has an envconfig tag", spec, f.key)
			}
		}
	}
}
