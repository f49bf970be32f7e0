package salesforce

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// shape is what an org says of an object.
type shape struct {
	fields map[string]shapeField // by name in lower case
	until  time.Time
}

// shapeField is one field, as describe tells it.
type shapeField struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Length int    `json:"length"` // of texts, in characters
	Values []struct {
		Value  string `json:"value"`
		Active bool   `json:"active"`
	} `json:"picklistValues"`
}

// has reports whether the object has a field. One of a related record is taken as given: it is named in code or by a
// person.
func (s shape) has(name string) bool {
	_, ok := s.fields[strings.ToLower(name)]
	return ok || strings.Contains(name, ".")
}

func (s shape) field(name string) (shapeField, bool) {
	f, ok := s.fields[strings.ToLower(name)]
	return f, ok
}

// shapes keeps what objects look like.
type shapes struct {
	flight singleflight.Group // whoever needs an object that is being looked at waits, and nobody else
	mu     sync.Mutex
	by     map[string]shape
}

// shapeLasts is how long that is believed: set-up makes fields while we run.
const shapeLasts = 10 * time.Minute

// describe returns what an object looks like to the running user: fields that it may not see are not there.
func (c *api) describe(ctx context.Context, op, object string) (shape, error) {
	if s, ok := c.shapes.get(object, c.now()); ok {
		return s, nil
	}
	got := c.shapes.flight.DoChan(object, func() (any, error) { // it outlives ctx: the others still want it
		return c.look(context.WithoutCancel(ctx), op, object)
	})
	select {
	case <-ctx.Done():
		return shape{}, c.fail(op, connectors.Unavailable, ctx.Err())
	case r := <-got:
		if r.Err != nil {
			return shape{}, r.Err
		}
		return r.Val.(shape), nil
	}
}

// look asks the org.
func (c *api) look(ctx context.Context, op, object string) (shape, error) {
	var got struct {
		Fields []shapeField `json:"fields"`
	}
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Fetch, Method: http.MethodGet, Path: "/services/data/" + version + "/sobjects/" + object +
			"/describe", Into: &got,
	})
	if err != nil {
		return shape{}, connectors.About(err, "look at "+object)
	}
	s := shape{fields: make(map[string]shapeField, len(got.Fields)), until: c.now().Add(shapeLasts)}
	for _, f := range got.Fields {
		s.fields[strings.ToLower(f.Name)] = f
	}
	c.shapes.put(object, s)
	return s, nil
}

func (s *shapes) get(object string, now time.Time) (shape, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, ok := s.by[object]
	return of, ok && now.Before(of.until) && of.until.Sub(now) <= shapeLasts
}

func (s *shapes) put(object string, of shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]shape{}
	}
	s.by[object] = of
}

// forget has an object looked at again: something was refused that may have been made meanwhile.
func (s *shapes) forget(object string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, object)
}
