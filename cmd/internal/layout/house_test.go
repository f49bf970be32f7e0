package layout

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The linters hold new code to this. The test needs none of them, and keeps the list of older places, which only
// shrinks.
const (
	columns    = 120 // of a line, a tab being 4
	complexity = 15  // cyclomatic, of a function
)

// oldPlaces is the list: what it is, where, and how much of it.
const oldPlaces = "testdata/old.txt"

var update = flag.Bool("update", false, "write the list of older places anew: it must not grow")

// places counts what breaks a rule of the house, by kind and place.
func places(tree fs.FS) (map[string]int, error) {
	found := map[string]int{}
	err := goFiles(tree, func(name string, source []byte, file *ast.File) {
		if n := longLines(source); n > 0 {
			found["long "+name] = n
		}
		test := strings.HasSuffix(name, "_test.go")
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && !test {
				if n := cyclomatic(f); n > complexity {
					found["complex "+path.Dir(name)+" "+fullName(f)] = n
				}
			}
			if !test {
				for _, exported := range undocumented(decl) {
					found["undocumented "+path.Dir(name)+" "+exported] = 1
				}
			}
		}
	})
	return found, err
}

// longLines counts the lines that are too long. What cannot be broken is not counted: a struct tag, or a literal of
// one line.
func longLines(source []byte) (n int) {
	for line := range bytes.Lines(source) {
		width := utf8.RuneCount(bytes.TrimRight(line, "\n")) + 3*bytes.Count(line, []byte("\t"))
		if width > columns && !bytes.Contains(line, []byte(`desc:"`)) {
			n++
		}
	}
	return n
}

func fullName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// cyclomatic is the number of ways through a function: one, and one more for each branch.
func cyclomatic(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if node.List != nil {
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// undocumented are the exported names of a declaration that no comment explains. A group's own comment is enough for
// its members, and methods that an interface demands need none.
func undocumented(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

func readOld(t *testing.T) map[string]int {
	t.Helper()
	b, err := os.ReadFile(oldPlaces)
	if err != nil {
		t.Fatal(err)
	}
	old := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		n := 0
		if _, err := fmt.Sscan(line[i+1:], &n); err != nil {
			t.Fatalf("%s: %q: %v", oldPlaces, line, err)
		}
		old[line[:i]] = n
	}
	return old
}

// TestHouse: no line, function or name breaks a rule that was not there before, and what was mended leaves the list.
func TestHouse(t *testing.T) {
	found, err := places(os.DirFS("../../.."))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		var b strings.Builder
		b.WriteString("# Places that are older than the rule: long lines by file, complex functions, undocumented " +
			"names. The list only shrinks.\n")
		for _, place := range slices.Sorted(maps.Keys(found)) {
			fmt.Fprintf(&b, "%s %d\n", place, found[place])
		}
		if err := os.WriteFile(oldPlaces, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, said := range compare(readOld(t), found) {
		t.Error(said)
	}
}

// compare says what is new, and what of the list is mended.
func compare(old, found map[string]int) (said []string) {
	for place, n := range found {
		switch was := old[place]; {
		case n > was && strings.HasPrefix(place, "long "):
			said = append(said, fmt.Sprintf("%s: %d lines of more than %d columns, %d before", place, n, columns, was))
		case n > was && strings.HasPrefix(place, "complex "):
			said = append(said, fmt.Sprintf("%s: %d ways through it, more than %d; divide it", place, n, complexity))
		case n > was:
			said = append(said, place+": an exported name wants a comment")
		}
	}
	for place, was := range old {
		if n := found[place]; n < was {
			said = append(said, fmt.Sprintf("%s: %d, and the list says %d: make it shrink with -update", place, n, was))
		}
	}
	slices.Sort(said)
	return said
}

func TestHouseFindsWhatIsWrong(t *testing.T) {
	tree := fstest.MapFS{
		"a/a.go": {Data: []byte("package a\n\n" +
			"func Bare() {}\n\n// T is documented.\ntype T struct{}\n\ntype U struct{}\n\n// Group.\nconst (\n\tA = " +
			"1\n)\n\nvar B = 1\n\n" +
			"func (t *T) m(x int) {\n\tswitch {\n" + strings.Repeat("\tcase x > 1 && x < 5:\n", 8) + "\t}\n}\n" +
			"// " + strings.Repeat("x", columns) + "\n")},
		"a/a_test.go":     {Data: []byte("package a\n\nfunc Bare2() {}\n")},
		"a/testdata/a.go": {Data: []byte("no Go")},
		"a/fine/settings.go": {
			Data: []byte("package fine\n\n// S is.\ntype S struct {\n\tA int `desc:\"" + strings.Repeat("x", columns) +
				"\"`\n}\n"),
		},
	}
	found, err := places(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"long a/a.go": 1, "complex a T.m": 17, "undocumented a Bare": 1, "undocumented a U": 1, "undocumented a B": 1,
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	said := compare(map[string]int{"long a/a.go": 2, "complex a T.m": 16, "undocumented a Gone": 1}, found)
	if len(said) != 6 {
		t.Errorf("%d of what is new, worse or mended: %q", len(said), said)
	}
}
