// Package release tests how releases are made: that anybody can make a binary again byte for byte, and that a
// version without notes in the changelog is refused.
package release

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// script runs one of the scripts in a checkout of the repository.
func script(t *testing.T, checkout string, env []string, name string, args ...string) string {
	t.Helper()
	args = append([]string{filepath.Join(checkout, "scripts", name)}, args...)
	cmd := exec.CommandContext(t.Context(), "bash", args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// checkout copies what is committed, and what is changed in this tree, into a directory.
func checkout(t *testing.T, dir string) string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others",
		"--exclude-standard", "go.mod", "go.sum", "scripts", "cmd", "connectors", "queue", "rules")
	files, err := list.Output()
	if err != nil {
		t.Skipf("this is no checkout of git: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted in this tree
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReproducible builds the same source in two directories, which must not show.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary twice: not with -short")
	}
	var sums []string
	for _, dir := range []string{"a", "somewhere/else/altogether"} {
		tree := checkout(t, filepath.Join(t.TempDir(), dir))
		out := filepath.Join(t.TempDir(), "winnow")
		env := []string{"VERSION=1.2.3"}
		if os.Getenv("WINNOW_TEST_LONG") != "" { // and nothing that was compiled before
			env = append(env, "GOCACHE="+t.TempDir())
		}
		script(t, tree, env, "build", out)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), tree) {
			t.Errorf("the binary shows where it was built")
		}
		sum := sha256.Sum256(text)
		sums = append(sums, string(sum[:]))
		got, err := exec.CommandContext(t.Context(), out, "version").Output()
		if err != nil || strings.TrimSpace(string(got)) != "winnow 1.2.3" {
			t.Errorf("it calls itself %q, %v", got, err)
		}
	}
	if sums[0] != sums[1] {
		t.Error("two builds of the same source differ")
	}
}

// TestNotes: a version without a section in the changelog is not released.
func TestNotes(t *testing.T) {
	got := script(t, root, nil, "notes", "Unreleased")
	if !strings.Contains(got, "###") || strings.Contains(got, "## [") {
		t.Errorf("the notes of what is not released yet are %q", got)
	}
	out, err := exec.CommandContext(t.Context(), "bash", root+"/scripts/notes", "9.9.9").CombinedOutput()
	if err == nil {
		t.Errorf("a version that is not in the changelog has the notes %q", out)
	}
}
