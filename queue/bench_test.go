package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkPublishDelivery(b *testing.B) {
	for _, workers := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d at once", workers), func(b *testing.B) {
			q := open(b, func(c *Config) { c.MaxStore, c.DeliveriesBytes = 64*gib, 16*gib })
			body := make([]byte, 1000)
			b.SetParallelism(max(workers/2, 1))
			b.ReportAllocs()
			b.ResetTimer()
			publish := func() {
				if err := q.Deliveries.Publish(context.Background(), src, body, nil); err != nil {
					b.Error(err)
				}
			}
			if workers == 1 {
				for b.Loop() {
					publish()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						publish()
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

func BenchmarkPublishBundles(b *testing.B) {
	q := open(b, func(c *Config) { c.MaxStore, c.FactsBytes, c.Partitions = 64*gib, 16*gib, 16 })
	var all []Bundle
	for p := range 16 {
		all = append(all, Bundle{p, make([]byte, 2000), nil})
	}
	for b.Loop() {
		must(b, q.Facts.Publish(context.Background(), all))
	}
	b.ReportMetric(16*float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 1000, 4000} {
		for _, owners := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d records/%d streams", n, owners), func(b *testing.B) {
				q := open(b)
				batch := func(p int) (out Batch) {
					for range n {
						out.Contacts = append(out.Contacts, Put{
							Key: Key{src, fmt.Sprint(p, rand.IntN(10000))}, Data: make([]byte, 600),
						})
					}
					return out
				}
				done := make(chan error, owners)
				b.ReportAllocs()
				for p := range owners {
					go func() {
						var at Checkpoint
						var err error
						for i := 0; i < max(b.N/owners, 1) && err == nil; i++ {
							next := batch(p)
							next.Checkpoint = at
							at, err = q.Contacts.Commit(context.Background(), p, next)
						}
						done <- err
					}()
				}
				for range owners {
					must(b, <-done)
				}
				b.ReportMetric(float64(max(b.N/owners, 1)*owners*n)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

// filled is a store whose partition 0 has n records of 600 bytes.
func filled(b *testing.B, n int) *Queue {
	b.Helper()
	q := open(b, func(c *Config) { c.MaxStore = 8 * gib })
	var at Checkpoint
	for i := 0; i < n; i += 5000 {
		batch := Batch{Checkpoint: at}
		for j := i; j < min(i+5000, n); j++ {
			batch.Contacts = append(batch.Contacts, Put{Key: Key{src, fmt.Sprint(j)}, Data: make([]byte, 600)})
		}
		var err error
		at, err = q.Contacts.Commit(context.Background(), 0, batch)
		must(b, err)
	}
	return q
}

func BenchmarkLoad(b *testing.B) {
	const stored = 100_000
	q := filled(b, stored)
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			keys := make([]Key, n)
			for b.Loop() {
				for i := range keys {
					keys[i] = Key{src, fmt.Sprint(rand.IntN(stored))}
				}
				if got, err := q.Contacts.Load(context.Background(), 0, keys); err != nil || len(got) == 0 {
					b.Fatal(len(got), err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkScan(b *testing.B) {
	const stored = 100_000
	q := filled(b, stored)
	for b.Loop() {
		n := 0
		must(b, q.Contacts.Scan(context.Background(), 0, func(Record) error { n++; return nil }))
		if n != stored {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(stored*b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkOldest(b *testing.B) {
	q := open(b)
	must(b, q.Deliveries.Publish(context.Background(), src, []byte("x"), nil))
	for b.Loop() {
		_, _, err := q.Deliveries.Oldest(context.Background(), src)
		must(b, err)
	}
}

func BenchmarkRoom(b *testing.B) {
	q := open(b)
	for b.Loop() {
		must(b, q.Deliveries.Room(0.8))
	}
}
