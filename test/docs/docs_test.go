// Package docs runs the commands of the guides as they are printed, and looks whether their links lead anywhere.
package docs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// guides are the files with text for users.
func guides(t *testing.T) []string {
	t.Helper()
	files := []string{
		root + "/README.md",
		root + "/CONTRIBUTING.md",
		root + "/SECURITY.md",
		root + "/CHANGELOG.md",
		root + "/deploy/RUNBOOK.md",
	}
	more, err := filepath.Glob(root + "/docs/*.md")
	if err != nil || len(more) < 5 {
		t.Fatalf("the guides are %v, %v", more, err)
	}
	return append(files, more...)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is one that is to be run; it may stand in a list, indented.
var block = regexp.MustCompile("(?ms)^( *)```sh run\n(.*?)^ *```$")

// script is all blocks of a guide, one after the other.
func script(text string) string {
	var b strings.Builder
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(m[2]) {
			b.WriteString(strings.TrimPrefix(line, m[1]))
		}
	}
	return b.String()
}

// endJobs ends what a script that failed has left running.
const endJobs = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"

// clean is the environment without settings of Winnow's: a guide shows which it needs.
func clean() (env []string) {
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "WINNOW_") {
			env = append(env, e)
		}
	}
	return env
}

// TestCommands runs the blocks of each guide in a directory of its own, with settings as a reader has them.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary: not with -short")
	}
	bash, err := exec.LookPath("bash")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("the commands are for a Unix shell")
	}
	for _, tool := range []string{"openssl", "curl", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the guides use it: %v", err)
		}
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "winnow"), root+"/cmd/winnow")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	ran := 0
	for _, file := range guides(t) {
		commands := script(read(t, file))
		if commands == "" {
			continue
		}
		ran++
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // reached by a hang only
			defer cancel()
			cmd := exec.CommandContext(ctx, bash, "-euo", "pipefail", "-c", endJobs+commands)
			cmd.Dir = dir
			cmd.WaitDelay = time.Minute // a process that a script left behind holds its output open
			cmd.Env = append(
				clean(),
				"NO_PROXY=127.0.0.1",
				"PATH="+bin+":"+os.Getenv("PATH"),
				"WINNOW_DATA_DIR="+filepath.Join(dir, "store"),
				"WINNOW_LISTEN="+free(t),
				"WINNOW_ADMIN_LISTEN="+free(t),
				"WINNOW_QUEUE_MIN_FREE=1MiB",
				"WINNOW_QUEUE_MAX_STORE=1GiB",
			)
			if !strings.Contains(commands, "WINNOW_SOURCES=") { // a source that the guide names brings its own
				cmd.Env = append(
					cmd.Env,
					"WINNOW_HUBSPOT_CLIENT_SECRET=of-the-test",
					"WINNOW_HUBSPOT_TOKEN=of-the-test",
					"WINNOW_HUBSPOT_API_URL=http://127.0.0.1:1",
				)
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n---- printed:\n%s", err, commands, out)
			}
		})
	}
	if ran < 4 {
		t.Errorf("%d guides have commands to run: they are not found as they are written", ran)
	}
}

// free is an address that nobody listens at just now. Its port is none of those from 32768 on that systems give to
// outgoing connections: one of them could use it before winnow does.
func free(t *testing.T) string {
	t.Helper()
	for {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)))
		if err == nil {
			_ = ln.Close()
			return ln.Addr().String()
		}
	}
}

// TestNames: settings and fields that a guide names exist. TUNING.md makes up names of segments and signals.
func TestNames(t *testing.T) {
	settings := read(t, root+"/deploy/env.example")
	own := regexp.MustCompile(`WINNOW_(EU|US)_`) // the sources of an example, which are of HubSpot
	setting := regexp.MustCompile(`WINNOW_[A-Z0-9_]+[A-Z0-9]`)
	label := regexp.MustCompile("`(Winnow [a-z ]+)`")
	fields := read(t, root+"/connectors/crm/fields.go")
	found := 0
	for _, file := range guides(t) {
		text := read(t, file)
		if filepath.Base(file) == "TUNING.md" {
			continue
		}
		if strings.HasPrefix(file, root+"/docs/") {
			for _, name := range setting.FindAllString(own.ReplaceAllString(text, "WINNOW_HUBSPOT_"), -1) {
				found++
				if !strings.Contains(settings, name) {
					t.Errorf("%s names %s, which is no setting", file, name)
				}
			}
		}
		for _, m := range label.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(fields, `"`+m[1]+`"`) {
				t.Errorf("%s names the field %q, which has another label", file, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d names: they are not found as they are written", found)
	}
}

// TestLinks: what a guide links to within the repository is there.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	found := 0
	for _, file := range guides(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			}
		}
	}
	if found < 20 {
		t.Errorf("%d links: they are not found as they are written", found)
	}
}
