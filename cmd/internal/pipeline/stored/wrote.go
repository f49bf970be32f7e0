package stored

import (
	"context"
	"fmt"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Wrote returns how a connector looks up what the records of people remember of our messages to them.
func Wrote(q *queue.Queue, source string) func(context.Context, []string) (map[string][]crm.Wrote, error) {
	return func(ctx context.Context, people []string) (map[string][]crm.Wrote, error) {
		parts := map[int][]queue.Key{}
		for _, person := range people {
			p := q.PartitionOf(source, person)
			parts[p] = append(parts[p], queue.Key{Source: source, Contact: person})
		}
		out := map[string][]crm.Wrote{}
		for p, keys := range parts {
			found, _, err := Contacts(ctx, q, p, keys)
			if err != nil {
				return nil, fmt.Errorf("look up our messages: %w", err)
			}
			for key, c := range found {
				if c == nil { // as if it had never been stored: it is read again
					continue
				}
				if err := c.Whole(); err != nil {
					return nil, err
				}
				out[key.Contact] = c.Record.Wrote()
			}
		}
		return out, nil
	}
}
