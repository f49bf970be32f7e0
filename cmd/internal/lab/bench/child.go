package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// readyWait is how long a worker may take to be ready: a store of a million contacts is read by then.
const readyWait = 5 * time.Minute

// child is a worker that runs as a process of its own.
type child struct {
	addresses
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended, and why is in why
	why    error
	in     io.Closer
	words  *tail
	dir    string // its store
	began  time.Time
	Ready  time.Duration // from its start until it takes deliveries
	client *http.Client
}

// tail keeps the end of what a child says on its standard error.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-4000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// settings is the environment of a worker over the store in dir, env and the caller's on top of it. The CRM's own quota
// is out of the way: what is measured is Winnow.
func (r *run) settings(dir, api string, env ...string) []string {
	return slices.Concat([]string{
		"WINNOW_LISTEN=127.0.0.1:0", "WINNOW_ADMIN_LISTEN=127.0.0.1:0", "WINNOW_DATA_DIR=" + dir,
		"WINNOW_POLL_INTERVAL=24h", "WINNOW_QUEUE_MIN_FREE=64MiB",
		"WINNOW_HUBSPOT_CLIENT_SECRET=sandbox-secret", "WINNOW_HUBSPOT_TOKEN=sandbox-token",
		"WINNOW_HUBSPOT_API_URL=" + api, "WINNOW_HUBSPOT_RATE_LIMIT=1000000",
	}, env, r.Settings)
}

// environ is what a child runs in: this process's environment with the worker's settings instead of ours.
func (r *run) environ(dir, api string, env ...string) []string {
	outer := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "WINNOW_") })
	return append(outer, r.settings(dir, api, env...)...)
}

// start starts a worker and waits until it is ready.
func (r *run) start(ctx context.Context, command []string, kind, dir, api string, env ...string) (_ *child, err error) {
	args := append(slices.Clone(command[1:]), kind)
	c := &child{
		cmd: exec.Command(command[0], args...), words: &tail{}, dir: dir, client: &http.Client{},
		ended: make(chan struct{}),
	}
	c.cmd.Env = r.environ(dir, api, env...)
	c.cmd.Stderr = c.words
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.began = time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start a worker: %w", errors.Join(err, c.stop()))
		}
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() { defer close(c.ended); c.why = c.cmd.Wait() }() // after the one line that it says there
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, &c.addresses); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	for {
		_, err := c.ask(ctx, http.MethodGet, "/readyz")
		if err == nil {
			c.Ready = time.Since(c.began)
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-c.ended:
			return nil, errors.New("it ended by itself")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop ends the worker, waits for it and removes its store.
func (c *child) stop() error {
	_ = c.in.Close() // it ends by this
	kill := time.AfterFunc(30*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	c.client.CloseIdleConnections()
	<-c.ended
	err := c.why
	if err != nil {
		err = fmt.Errorf("a worker ended with %w; its last words: %s", err, c.words)
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// ask makes one request of the control port.
func (c *child) ask(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.Control+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, strings.TrimSpace(string(b)))
	}
	return b, err
}

// drained waits until the worker has nothing left to do.
func (c *child) drained(ctx context.Context) error {
	_, err := c.ask(ctx, http.MethodPost, "/bench/drained")
	return err
}

// stats are a process's own figures.
type stats struct {
	CPU     float64 // seconds since it began
	RSS     float64 // bytes
	Commits float64 // batches of records since it began
	Written float64 // bytes that it had written to the disk since it began; 0 where the system does not tell
}

func (c *child) stats(ctx context.Context) (stats, error) {
	b, err := c.ask(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return stats{}, err
	}
	v := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			v[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return stats{
		Written: written(c.cmd.Process.Pid), CPU: v["process_cpu_seconds_total"],
		RSS:     v["process_resident_memory_bytes"],
		Commits: v["winnow_rate_commits_total"],
	}, nil
}

// written is how many bytes a process had written to the disk.
func written(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseFloat(line, 64)
	return n
}

// profiled runs fn under a CPU profile of the worker, where profiles are wanted.
func (r *run) profiled(ctx context.Context, c *child, name string, fn func() error) error {
	if r.Profile == "" {
		return fn()
	}
	file := url.Values{"file": {filepath.Join(r.Profile, name)}}.Encode()
	if _, err := c.ask(ctx, http.MethodPost, "/bench/profile?"+file); err != nil {
		return err
	}
	err := fn()
	_, stopped := c.ask(ctx, http.MethodDelete, "/bench/profile")
	return errors.Join(err, stopped)
}
