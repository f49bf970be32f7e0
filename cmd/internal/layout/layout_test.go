package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/winnow-crm/winnow/"

// rule says what of ours a package and those below it may import, and what it must not use.
type rule struct {
	dir    string
	ours   []string // packages of ours, without the module
	std    bool     // beside them the standard library only
	banned []string // packages of others, with all below them
	clock  bool     // time.Now and its kin are banned: the time is an argument
}

// pure is what no package without I/O may import.
var pure = []string{"os", "net", "math/rand", "go.uber.org/zap", "log", "github.com/kelseyhightower/envconfig", "github.com/nats-io"}

// harmless are below a banned package and do no I/O.
var harmless = []string{"net/url", "net/netip", "net/mail", "net/textproto"}

// rules are tried in order; the first whose directory fits counts.
var rules = []rule{
	{dir: "connectors/crm", std: true, banned: pure, clock: true},
	{dir: "connectors/all", ours: []string{"connectors", "connectors/*"}},
	{dir: "connectors/connectortest", ours: []string{"connectors", "connectors/crm"}},
	{dir: "connectors/text", ours: []string{"connectors", "connectors/crm"}, banned: pure, clock: true},
	{dir: "connectors/rest", ours: []string{"connectors", "connectors/crm"}},
	{dir: "connectors/people", ours: []string{"connectors", "connectors/crm"}, banned: pure, clock: true},
	{dir: "connectors/relate", ours: []string{"connectors/crm", "connectors/people"}, banned: pure, clock: true},
	{dir: "connectors/since", ours: []string{"connectors", "connectors/crm"}, banned: pure, clock: true},
	{dir: "connectors/fields", ours: []string{"connectors", "connectors/crm"}, banned: pure, clock: true},
	{dir: "connectors/generic/jq"},
	{dir: "connectors/generic/mapping", ours: []string{"connectors/generic/jq"}},
	{dir: "connectors/generic/proof", ours: []string{"connectors", "connectors/crm", "connectors/generic/mapping"}},
	{dir: "connectors/generic/body", ours: []string{"connectors"}},
	{dir: "connectors/generic/presets"},
	{dir: "connectors/generic", ours: []string{
		"connectors", "connectors/crm", "connectors/rest", "connectors/text", "connectors/people", "connectors/relate",
		"connectors/since", "connectors/fields", "connectors/generic/*",
	}},
	{dir: "connectors/", ours: []string{
		"connectors", "connectors/crm", "connectors/rest", "connectors/text", "connectors/people", "connectors/relate", "connectors/since",
		"connectors/fields",
	}},
	{dir: "connectors", ours: []string{"connectors/crm"}, banned: []string{"go.uber.org/zap", "github.com/nats-io"}},
	{dir: "rules/story", ours: []string{"connectors/crm", "rules", "rules/words"}, banned: pure, clock: true},
	room("calendar"),
	room("record", "calendar"),
	room("words", "calendar"),
	room("history", "calendar", "record", "words"),
	room("signals", "calendar", "record", "words", "history"),
	room("status", "calendar", "record", "words", "history", "signals"),
	room("advice", "calendar", "record", "words", "history", "signals", "status"),
	{dir: "rules", ours: []string{"connectors/crm", "rules/*"}, banned: pure, clock: true},
	{dir: "queue/"}, // nothing of ours, and not each other
	{dir: "queue", ours: []string{"queue/internal/*"}},
	{dir: "cmd/internal/lab/world", std: true},
	{dir: "cmd/internal/lab/espocrm", ours: []string{"cmd/internal/lab/world"}},
	{dir: "cmd/internal/lab/salesforce", ours: []string{"cmd/internal/lab/world"}},
	{dir: "cmd/internal/lab/hubspot", ours: []string{"cmd/internal/lab/world"}}, // shares no code with the connector that it tries, or both would share one fault
	{dir: "test/"}, // from outside: these tests see what users see
	step("timing"),
	step("tracing"),
	step("stored", "timing", "tracing"),
	step("clock", "timing", "stored"),
	step("watermark", "timing", "tracing", "stored", "clock"),
	step("intake", "timing", "tracing", "stored", "clock", "watermark"),
	step("exchange", "timing", "tracing", "stored", "clock", "watermark"),
	step("rating", "timing", "tracing", "stored", "clock", "watermark"),
	step("operate", "timing", "stored", "clock", "watermark", "intake", "exchange", "rating"),
	{dir: "cmd/winnow", ours: []string{
		"cmd/internal/*", "connectors", "connectors/crm", "connectors/all", "connectors/generic", "connectors/text", "rules",
		"rules/story", "rules/words", "queue",
	}},
	{dir: "cmd/", ours: []string{
		"cmd/internal/*", "connectors", "connectors/crm", "connectors/all", "connectors/text", "rules", "rules/story",
		"rules/words", "queue",
	}},
}

// room is one of the rules' rooms: it may import those that are listed.
func room(name string, others ...string) rule {
	ours := []string{"connectors/crm"}
	for _, other := range others {
		ours = append(ours, "rules/"+other)
	}
	return rule{dir: "rules/" + name, ours: ours, banned: pure, clock: true}
}

// step is one of the pipeline's rooms: of the pipeline it may import those that are listed.
func step(name string, others ...string) rule {
	ours := []string{"connectors", "connectors/crm", "rules", "rules/record", "rules/words", "queue"}
	for _, other := range others {
		ours = append(ours, "cmd/internal/pipeline/"+other)
	}
	return rule{dir: "cmd/internal/pipeline/" + name, ours: ours}
}

// within reports whether the directory name is the rule's, or below it. A rule that ends in a slash is for what is
// below only.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

func allowed(imported string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		parent, below := strings.CutSuffix(p, "/*")
		return imported == p || below && strings.HasPrefix(imported, parent+"/")
	})
}

// goFiles calls visit with every Go file in tree, hidden folders and testdata left out.
func goFiles(tree fs.FS, visit func(name string, source []byte, file *ast.File)) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
		if err != nil {
			return err
		}
		visit(name, source, file)
		return nil
	})
}

// violations reads the imports of every Go file in tree and says what breaks a rule.
func violations(tree fs.FS) ([]string, error) {
	var found []string
	err := goFiles(tree, func(name string, _ []byte, file *ast.File) {
		found = append(found, inFile(name, file)...)
	})
	slices.Sort(found)
	return found, err
}

func inFile(name string, file *ast.File) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, name+": "+fmt.Sprintf(format, args...)) }
	dir, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	i := slices.IndexFunc(rules, func(r rule) bool { return within(dir, r.dir) })
	if i < 0 {
		complain("no rule says what %s may import", dir)
		return found
	}
	r := rules[i]
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			complain("import %s: %v", spec.Path.Value, err)
			continue
		}
		own, ours := strings.CutPrefix(imported, module)
		switch {
		case ours && own == dir: // an external test of the package itself
		case ours && !test && strings.HasSuffix(own, "test"):
			complain("%s is for tests", own)
		case ours && own == "cmd/internal/app" && !within(dir, "cmd/winnow") && !within(dir, "cmd/internal/lab/bench"): // bench runs the whole
			complain("app knows every part, no part knows app")
		case ours && test && (within(dir, "cmd") || strings.HasSuffix(own, "test")): // these tests may use what they need
		case ours && !allowed(own, r.ours):
			complain("must not import %s", own)
		case !ours && !test && r.std && strings.Contains(strings.Split(imported, "/")[0], "."):
			complain("must not import %s: standard library only", imported)
		case !ours && !test && !slices.Contains(harmless, imported) && slices.ContainsFunc(r.banned, func(b string) bool { return within(imported, b) }):
			complain("must not import %s: no I/O and no chance here", imported)
		}
	}
	if r.clock && !test {
		for _, call := range clocks(file) {
			complain("must not call time.%s: the time is an argument", call)
		}
	}
	return found
}

// clocks returns the functions of package time that file uses and that read the clock or wait for it.
func clocks(file *ast.File) []string {
	banned := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}
	var used []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && x.Obj == nil && slices.Contains(banned, s.Sel.Name) {
				used = append(used, s.Sel.Name)
			}
		}
		return true
	})
	return used
}

func TestImportsRunOneWay(t *testing.T) {
	found, err := violations(os.DirFS("../../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// A rule that nothing can break would hold nothing.
func TestViolationsAreFound(t *testing.T) {
	tree := fstest.MapFS{}
	add := func(name, code string) { tree[name] = &fstest.MapFile{Data: []byte("package x\n" + code)} }
	add("rules/clock.go", "import \"time\"\nvar now = time.Now()")
	add("rules/clock_test.go", "import \"time\"\nvar now = time.Now()")
	add("rules/queue.go", `import _ "github.com/winnow-crm/winnow/queue"`)
	add("rules/net.go", `import _ "net/http"`)
	add("rules/fine.go", `import _ "github.com/winnow-crm/winnow/connectors/crm"`)
	add("rules/history/signals.go", `import _ "github.com/winnow-crm/winnow/rules/signals"`)
	add("rules/signals/clock.go", "import \"time\"\nvar now = time.Now()")
	add("rules/advice/status.go", `import _ "github.com/winnow-crm/winnow/rules/status"`)
	add("cmd/internal/pipeline/room.go", `import _ "github.com/winnow-crm/winnow/rules/history"`)
	add("queue/rules.go", `import _ "github.com/winnow-crm/winnow/rules"`)
	add("queue/nats.go", `import _ "github.com/nats-io/nats.go"`)
	add("connectors/crm/cbor.go", `import _ "github.com/fxamacker/cbor/v2"`)
	add("connectors/hubspot/zoho.go", `import _ "github.com/winnow-crm/winnow/connectors/zoho"`)
	add("connectors/hubspot/fine_test.go", `import _ "github.com/winnow-crm/winnow/connectors/connectortest"`)
	add("connectors/hubspot/suite.go", `import _ "github.com/winnow-crm/winnow/connectors/connectortest"`)
	add("connectors/all/all.go", `import _ "github.com/winnow-crm/winnow/connectors/hubspot"`)
	add("cmd/internal/pipeline/vendor.go", `import _ "github.com/winnow-crm/winnow/connectors/hubspot"`)
	add("cmd/internal/pipeline/app.go", `import _ "github.com/winnow-crm/winnow/cmd/internal/app"`)
	add("cmd/internal/pipeline/exchange/rating.go", `import _ "github.com/winnow-crm/winnow/cmd/internal/pipeline/rating"`)
	add("cmd/internal/pipeline/exchange/whole.go", `import _ "github.com/winnow-crm/winnow/cmd/internal/pipeline"`)
	add("cmd/internal/pipeline/stored/rules.go", `import _ "github.com/winnow-crm/winnow/rules"`)
	add("cmd/internal/lab/hubspot/client.go", `import _ "github.com/winnow-crm/winnow/connectors/text"`)
	add("elsewhere/x.go", "")
	add("rules/testdata/ignored.go", `import _ "github.com/winnow-crm/winnow/queue"`)
	found, err := violations(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cmd/internal/lab/hubspot/client.go: must not import connectors/text",
		"cmd/internal/pipeline/app.go: app knows every part, no part knows app",
		"cmd/internal/pipeline/exchange/rating.go: must not import cmd/internal/pipeline/rating",
		"cmd/internal/pipeline/exchange/whole.go: must not import cmd/internal/pipeline",
		"cmd/internal/pipeline/room.go: must not import rules/history",
		"cmd/internal/pipeline/vendor.go: must not import connectors/hubspot",
		"connectors/crm/cbor.go: must not import github.com/fxamacker/cbor/v2: standard library only",
		"connectors/hubspot/suite.go: connectors/connectortest is for tests",
		"connectors/hubspot/zoho.go: must not import connectors/zoho",
		"elsewhere/x.go: no rule says what elsewhere may import",
		"queue/rules.go: must not import rules",
		"rules/clock.go: must not call time.Now: the time is an argument",
		"rules/history/signals.go: must not import rules/signals",
		"rules/net.go: must not import net/http: no I/O and no chance here",
		"rules/queue.go: must not import queue",
		"rules/signals/clock.go: must not call time.Now: the time is an argument",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}
