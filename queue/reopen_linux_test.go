package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// A stream whose write failed answers nothing any more. Deliveries are then refused at once, and where there is room
// the queue asks to be opened again, after which what was acknowledged is there and more is taken.
func TestWriteThatFails(t *testing.T) {
	q := open(t)
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("before"), nil))
	breakWrites(t, q.cfg.Dir, layout.Lane(layout.Deliveries, src))

	began := time.Now()
	err := q.Deliveries.Publish(t.Context(), src, []byte("lost"), nil)
	if err == nil || !strings.Contains(err.Error(), "write error") {
		t.Errorf("a publish whose write fails: %v, want the reason", err)
	}
	if err := q.Facts.Publish(t.Context(), []Bundle{{0, []byte("late"), nil}}); err == nil {
		t.Error("facts are taken by a store that cannot write")
	}
	t.Logf("refused after %s", time.Since(began))
	if q.Healthy(t.Context()) == nil {
		t.Error("healthy though a write failed")
	}
	select {
	case err := <-q.Failed():
		if !errors.Is(err, ErrReopen) {
			t.Errorf("Failed: %v, want ErrReopen", err)
		}
	case <-time.After(hang):
		t.Fatal("nobody is told that the store must be opened again")
	}

	must(t, q.Close())
	q = open(t, func(c *Config) { c.Dir = q.cfg.Dir })
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("after"), nil))
	for i, want := range []string{"before", "after"} {
		if m := fetch(t, q.Deliveries.Consumer(src), 1)[0]; string(m.Data) != want {
			t.Errorf("delivery %d is %q, want %q", i, m.Data, want)
		}
	}
}

// breakWrites has the files of a stream that this process writes to refuse it, as a disk does that is full.
func breakWrites(t *testing.T, dir, stream string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	must(t, err)
	readOnly, err := os.Open(os.DevNull)
	must(t, err)
	t.Cleanup(func() { _ = readOnly.Close() })
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	broken := 0
	for _, e := range open {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err != nil || !strings.HasPrefix(to, dir) || !strings.Contains(to, stream) || filepath.Ext(to) != ".blk" {
			continue
		}
		var fd int
		_, err = fmt.Sscan(e.Name(), &fd)
		must(t, err)
		must(t, syscall.Dup3(int(readOnly.Fd()), fd, syscall.O_CLOEXEC))
		broken++
	}
	if broken == 0 {
		t.Fatalf("no file of %s is open", stream)
	}
}
