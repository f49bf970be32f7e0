package relate

import (
	"context"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/people"
)

const (
	// addressLasts is how long the addresses of a person are not read again. They change seldom; a vendor that hears of it says so (Know,
	// Forget), by an event or by a poll.
	addressLasts = 24 * time.Hour
	// maxAddresses bounds the memory, in people.
	maxAddresses = 20_000
)

// addresses remembers those that were read lately, in memory alone: a mail in ten concerns somebody of whom there was one just before.
type addresses struct {
	mu sync.Mutex
	by map[string]listed
}

type listed struct {
	addresses []string
	until     time.Time
}

// Know tells the addresses of a person that were read on the way, each in whatever form the CRM keeps it.
func (r *Relater) Know(person string, list ...string) {
	book := people.Book{}
	book.Add(person, list...)
	r.known.put(person, book[person], r.Now())
}

// Forget has the addresses of a person read again: one of them changed.
func (r *Relater) Forget(person string) {
	r.known.mu.Lock()
	defer r.known.mu.Unlock()
	delete(r.known.by, person)
}

func (a *addresses) put(person string, list []string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil || len(a.by) >= maxAddresses {
		a.by = map[string]listed{}
	}
	a.by[person] = listed{list, now.Add(addressLasts)}
}

func (a *addresses) get(person string, now time.Time) ([]string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, ok := a.by[person]
	return l.addresses, ok && now.Before(l.until) && l.until.Sub(now) <= addressLasts
}

// addresses returns those of people, read where they are not known.
func (r *Relater) addresses(ctx context.Context, who []string) (people.Book, error) {
	book, now := people.Book{}, r.Now()
	var unread []string
	for _, person := range unique(who) {
		list, ok := r.known.get(person, now)
		if !ok {
			unread = append(unread, person)
			continue
		}
		book[person] = list
	}
	if len(unread) == 0 {
		return book, nil
	}
	read, err := r.Neighbours.Addresses(ctx, unread)
	if err != nil {
		return nil, err
	}
	for _, person := range unread {
		book[person] = read[person]
		r.known.put(person, read[person], now)
	}
	return book, nil
}
