// Package release tests how releases are made: that anybody can make a binary again byte for byte, and that a
// version without notes in the changelog is refused.
package release

import (
	"crypto/sha256"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestLicences: whoever gives the binary away gives the licences of all that is in it.
func TestLicences(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary: not with -short")
	}
	binary, out := filepath.Join(t.TempDir(), "winnow"), filepath.Join(t.TempDir(), "licences")
	script(t, root, []string{"VERSION=1.2.3"}, "build", binary)
	script(t, root, nil, "licences", binary, out)
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"go"}
	for _, m := range info.Deps {
		names = append(names, m.Path+"@"+m.Version)
	}
	if len(names) < 20 {
		t.Errorf("the binary is made of %d modules: it is not read as it is built", len(names))
	}
	for _, name := range names {
		files, err := filepath.Glob(filepath.Join(out, name, "*"))
		text := 0
		for _, file := range files {
			if b, err := os.ReadFile(file); err == nil {
				text += len(b)
			}
		}
		if err != nil || text < 500 {
			t.Errorf("%s has %d bytes of its licence in %v, %v", name, text, files, err)
		}
	}
}

var baseImage = regexp.MustCompile(`(?m)^(?:ARG )?([A-Z]+_IMAGE)=([^@\n]+)(@sha256:[0-9a-f]{64})?$`)

// TestBaseImages: an image of ours is built from the same images as the one before, until somebody moves them on.
func TestBaseImages(t *testing.T) {
	tree := t.TempDir()
	for _, name := range []string{"Dockerfile", "deploy/base-images.env", "scripts/base-images"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pins := func() [][]string {
		text, err := os.ReadFile(filepath.Join(tree, "deploy/base-images.env"))
		if err != nil {
			t.Fatal(err)
		}
		return baseImage.FindAllStringSubmatch(string(text), -1)
	}
	dockerfile, err := os.ReadFile(filepath.Join(tree, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	before, args := pins(), script(t, tree, nil, "base-images", "--args")
	for i, arg := range baseImage.FindAllStringSubmatch(string(dockerfile), -1) {
		if i >= len(before) || before[i][1] != arg[1] || before[i][2] != arg[2] || before[i][3] == "" ||
			!strings.Contains(args, "--build-arg "+before[i][0]) {
			t.Errorf("%s is not built from by digest: %v, %s", arg[0], before, args)
		}
	}
	// A registry whose tags name something else by now, and one that does not answer.
	bin := t.TempDir()
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for _, answer := range []string{"echo " + digest, "echo; exit 1", "echo no digest"} {
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n"+answer+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", filepath.Join(tree, "scripts/base-images"))
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if err := cmd.Run(); (err == nil) != strings.HasSuffix(answer, digest) {
			t.Errorf("%s: %v", answer, err)
		}
		for _, pin := range pins() {
			if pin[3] != "@"+digest {
				t.Errorf("%s: %s, want the digest that the registry said", answer, pin[0])
			}
		}
	}
}
