package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// mostMethods is how many methods a type may have. One with more is two types: every method can touch every field, so
// nobody can say what a change of one of them reaches.
const mostMethods = 30

// large are the types that have more, each with what is to become of it. The list only shrinks: an entry that is no
// longer needed fails.
var large = map[string]string{
	"queue/internal/jet.Server":        "is the protocol: one method a request that the server takes",
	"connectors/hubspot.Connector":     "is being divided by noun, as the contract of a vendor has it",
	"cmd/internal/lab/hubspot.Sandbox": "is being divided into one account and the faces of the vendors",
	"cmd/internal/lab/salesforce.Org": "is an org with all that a story can do to it; to be divided as the account " +
		"of the world is",
	"cmd/internal/lab/salesforce.Face": "one method a request that the org answers",
	"cmd/internal/lab/population.Life": "its methods are what can happen in a life; a table of them would say no more",
	"connectors/text.scan":             "one method a step of reading a text, over one buffer",
	"connectors/text.message": "is one text with all that is read of it; its readings are to become types " +
		"of their own",
}

// methods counts the methods of each type in tree, tests left out.
func methods(tree fs.FS) (map[string]int, error) {
	count := map[string]int{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				count[path.Dir(name)+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
		return nil
	})
	return count, err
}

// receiver is the name of the type of a method.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func TestNoTypeIsTooLarge(t *testing.T) {
	count, err := methods(os.DirFS("../../.."))
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range count {
		if _, listed := large[name]; n > mostMethods && !listed {
			t.Errorf("%s has %d methods, more than %d: it is two types", name, n, mostMethods)
		}
	}
	for name, why := range large {
		if count[name] <= mostMethods {
			t.Errorf("%s has %d methods: take it off the list (%q)", name, count[name], why)
		}
	}
}

// TestMethodsAreCounted: pointers, values and type parameters are one type, and those of a test are not counted.
func TestMethodsAreCounted(t *testing.T) {
	got, err := methods(fstest.MapFS{
		"a/x.go":      {Data: []byte("package a\ntype T[V any] struct{}\nfunc (T[V]) A() {}\nfunc (*T[V]) B() {}")},
		"a/y.go":      {Data: []byte("package a\nfunc (t T[V]) C() {}\nfunc D() {}")},
		"a/x_test.go": {Data: []byte("package a\nfunc (T[V]) E() {}")},
	})
	if diff := cmp.Diff(map[string]int{"a.T": 3}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
