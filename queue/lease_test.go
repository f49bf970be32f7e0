package queue

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLease(t *testing.T) {
	q := open(t)
	a := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.3", time.Minute))
	if !a.Valid() {
		t.Error("a fresh lease is not valid")
	}
	if _, err := q.Leases.Acquire(t.Context(), "lease.3", time.Minute); !errors.Is(err, ErrHeld) {
		t.Errorf("a second owner: %v, want ErrHeld", err)
	}
	must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.4", time.Minute))
	must1[*Lease](t)(q.Leases.Acquire(t.Context(), "crm.odd source.*", time.Minute))
	for range 3 {
		must(t, a.Renew(t.Context()))
	}
	must(t, a.Release(t.Context()))
	if a.Valid() {
		t.Error("a lease that was given up is valid")
	}
	if err := a.Renew(t.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("renewing what was given up: %v, want ErrLost", err)
	}
	b := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.3", time.Minute))
	must(t, a.Release(t.Context())) // a second time: it must not take b's away
	must(t, b.Renew(t.Context()))
	for _, name := range []string{"", "lease", "other.3"} {
		if _, err := q.Leases.Acquire(t.Context(), name, time.Second); err == nil {
			t.Errorf("a lease called %q was given", name)
		}
	}
}

func TestLeaseRunsOut(t *testing.T) {
	q := open(t)
	a := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.0", time.Second))
	start := time.Now()
	var b *Lease
	for b == nil && time.Since(start) < hang {
		l, err := q.Leases.Acquire(t.Context(), "lease.0", hang)
		if err == nil && a.Valid() {
			t.Error("the lease went to another while its owner still believed in it")
		}
		if err != nil && !errors.Is(err, ErrHeld) {
			t.Fatal(err)
		}
		if b = l; b == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if b == nil {
		t.Fatal("the lease never ran out")
	}
	if err := a.Renew(t.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("the former owner renews: %v, want ErrLost", err)
	}
	must(t, a.Release(t.Context()))
	must(t, b.Renew(t.Context()))
	if !b.Valid() {
		t.Error("the new owner's lease is not valid")
	}
}

// A renewal that was stored, and whose answer was lost, must not cost the lease.
func TestRenewAfterALostAnswer(t *testing.T) {
	q := open(t)
	a := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.0", time.Minute))
	before := a.seq
	must(t, a.Renew(t.Context()))
	a.seq = before // as if the answer had not come
	must(t, a.Renew(t.Context()))
	if !a.Valid() {
		t.Error("the lease is not valid")
	}
}

func TestLeaseIsValidWhileItIsRenewed(t *testing.T) {
	q := open(t)
	l := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.0", time.Minute))
	l.mu.Lock() // as a renewal does until the server answers
	defer l.mu.Unlock()
	valid := make(chan bool, 1)
	go func() { valid <- l.Valid() }()
	select {
	case ok := <-valid:
		if !ok {
			t.Error("the lease does not hold while it is renewed")
		}
	case <-time.After(time.Minute):
		t.Error("whoever asks waits for the renewal")
	}
}

func TestOneOfManyGetsTheLease(t *testing.T) {
	q := open(t)
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := q.Leases.Acquire(t.Context(), "lease.1", time.Minute); err == nil {
				got.Add(1)
			} else if !errors.Is(err, ErrHeld) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("%d owners", got.Load())
	}
}

func TestMembers(t *testing.T) {
	q := open(t, func(c *Config) { c.Name = "host.domain/1" })
	if all := must1[[]Member](t)(q.Leases.Members(t.Context())); len(all) != 0 {
		t.Errorf("members of an empty store: %v", all)
	}
	must(t, q.Leases.Announce(t.Context(), []byte("first"), time.Minute))
	must(t, q.Leases.Announce(t.Context(), []byte("second"), time.Minute))
	all := must1[[]Member](t)(q.Leases.Members(t.Context()))
	if len(all) != 1 || all[0].ID != "host.domain/1" || string(all[0].Data) != "second" {
		t.Errorf("members: %+v", all)
	}
	must(t, q.Leases.Announce(t.Context(), []byte("last"), time.Second))
	eventually(t, "who is silent is no member", func() bool {
		return len(must1[[]Member](t)(q.Leases.Members(t.Context()))) == 0
	})
	must(t, q.Leases.Announce(t.Context(), nil, time.Minute))
	must(t, q.Leases.Retire(t.Context()))
	if all := must1[[]Member](t)(q.Leases.Members(t.Context())); len(all) != 0 {
		t.Errorf("members after Retire: %+v", all)
	}
}
