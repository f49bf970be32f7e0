package rating

import (
	"container/list"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// cache keeps decoded contacts, the most recently used within a bound of bytes.
type cache struct {
	max   int64
	bytes int64
	order *list.List // of *cached, most recent in front
	by    map[queue.Key]*list.Element
}

type cached struct {
	key   queue.Key
	c     *stored.Contact
	bytes int64
}

func newCache(max int64) *cache {
	return &cache{max: max, order: list.New(), by: map[queue.Key]*list.Element{}}
}

// take returns a contact and removes it: it is put back once it is stored, so a failed commit leaves nothing wrong
// behind.
func (c *cache) take(key queue.Key) *stored.Contact {
	e, ok := c.by[key]
	if !ok {
		return nil
	}
	v := e.Value.(*cached)
	c.order.Remove(e)
	delete(c.by, key)
	c.bytes -= v.bytes
	return v.c
}

// put keeps a contact whose encoding has size bytes.
func (c *cache) put(key queue.Key, v *stored.Contact, size int) {
	c.take(key)
	bytes := decodedSize(size)
	c.by[key] = c.order.PushFront(&cached{key, v, bytes})
	c.bytes += bytes
	for c.bytes > c.max && c.order.Len() > 1 {
		c.take(c.order.Back().Value.(*cached).key)
	}
}

// decodedSize is about what a contact takes in memory whose encoding has size bytes: five times that, and on top what
// the CRM shows of it and room for more facts. Measured by BenchmarkDecode and heap profiles of many contacts.
func decodedSize(size int) int64 { return int64(5*size + 2500) }
