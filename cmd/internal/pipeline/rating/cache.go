package rating

import (
	"math"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// cache keeps decoded contacts, the most recently used within a bound of bytes.
type cache struct {
	max   int64
	bytes int64
	lru   *simplelru.LRU[queue.Key, cached]
}

type cached struct {
	c     *stored.Contact
	bytes int64
}

func newCache(max int64) *cache {
	c := &cache{max: max}
	c.lru, _ = simplelru.NewLRU(math.MaxInt, func(_ queue.Key, v cached) { c.bytes -= v.bytes }) // its bound is bytes
	return c
}

// take returns a contact and removes it from the cache. It is put back once it is stored, so that a failed commit
// leaves no wrong entry behind.
func (c *cache) take(key queue.Key) *stored.Contact {
	v, _ := c.lru.Peek(key)
	c.lru.Remove(key)
	return v.c
}

// put keeps a contact whose record has size bytes, and its base as it is stored.
func (c *cache) put(key queue.Key, v *stored.Contact, size int) {
	c.take(key)
	bytes := decodedSize(size) + int64(v.BaseBytes())
	c.lru.Add(key, cached{v, bytes})
	c.bytes += bytes
	for c.bytes > c.max && c.lru.Len() > 1 {
		c.lru.RemoveOldest()
	}
}

// decodedSize is about what a contact takes in memory whose encoding has size bytes: five times that, and on top what
// the CRM shows of it and room for more facts. Measured by BenchmarkDecode and heap profiles of many contacts.
func decodedSize(size int) int64 { return int64(5*size + 2500) }
