package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// workflow is a file of the forge's, as far as it matters here.
type workflow struct {
	On   map[string]any
	Jobs map[string]struct {
		RunsOn string `yaml:"runs-on"`
		Steps  []struct{ Uses, Run string }
	}
}

// ours are the programs of this repository in a command.
var ours = regexp.MustCompile(`(?:^|[\s;&|(])((?:scripts/|\.ci/)[\w-]+)`)

// workflows are all of them, by name, and the commands of each.
func workflows(t *testing.T) (all map[string]workflow, commands map[string]string) {
	t.Helper()
	files, err := filepath.Glob(root + "/.github/workflows/*")
	if err != nil || len(files) != 2 {
		t.Fatalf("workflows: %v, %v: want that of CI and that of a release", files, err)
	}
	all, commands = map[string]workflow{}, map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := filepath.Base(file)
		all[name] = w
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				commands[name] += step.Run + "\n"
			}
		}
	}
	return all, commands
}

// TestWorkflows: what they call is there, their commands are commands, and both do what .ci/run does.
func TestWorkflows(t *testing.T) {
	all, commands := workflows(t)
	for name, w := range all {
		if len(w.On) == 0 || len(w.Jobs) == 0 {
			t.Errorf("%s starts on %v and does %d jobs", name, w.On, len(w.Jobs))
		}
		for job, j := range w.Jobs {
			if j.RunsOn == "" {
				t.Errorf("%s: %s runs nowhere", name, job)
			}
			for _, step := range j.Steps {
				if (step.Uses == "") == (step.Run == "") {
					t.Errorf("%s: %s has a step that does not do one thing: %+v", name, job, step)
				}
				check := exec.CommandContext(t.Context(), "bash", "-n")
				check.Stdin = strings.NewReader(step.Run)
				if out, err := check.CombinedOutput(); err != nil {
					t.Errorf("%s: %s: %v\n%s\n%s", name, job, err, step.Run, out)
				}
			}
		}
		called := ours.FindAllStringSubmatch(commands[name], -1)
		for _, m := range called {
			if info, err := os.Stat(filepath.Join(root, m[1])); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("%s calls %s, which cannot be run: %v", name, m[1], err)
			}
		}
		for _, must := range []string{".ci/run", "scripts/release"} {
			if !strings.Contains(commands[name], must) {
				t.Errorf("%s does not call %s", name, must)
			}
		}
	}
	for _, must := range []string{"scripts/notes", "scripts/image", "--platform linux/amd64,linux/arm64", "cmp "} {
		if !strings.Contains(commands["release.yaml"], must) {
			t.Errorf("a release does without %s", must)
		}
	}
}

// TestFiles makes the files of a release for all platforms, twice.
func TestFiles(t *testing.T) {
	if os.Getenv("WINNOW_TEST_LONG") == "" {
		t.Skip("makes a whole release, twice: make long")
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "--version").Output(); err != nil ||
		!strings.Contains(string(out), "GNU tar") {
		t.Skipf("scripts/release needs GNU tar: %v", err)
	}
	const name, binary = "winnow_1.2.3_windows_arm64", "winnow.exe"
	var sums [2][]byte
	dir := t.TempDir()
	for i := range sums {
		script(t, root, []string{"SOURCE_DATE_EPOCH=1700000000"}, "release", "1.2.3", dir)
		var err error
		if sums[i], err = os.ReadFile(dir + "/SHA256SUMS"); err != nil {
			t.Fatal(err)
		}
	}
	if string(sums[0]) != string(sums[1]) {
		t.Errorf("made twice it differs:\n%s\n%s", sums[0], sums[1])
	}
	files, err := exec.CommandContext(t.Context(), "tar", "-tzf", dir+"/"+name+".tar.gz").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{binary, "LICENSE", "licences.csv", "sbom.cdx.json"} {
		if !strings.Contains(string(files), name+"/"+file+"\n") {
			t.Errorf("the archive has no %s:\n%s", file, files)
		}
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the checksums: %v\n%s", err, out)
	}
}
