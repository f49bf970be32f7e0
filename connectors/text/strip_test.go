package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStrip goes through the layouts of mail programs in twelve languages: a case is a block in a file, not code.
func TestStrip(t *testing.T) {
	files, err := filepath.Glob("testdata/strip/*.txt")
	if err != nil || len(files) < 13 {
		t.Fatalf("want the files of twelve languages and one more, have %d: %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split("\n"+string(data), "\n=== ")[1:]
		if len(blocks) < 10 {
			t.Errorf("%s: %d cases", file, len(blocks))
		}
		for _, block := range blocks {
			name, rest, _ := strings.Cut(block, "\n")
			mail, want, ok := strings.Cut(rest, "\n--- want\n")
			if !ok {
				t.Fatalf("%s, %s: no want", file, name)
			}
			mail = strings.ReplaceAll(mail, `\r`, "\r")
			if got, want := squeeze(Strip(mail)), squeeze(want); got != want {
				t.Errorf("%s, %s:\ngot  %q\nwant %q", filepath.Base(file), name, got, want)
			}
			if again := Strip(Strip(mail)); squeeze(again) != squeeze(Strip(mail)) &&
				!strings.Contains(name, "inline") {
				t.Errorf("%s, %s: stripping twice gives %q", filepath.Base(file), name, again)
			}
		}
	}
}

// squeeze makes runs of empty lines one.
func squeeze(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s)
}
