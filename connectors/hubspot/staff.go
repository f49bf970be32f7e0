package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
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

// staff are our own people's addresses, in lower case. They stay in memory: no fact holds one.
type staff map[string]bool

// ours reports whether an address belongs to one of our own people.
func (c *Connector) ours(s staff, address string) bool {
	address = bare(address)
	if address == "" {
		return false
	}
	if s[address] {
		return true
	}
	_, domain, _ := strings.Cut(address, "@")
	for _, d := range c.cfg.StaffDomains {
		d = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if d != "" && (domain == d || strings.HasSuffix(domain, "."+d)) {
			return true
		}
	}
	return false
}

// bare is an address alone, in lower case: without a name and angle brackets.
func bare(address string) string {
	if i := strings.LastIndexByte(address, '<'); i >= 0 {
		address, _, _ = strings.Cut(address[i+1:], ">")
	}
	return strings.ToLower(strings.TrimSpace(address))
}

// people returns the addresses of the account's users, those who left among them. A token that may not read them knows
// STAFF_DOMAINS alone.
func (c *Connector) people(ctx context.Context) (staff, error) {
	if c.cfg.Owners == "off" {
		return nil, nil
	}
	return c.staff.get(c.now(), time.Hour, func() (staff, error) {
		s := staff{}
		for _, archived := range []string{"false", "true"} {
			for after, page := "", 0; page < maxPages; page++ {
				query := url.Values{"limit": {"100"}, "archived": {archived}}
				if after != "" {
					query.Set("after", after)
				}
				var got struct {
					Results []struct {
						Email string `json:"email"`
					} `json:"results"`
					Paging paging `json:"paging"`
				}
				_, err := c.rest.Do(ctx, rest.Request{
					Op: "fetch", Class: rest.Fetch, Method: http.MethodGet, Path: "/crm/owners/" + version, Query: query, Into: &got,
				})
				if withheld(err) {
					return s, nil
				}
				if err != nil {
					return nil, about(err, "read the owners")
				}
				for _, o := range got.Results {
					if a := bare(o.Email); a != "" {
						s[a] = true
					}
				}
				if after = got.Paging.Next.After; after == "" {
					break
				}
			}
		}
		return s, nil
	})
}

// accountZone is the account's time zone, in which our own people are taken to work: HubSpot tells nobody's own. "" where the
// token may not read it.
func (c *Connector) accountZone(ctx context.Context) (string, error) {
	return c.zone.get(c.now(), time.Hour, func() (string, error) {
		d, err := c.details(ctx, "fetch")
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
