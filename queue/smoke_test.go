package queue

import (
	"testing"
	"time"
)

const childDir = "WINNOW_QUEUE_TEST_CHILD"

func child(dir string) int { return 0 }

func TestSmoke(t *testing.T) {
	q := open(t, func(c *Config) { c.Log = func(l, m string) { t.Log(l, m) } })
	t.Log(q.MaxBatch(), q.MaxBundle(), q.Partitions(), len(q.Salt()))
	must(t, q.PublishDelivery(t.Context(), src, []byte("hello"), nil))
	start := time.Now()
	m := fetch(t, q.DeliveryConsumer(src), 1)
	t.Log(time.Since(start), *m[0])
	must(t, m[0].Ack())
	must(t, q.PublishBundles(t.Context(), []Bundle{{1, []byte("a")}, {2, []byte("b")}, {1, []byte("c")}}))
	l, err := q.OpenLog(t.Context(), 1, 0)
	must(t, err)
	defer l.Close()
	ms, err := l.Next(t.Context(), 10, time.Second)
	must(t, err)
	t.Log(len(ms), time.Since(start))
	cp := commit(t, q, 1, Checkpoint{Facts: 3}, map[string]string{"a": "x", "b": "y"}, map[string]string{"a": "A"})
	cp = commit(t, q, 1, cp, map[string]string{"a": "x2"}, nil)
	t.Log(cp)
	r, err := q.Load(t.Context(), 1, []Key{{src, "a"}, {src, "b"}, {src, "zz"}})
	must(t, err)
	t.Log(r)
	must(t, q.Scan(t.Context(), 1, func(r Record) error { t.Log(r); return nil }))
	t.Log(q.ReadCheckpoint(t.Context(), 1))
	must(t, q.Healthy(t.Context()))
	must(t, q.Healthy(t.Context()))
	t.Log(q.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	t.Log(q.Stats(t.Context()))
	must(t, q.Room(Deliveries, 0.8))
	must(t, q.TrimDeliveries(t.Context(), 0))
	must(t, q.TrimFacts(t.Context(), map[int]uint64{1: 3, 2: 3}))
	t.Log(time.Since(start))
}
