package container

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// missing skips a test for want of something outside, and fails it where WINNOW_TEST_CONTAINERS=required says that it
// must be there.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("WINNOW_TEST_CONTAINERS") == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format+"\nnothing was tested in containers", args...)
}

// needDocker returns the client of a Docker that answers.
func needDocker(t *testing.T) *client.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("builds an image: not with -short")
	}
	docker, err := client.New(client.FromEnv)
	if err != nil {
		missing(t, "Docker cannot be used: %v", err)
	}
	t.Cleanup(func() { _ = docker.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := docker.Ping(ctx, client.PingOptions{}); err != nil {
		missing(t, "Docker does not answer: %v", err)
	}
	return docker
}

// baseImages are the images that the Dockerfile builds from, by its ARG lines.
var baseImages = regexp.MustCompile(`(?m)^ARG [A-Z]+_IMAGE=(\S+)$`)

// needBaseImages has the base images there, pulled where they were not.
func needBaseImages(t *testing.T, docker *client.Client) {
	t.Helper()
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := baseImages.FindAllStringSubmatch(string(dockerfile), -1)
	if len(found) != 2 {
		t.Fatalf("the Dockerfile names %d base images, want two", len(found))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, m := range found {
		if _, err := docker.ImageInspect(ctx, m[1]); err == nil {
			continue
		}
		pull, err := docker.ImagePull(ctx, m[1], client.ImagePullOptions{})
		if err == nil {
			err = pull.Wait(ctx)
		}
		if err != nil {
			missing(t, "the base image %s cannot be pulled: %v", m[1], err)
		}
	}
}

// newProvider returns testcontainers' way to the engine. Without the name of the engine's own network it would make one
// and leave it.
func newProvider(t *testing.T) *testcontainers.DockerProvider {
	t.Helper()
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Close() })
	return provider
}

// build makes the image from the Dockerfile, as users do.
func build(t *testing.T, docker *client.Client) string {
	t.Helper()
	needBaseImages(t, docker)
	provider := newProvider(t)
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // leave time for what the image is built for, or for saying that it was not
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-3*time.Minute))
		defer cancel()
	}
	var log strings.Builder
	version := imageVersion
	image, err := provider.BuildImage(ctx,
		&testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
			Context: "../..", Repo: "winnow-test", Tag: "latest", BuildArgs: map[string]*string{"VERSION": &version},
			BuildLogWriter: &log,
		}})
	if ctx.Err() != nil {
		missing(t, "this machine is too slow to build the image within the tests; build it before, so that its "+
			"layers are there: docker build .")
	}
	if err != nil && strings.Contains(err.Error(), "go mod download") {
		missing(t, "the modules cannot be downloaded from within a container: %v", err)
	}
	if err != nil {
		t.Fatalf("the image cannot be built: %v\n%s", err, log.String())
	}
	return image
}

// hosts are where the published ports of containers may be found from here: on this machine, or, where the tests run in
// a container themselves, where testcontainers takes the engine to be.
func hosts(t *testing.T) []string {
	t.Helper()
	provider := newProvider(t)
	host, err := provider.DaemonHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"127.0.0.1", host}
}

// endpoint waits until path answers 200 on a published port of c and returns the origin under which it did.
func (r *rig) endpoint(c testcontainers.Container, port, path string) string {
	r.t.Helper()
	var last error
	for end := time.Now().Add(hang); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		mapped, err := c.MappedPort(r.t.Context(), port)
		if err != nil {
			last = err
			continue
		}
		for _, host := range r.hosts {
			origin := "http://" + host + ":" + mapped.Port()
			var status int
			if status, last = r.get(origin+path, nil); status == http.StatusOK {
				return origin
			}
		}
	}
	r.t.Fatalf("%s does not answer 200: %v\n%s", path, last, r.logs(c))
	return ""
}

// imageOf builds an image from a Dockerfile and files that are named as it names them.
func imageOf(t *testing.T, repo, dockerfile string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, from := range files {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	image, err := newProvider(t).BuildImage(t.Context(), &testcontainers.ContainerRequest{
		FromDockerfile: testcontainers.FromDockerfile{Context: dir, Repo: repo, Tag: "latest", BuildLogWriter: &log},
	})
	if err != nil {
		t.Fatalf("the image %s cannot be built: %v\n%s", repo, err, log.String())
	}
	return image
}

// program compiles a program for the engine's containers.
func program(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "OUTPUT", out)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
	return out
}

// natsImage is a NATS server of the version that Winnow has inside, made of the module: no registry is needed.
func natsImage(t *testing.T) string {
	t.Helper()
	server := program(t, []string{"CGO_ENABLED=0", "GOOS=linux"}, "go", "build", "-trimpath", "-ldflags", "-s -w",
		"-o", "OUTPUT", "github.com/nats-io/nats-server/v2")
	const dockerfile = "FROM scratch\nCOPY nats-server /nats-server\nENTRYPOINT [\"/nats-server\"]\n"
	return imageOf(t, "winnow-test-nats", dockerfile, map[string]string{"nats-server": server})
}

// nextImage is the next build of Winnow: the same image with a binary of another version.
func (r *rig) nextImage() string {
	r.t.Helper()
	next := program(r.t, []string{"VERSION=" + nextVersion}, "scripts/build", "OUTPUT", "linux", runtime.GOARCH)
	dockerfile := "FROM " + r.image + "\nCOPY winnow /winnow\n"
	return imageOf(r.t, "winnow-test-next", dockerfile, map[string]string{"winnow": next})
}
