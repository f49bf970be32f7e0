package people

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// Staff is who our own people are. Addresses stay in memory: no fact holds one.
type Staff struct {
	users     map[string]bool
	domains   []string        // that the settings name
	following map[string]bool // the domains of the users' addresses
	unknown   bool            // the CRM would not say who its users are
}

// NewStaff takes the domains that the settings name and the addresses of the CRM's users, those who left among them.
// Colleagues without an account write from the users' domains too; a free-mail domain tells nothing.
func NewStaff(domains, users []string) *Staff {
	s := &Staff{users: map[string]bool{}, following: map[string]bool{}}
	for _, d := range domains {
		if d = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@")); d != "" {
			s.domains = append(s.domains, d)
		}
	}
	for _, u := range users {
		a := Address(u)
		if a == "" {
			continue
		}
		s.users[a] = true
		if d := Domain(a); !FreeMail(d) {
			s.following[d] = true
		}
	}
	return s
}

// CheckDomains says which of the domains that the settings name is none: nobody would be at it, and our people would be
// rated.
func CheckDomains(domains []string) error {
	for _, d := range domains {
		d = strings.TrimPrefix(strings.TrimSpace(d), "@")
		if d != "" && (strings.ContainsAny(d, "@*/: \"'") || strings.Trim(d, ".") != d) {
			return fmt.Errorf("%q is no domain: want what follows the @, such as example.com", d)
		}
		if FreeMail(strings.ToLower(d)) {
			return fmt.Errorf("anybody can have an address at %s, and all who do would count as our own people: "+
				"make those of ours who do users of the CRM instead", d)
		}
	}
	return nil
}

// Has reports whether an address is one of ours for certain: a user's, or at a domain that the settings name. It alone
// decides that a prospect is one of our own people: a customer may have got an account in our CRM, and colleagues of
// that customer are customers.
func (s *Staff) Has(address string) bool {
	a := Address(address)
	if a == "" {
		return false
	}
	if s.users[a] {
		return true
	}
	domain := Domain(a)
	for _, d := range s.domains {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	return false
}

// follows reports whether an address is at the domain of one of the users.
func (s *Staff) follows(address string) bool {
	domain := Domain(address)
	for d := range s.following {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	return false
}

const (
	// rosterLasts is how long the list of users is not read again, refusedLasts how long after it was refused.
	rosterLasts  = time.Hour
	refusedLasts = 10 * time.Minute
)

// Roster keeps who the CRM's users are: their list is asked for with every mail. Whoever finds it old reads it while
// the others wait.
type Roster struct {
	mu      sync.Mutex
	staff   *Staff
	until   time.Time
	refused error
}

// Staff returns who our own people are, by the domains of the settings and the addresses that read returns. Where the
// credential may not read the users, the settings alone tell, and Refused says so.
func (r *Roster) Staff(ctx context.Context, now time.Time, domains []string,
	read func(context.Context) ([]string, error),
) (*Staff, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.staff != nil && now.Before(r.until) && r.until.Sub(now) <= rosterLasts {
		return r.staff, nil
	}
	users, err := read(ctx)
	switch connectors.KindOf(err) {
	case connectors.Unauthenticated, connectors.NotFound, connectors.Rejected:
	default:
		if err != nil {
			return nil, err
		}
	}
	r.staff, r.refused, r.until = NewStaff(domains, users), err, now.Add(rosterLasts)
	if err != nil {
		r.staff.unknown, r.until = true, now.Add(refusedLasts)
	}
	return r.staff, nil
}

// Refused is why the CRM did not tell who its users are when it was last asked; nil where it did.
func (r *Roster) Refused() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}
