package layout

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// named are the Go files that CONTRIBUTING names.
var named = regexp.MustCompile("`([a-z_/]+\\.go)`")

// TestTour: a newcomer finds every file that CONTRIBUTING leads to.
func TestTour(t *testing.T) {
	text, err := os.ReadFile("../../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = fs.WalkDir(os.DirFS("../../.."), ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".go") {
			files = append(files, "/"+name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := named.FindAllStringSubmatch(string(text), -1)
	if len(names) < 15 {
		t.Fatalf("CONTRIBUTING names %d files: is the tour still there?", len(names))
	}
	all := strings.Join(files, "\n") + "\n"
	for _, name := range names {
		if !strings.Contains(all, "/"+name[1]+"\n") {
			t.Errorf("CONTRIBUTING leads to %s, which is not there", name[1])
		}
	}
}
