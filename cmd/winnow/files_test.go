//go:build unix

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// TestMoreConnectionsThanFiles: whoever opens more connections than the process may open files keeps nobody out, the
// probes least of all. A process that anybody may reach and that does not know its own address says so.
func TestMoreConnectionsThanFiles(t *testing.T) {
	const files = 512
	w := newTown(t, 1)
	hooks, admin := porttest.Free(t), porttest.Free(t)
	_, port, err := net.SplitHostPort(hooks)
	if err != nil {
		t.Fatal(err)
	}
	p := await(t, w.env(t.TempDir(), ":"+port, admin), exec.Command("sh", "-c",
		fmt.Sprintf(`ulimit -n %d && exec "$0" serve`, files), os.Args[0]))
	for _, addr := range []string{hooks, admin} {
		for range files + 100 {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}
	client := &http.Client{Timeout: waittest.Hang, Transport: &http.Transport{DisableKeepAlives: true}}
	for url, want := range map[string]int{
		"http://" + admin + "/livez": http.StatusOK, "http://" + hooks + "/hooks/hubspot": http.StatusMethodNotAllowed,
	} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", url, resp.StatusCode, want)
		}
	}
	p.kill()
	for what, want := range map[string]bool{"WINNOW_PUBLIC_URL is not set": true, "too many open files": false} {
		if strings.Contains(p.log.String(), what) != want {
			t.Errorf("the log says %q: %t", what, !want)
		}
	}
}
