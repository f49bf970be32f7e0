package relate

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

const (
	// addressLasts is how long the addresses of a person are not read again. They change seldom; a vendor that hears of
	// it says so (Know, Forget), by an event or by a poll.
	addressLasts = 24 * time.Hour
	// justNow is how long what was read is beyond doubt: a batch of mails of one stranger is one reading.
	justNow = 5 * time.Second
	// maxAddresses bounds the memory, in people.
	maxAddresses = 20_000
)

// addresses remembers those that were read lately, in memory alone: a mail in ten concerns somebody of whom there was
// one just before.
type addresses struct {
	mu sync.Mutex
	by *simplelru.LRU[string, listed] // nil until the first
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
	if r.known.by != nil {
		r.known.by.Remove(person)
	}
}

func (a *addresses) put(person string, list []string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by, _ = simplelru.NewLRU[string, listed](maxAddresses, nil) // it refuses a size below 1 alone
	}
	a.by.Add(person, listed{list, now.Add(addressLasts)})
}

func (a *addresses) get(person string, now time.Time) ([]string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, ok := a.listed(person)
	return l.addresses, ok && now.Before(l.until) && l.until.Sub(now) <= addressLasts
}

// listed is what is remembered of a person. The caller holds mu.
func (a *addresses) listed(person string) (listed, bool) {
	if a.by == nil {
		return listed{}, false
	}
	return a.by.Get(person)
}

// addresses returns those of people, read where they are not known.
func (r *Relater) addresses(ctx context.Context, who []string) (people.Book, error) {
	book, now := people.Book{}, r.Now()
	var unread []string
	for _, person := range crm.Unique(who) {
		list, ok := r.known.get(person, now)
		if !ok {
			unread = append(unread, person)
			continue
		}
		book[person] = list
	}
	read, err := r.read(ctx, unread)
	maps.Copy(book, read)
	return book, err
}

// readAgain reads the addresses of people that were not read just now.
func (r *Relater) readAgain(ctx context.Context, who []string) (people.Book, error) {
	now := r.Now()
	old := slices.DeleteFunc(crm.Unique(who), func(person string) bool { return r.known.isNew(person, now) })
	return r.read(ctx, old)
}

func (r *Relater) read(ctx context.Context, who []string) (people.Book, error) {
	if len(who) == 0 {
		return nil, nil
	}
	read, err := r.Neighbours.Addresses(ctx, who)
	if err != nil {
		return nil, err
	}
	book := people.Book{}
	for _, person := range who {
		book[person] = read[person]
		r.known.put(person, read[person], r.Now())
	}
	return book, nil
}

// isNew reports whether the addresses of a person were read within the last seconds.
func (a *addresses) isNew(person string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, ok := a.listed(person)
	return ok && l.until.Sub(now) > addressLasts-justNow
}
