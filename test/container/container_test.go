package container

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// maxImage is the largest image that may be shipped, in bytes.
const maxImage = 64 << 20

// hang is how long something is waited for that only a hang keeps from happening: what was in hand when a process was
// killed comes again a minute later, and a busy machine elects slowly.
const hang = 10 * time.Minute

// TestImage runs the image as the README says, beside a sandbox HubSpot in another container.
func TestImage(t *testing.T) {
	r := newRig(t)
	r.checkImage()
	w := r.start()
	r.checkLicences(w)
	first := r.firstContact()
	t.Run("a signed delivery becomes a rating", func(t *testing.T) { r.rates(t, w, first) })
	t.Run("an unsigned one is refused", func(t *testing.T) {
		resp, err := r.web.Post(w.hooks+hookPath, "application/json", strings.NewReader("[]"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("an unsigned delivery got %d, want 401", resp.StatusCode)
		}
	})
	t.Run("metrics need the token", func(t *testing.T) {
		for auth, want := range map[string]int{"": 401, "Bearer " + adminToken: 200} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.admin+"/metrics", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", auth)
			resp, err := r.web.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("/metrics with %q answered %d, want %d", auth, resp.StatusCode, want)
			}
		}
	})
	// From here on Winnow is killed, so the order counts.
	w = r.killed(w, first+1)
	r.healthy(w)
	r.stops(w)
}

// checkImage looks at what the Dockerfile promises.
func (r *rig) checkImage() {
	r.t.Helper()
	image, err := r.docker.ImageInspect(r.t.Context(), r.image)
	if err != nil {
		r.t.Fatal(err)
	}
	if image.Size > maxImage {
		r.t.Errorf("the image has %d bytes, more than %d", image.Size, maxImage)
	}
	r.t.Logf("image: %.1f MB", float64(image.Size)/1e6)
	c := image.Config
	if user, _, _ := strings.Cut(c.User, ":"); user == "" || user == "0" || user == "root" {
		r.t.Errorf("the image runs as %q", c.User)
	}
	if _, ok := c.Volumes["/data"]; !ok {
		r.t.Errorf("/data is no volume: %v", c.Volumes)
	}
	if c.StopSignal != "SIGTERM" || c.Healthcheck == nil ||
		strings.Join(c.Healthcheck.Test, " ") != "CMD /winnow healthcheck" {
		r.t.Errorf("stop signal %q, health check %+v", c.StopSignal, c.Healthcheck)
	}
	if got := c.Labels["org.opencontainers.image.version"]; got != imageVersion {
		r.t.Errorf("the version label is %q", got)
	}
}

// checkLicences looks for the licences of what is in the image: Go's own, and that of a module.
func (r *rig) checkLicences(w winnow) {
	r.t.Helper()
	modules, err := os.ReadFile("../../go.mod")
	if err != nil {
		r.t.Fatal(err)
	}
	zap := regexp.MustCompile(`go\.uber\.org/zap (\S+)`).FindSubmatch(modules)
	for _, name := range []string{
		"/LICENSE", "/licences/go/LICENSE", "/licences/go.uber.org/zap@" + string(zap[1]) + "/LICENSE",
	} {
		file, err := w.CopyFileFromContainer(r.t.Context(), name)
		if err != nil {
			r.t.Errorf("the image lacks %s: %v", name, err)
			continue
		}
		text, err := io.ReadAll(file)
		if err = errors.Join(err, file.Close()); err != nil || len(text) < 500 {
			r.t.Errorf("%s has %d bytes, %v", name, len(text), err)
		}
	}
}

func (r *rig) rates(t *testing.T, w winnow, contact int) {
	status, err := r.deliver(t.Context(), w, contact)
	if err != nil || status/100 != 2 {
		t.Fatalf("a signed delivery got %d, %v\n%s", status, err, r.logs(w))
	}
	r.eventually(w, hang, "a rating in the sandbox", func() bool { return r.rating(contact) != "" })
}

// killed sends deliveries while the CRM is away, kills Winnow among them, starts another container on the volume, and
// wants every contact rated whose delivery was acknowledged.
func (r *rig) killed(w winnow, from int) winnow {
	t := r.t
	ctx := t.Context()
	if _, err := r.docker.ContainerPause(ctx, r.box.GetContainerID(), client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	const senders, before = 8, 100 // so many acknowledgements, then the kill
	var (
		acked sync.Map
		count atomic.Int64
		next  atomic.Int64
		done  sync.WaitGroup
	)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	enough := make(chan struct{})
	next.Store(int64(from) - 1)
	for range senders {
		done.Go(func() {
			for sending.Err() == nil {
				contact := int(next.Add(1))
				if contact >= from+seeded-1 {
					return
				}
				if status, err := r.deliver(sending, w, contact); err == nil && status/100 == 2 {
					acked.Store(contact, true)
					if count.Add(1) == before {
						close(enough)
					}
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(hang):
		t.Fatalf("%d deliveries were acknowledged, %d wanted\n%s", count.Load(), before, r.logs(w))
	}
	if _, err := r.docker.ContainerKill(ctx, w.GetContainerID(),
		client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	stop()
	done.Wait()
	if state, err := w.State(ctx); err != nil || state.Running || state.ExitCode != 137 {
		t.Fatalf("after SIGKILL: %+v, %v", state, err)
	}
	if err := testcontainers.TerminateContainer(w); err != nil {
		t.Fatal(err)
	}
	if _, err := r.docker.ContainerUnpause(ctx, r.box.GetContainerID(), client.ContainerUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
	w = r.start()
	t.Logf("killed after %d acknowledged deliveries; %d contacts are to be rated", before, count.Load())
	acked.Range(func(contact, _ any) bool {
		r.eventually(w, hang, "the rating of an acknowledged contact", func() bool {
			return r.rating(contact.(int)) != ""
		})
		return true
	})
	return w
}

// healthy waits for the image's own health check.
func (r *rig) healthy(w winnow) {
	r.t.Helper()
	r.eventually(w, hang, "HEALTHCHECK says healthy", func() bool {
		state, err := w.State(r.t.Context())
		return err == nil && state.Health != nil && state.Health.Status == "healthy"
	})
}

// stops ends Winnow as container platforms do, and looks at what it left in its log.
func (r *rig) stops(w winnow) {
	r.t.Helper()
	grace := 25 * time.Second
	began := time.Now()
	if err := w.Stop(r.t.Context(), &grace); err != nil {
		r.t.Fatal(err)
	}
	state, err := w.State(r.t.Context())
	if err != nil || state.ExitCode != 0 {
		r.t.Errorf("after SIGTERM: %+v, %v: want exit code 0\n%s", state, err, r.logs(w))
	}
	r.t.Logf("stopped in %s", time.Since(began).Round(time.Millisecond))
	log := r.logs(w)
	for _, hidden := range []string{secret, token, adminToken, "@seed.example"} {
		if strings.Contains(log, hidden) {
			r.t.Errorf("the log shows %q", hidden)
		}
	}
	if !strings.Contains(log, "winnow stopped") {
		r.t.Errorf("the log does not say that it stopped:\n%s", log)
	}
}
