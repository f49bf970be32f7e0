package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// cached is a value that is read anew when it has grown old. Whoever finds it old reads it while the others wait.
type cached[T any] struct {
	mu    sync.Mutex
	value T
	until time.Time
}

func (c *cached[T]) get(now time.Time, age time.Duration, read func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) && c.until.Sub(now) <= age {
		return c.value, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	c.value, c.until = v, now.Add(age)
	return v, nil
}

// peek returns the value if it is not old, and put sets it, for what is learnt by the way.
func (c *cached[T]) peek(now time.Time) (v T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) {
		return c.value, true
	}
	return v, false
}

func (c *cached[T]) put(v T, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.until = v, until
}

// staff is who our own people are: the account's users, those who left among them, and who writes from their domains.
func (c *Connector) staff(ctx context.Context) (*people.Staff, error) {
	if c.cfg.Owners == "off" {
		return people.NewStaff(c.cfg.StaffDomains, nil), nil
	}
	return c.roster.Staff(ctx, c.now(), c.cfg.StaffDomains, c.owners)
}

// keeper looks now and then whether the account's users can be read, so that a missing scope is said, as that of any
// other record is. The rest goes on without them.
type keeper struct{ c *Connector }

// Recall has nothing to take over.
func (keeper) Recall(context.Context) error { return nil }

// Maintain reads who the account's users are.
func (k keeper) Maintain(ctx context.Context) (next time.Time, err error) {
	if _, err := k.c.staff(ctx); err != nil {
		return time.Time{}, err
	}
	if err := k.c.roster.Refused(); err != nil {
		return time.Time{}, k.c.fail("maintain", connectors.KindOf(err), fmt.Errorf("%w; until then our own people "+
			"are told from theirs by %s alone (%s=off says so for good)",
			errors.Unwrap(err), k.c.opt.Source.Variable("STAFF_DOMAINS"), k.c.opt.Source.Variable("OWNERS")))
	}
	return k.c.now().Add(time.Hour), nil
}

// owners are the addresses of the account's users. Source: HubSpot docs, "Owners".
func (c *Connector) owners(ctx context.Context) ([]string, error) {
	var out []string
	for _, archived := range []string{"false", "true"} {
		err := paged(url.Values{"limit": {"100"}, "archived": {archived}}, func(query url.Values) (paging, error) {
			var got struct {
				Results []struct {
					Email string `json:"email"`
				} `json:"results"`
				Paging paging `json:"paging"`
			}
			_, err := c.rest.Do(ctx, rest.Request{
				Op: "fetch", Class: rest.Fetch, Method: http.MethodGet, Path: "/crm/owners/" + version, Query: query,
				Into: &got,
			})
			if err != nil {
				return got.Paging, err
			}
			for _, o := range got.Results {
				out = append(out, o.Email)
			}
			return got.Paging, nil
		})
		if err != nil {
			return out, connectors.About(err, "read the owners")
		}
	}
	return out, nil
}

// accountZone is the account's time zone, in which our own people are taken to work: HubSpot tells nobody's own. ""
// where the token may not read it.
func (c *Connector) accountZone(ctx context.Context) (string, error) {
	return c.zone.get(c.now(), time.Hour, func() (string, error) {
		d, err := c.details(ctx, "fetch", 24*time.Hour)
		if withheld(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if _, err := time.LoadLocation(d.TimeZone); err != nil {
			return "", nil
		}
		return d.TimeZone, nil
	})
}

// withheld reports whether HubSpot answered that this token cannot have something, which asking again does not change.
func withheld(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Unauthenticated, connectors.NotFound, connectors.Rejected:
		return err != nil
	}
	return false
}

// paging is where the next page begins.
type paging struct {
	Next struct {
		After string `json:"after"`
	} `json:"next"`
}

// paged asks for page after page of what query names, maxPages of them at most.
func paged(query url.Values, ask func(query url.Values) (paging, error)) error {
	for range maxPages {
		at, err := ask(query)
		if err != nil || at.Next.After == "" {
			return err
		}
		query.Set("after", at.Next.After)
	}
	return nil
}
