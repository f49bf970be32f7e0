package operate

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// Member is one process that uses the store.
type Member struct {
	ID    string    `json:"id"`
	Roles []string  `json:"roles"` // none: it does not say, being of an older build
	Rates bool      `json:"rates"`
	Heard time.Time `json:"heard"` // when the store last heard of it
	This  bool      `json:"this"`  // it is the one that answers
}

// Members are the processes that use the store, by their ids.
func Members(ctx context.Context, q *queue.Queue) ([]Member, error) {
	there, err := q.Leases.Members(ctx)
	list := []Member{}
	for _, m := range there {
		said, err := stored.Decode[stored.Member](m.Data)
		if err != nil {
			continue // of another build: there is no more to say of it than that it is there
		}
		list = append(list, Member{
			ID: m.ID, Roles: said.Roles, Rates: said.Rates, Heard: m.Stored.UTC(), This: m.ID == q.Leases.Name(),
		})
	}
	return list, err
}
