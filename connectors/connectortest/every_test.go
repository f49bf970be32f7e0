package connectortest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// planted are the tests that plant faults.
var planted = []string{"connectortest_test.go", "toy/faults_test.go"}

// ours begin the failures that say what is wrong with a test of a vendor, and not with the vendor.
var ours = []string{"no deliveries in", "Harness.", "%v (-update writes it)", "%s: %v"}

// TestEveryCheckHasAFault: for each failure that the suite can print there is a planted fault that has to end in it.
// A check that was never seen to fail may be one that cannot.
func TestEveryCheckHasAFault(t *testing.T) {
	var says []string
	for _, file := range planted {
		says = append(says, texts(parse(t, file))...)
	}
	files, _ := filepath.Glob("*.go")
	checks := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, format := range failures(parse(t, file)) {
			if slices.ContainsFunc(ours, func(prefix string) bool { return strings.HasPrefix(format, prefix) }) {
				continue
			}
			checks++
			part := longest(format)
			if !slices.ContainsFunc(says, func(s string) bool {
				return strings.Contains(s, part) || len(s) > 12 && strings.Contains(part, s)
			}) {
				t.Errorf("%s: no fault is planted that ends in %q", file, format)
			}
		}
	}
	if checks < 60 {
		t.Errorf("%d checks found: the suite has more, so this test has lost sight of them", checks)
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fails are the methods of a test that end in a failure.
var fails = map[string]bool{"Error": true, "Errorf": true, "Fatal": true, "Fatalf": true}

// failures are the texts of all calls of t.Error, t.Errorf, t.Fatal and t.Fatalf that have one.
func failures(f *ast.File) (formats []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if fun, ok := call.Fun.(*ast.SelectorExpr); ok && fails[fun.Sel.Name] {
			id, of := fun.X.(*ast.Ident)
			if text, is := literal(call.Args[0]); is && of && id.Name == "t" {
				formats = append(formats, text)
			}
		}
		return true
	})
	return formats
}

// texts are all texts of a file.
func texts(f *ast.File) (out []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			if s, is := literal(e); is {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

// literal is the value of a text, which may be put together of several.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := literal(e.X)
		b, also := literal(e.Y)
		return a + b, ok && also && e.Op == token.ADD
	}
	return "", false
}

var verb = regexp.MustCompile(`%[+]?[a-zA-Z]`)

// longest is the longest part of a format that stands in it as it is printed.
func longest(format string) string {
	parts := verb.Split(format, -1)
	return strings.Trim(slices.MaxFunc(parts, func(a, b string) int { return len(a) - len(b) }), " :;,.()\n\"")
}
