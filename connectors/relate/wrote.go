package relate

import (
	"context"
	"maps"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Recall reads what is remembered of our messages to those whom the records concern, before Ours is asked.
func (c *Circle) Recall(ctx context.Context) error {
	c.wrote = map[string][]crm.Wrote{}
	if c.r.Wrote == nil {
		return nil
	}
	who := map[string]bool{}
	for _, list := range c.people {
		for _, person := range list {
			who[person] = true
		}
	}
	if len(who) == 0 {
		return nil
	}
	known, err := c.r.Wrote(ctx, slices.Sorted(maps.Keys(who)))
	maps.Copy(c.wrote, known)
	return err
}

// Wrote remembers a message of ours that a record holds, for the replies that are read with it.
func (c *Circle) Wrote(record string, w crm.Wrote) {
	for _, person := range c.people[record] {
		c.wrote[person] = append(c.wrote[person], w)
	}
}

// Ours are the hashes of the lines of our messages to those whom a record concerns, as far as they went out before at:
// what we wrote later may repeat words of theirs.
func (c *Circle) Ours(record string, at crm.Millis) []uint64 {
	var lines []uint64
	for _, person := range c.people[record] {
		for _, w := range c.wrote[person] {
			if w.At < at {
				lines = append(lines, w.Lines...)
			}
		}
	}
	return lines
}
