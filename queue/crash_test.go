package queue

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// childDir is set in a process that this test binary starts in order to kill it.
const childDir = "WINNOW_QUEUE_TEST_CHILD"

// child publishes and commits as fast as it can, and prints each promise it was given once it was given it.
func child(dir string) int {
	from, _ := strconv.Atoi(os.Getenv(childDir + "_FROM"))
	ctx := context.Background()
	q, err := Open(ctx, Config{Dir: dir, Partitions: 4, Sources: []string{src}, MaxStore: 2 * gib, MinFree: 1})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := from; ; i++ {
				id := fmt.Sprintf("%d-%d", w, i)
				if err := q.Deliveries.Publish(ctx, src, []byte(id), nil); err != nil {
					say("error %v", err)
					return
				}
				say("delivery %s", id)
			}
		})
	}
	for p := range 2 {
		wg.Go(func() {
			at, err := q.Contacts.Checkpoint(ctx, p)
			for i := from; err == nil; i++ {
				b := Batch{Checkpoint: Checkpoint{Data: fmt.Append(nil, i), Seq: at.Seq}}
				for c := range 50 { // all of them move together, or none
					b.Contacts = append(b.Contacts, Put{Key: Key{src, fmt.Sprint(c)}, Data: fmt.Append(nil, i)})
				}
				if at, err = q.Contacts.Commit(ctx, p, b); err == nil {
					say("commit %d %d", p, i)
				}
			}
			say("error %v", err)
		})
	}
	wg.Wait()
	return 1
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dir := filepath.Join(t.TempDir(), "store")
	acked := map[string]bool{}
	committed := [2]int{-1, -1}
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s_FROM=%d", childDir, round*1_000_000))
		out := must1[interface{ Read([]byte) (int, error) }](t)(cmd.StdoutPipe())
		must(t, cmd.Start())
		kill := func() { _ = cmd.Process.Kill() } // an error means that it has ended by itself, and said why
		timer := time.AfterFunc(hang, kill)
		n, killing := 0, false
		said := map[string]bool{}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f := strings.Fields(lines.Text())
			said[f[0]] = true
			if said["delivery"] && said["commit"] && !killing { // once it has promised one of each
				killing = true
				timer.Reset(time.Duration(100+97*round) * time.Millisecond)
			}
			switch {
			case len(f) == 2 && f[0] == "delivery":
				acked[f[1]] = true
				n++
			case len(f) == 3 && f[0] == "commit":
				p, _ := strconv.Atoi(f[1])
				committed[p], _ = strconv.Atoi(f[2])
			case f[0] == "error":
				t.Error(lines.Text())
			}
		}
		_ = cmd.Wait() // killed
		timer.Stop()
		if n == 0 {
			t.Errorf("round %d acknowledged nothing: it proves nothing", round)
		}
	}
	q := reopen(t, Config{Dir: dir, Sources: []string{src}, MaxStore: 2 * gib, MinFree: 1})
	total, found := len(acked), map[string]bool{}
	c := q.Deliveries.Consumer(src)
	eventually(t, "no delivery waits", func() bool {
		for _, m := range must1[[]*Msg](t)(c.Fetch(t.Context(), 1000, 0, time.Second)) {
			found[string(m.Data)] = true
			must(t, m.Ack())
		}
		return must1[uint64](t)(q.Deliveries.Waiting(t.Context(), src)) == 0
	})
	lost := 0
	for id := range acked {
		if !found[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged deliveries are lost", lost, total)
	}
	for p, want := range committed {
		at := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), p))
		got, _ := strconv.Atoi(string(at.Data))
		if got < want {
			t.Errorf("partition %d: checkpoint %d, and %d was acknowledged", p, got, want)
		}
		n := 0
		must(t, q.Contacts.Scan(t.Context(), p, func(r Record) error {
			n++
			if string(r.Data) != string(at.Data) {
				t.Errorf("partition %d, contact %s is at %s, the checkpoint at %s", p, r.Key.Contact, r.Data, at.Data)
			}
			return nil
		}))
		if n != 50 {
			t.Errorf("partition %d has %d records, want 50", p, n)
		}
	}
	t.Logf("%d deliveries acknowledged in 5 lives, %d found, none lost", total, len(found))
}
