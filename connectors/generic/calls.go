package generic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/generic/body"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/rest"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// call is one request to be made.
type call struct {
	op    string
	class rest.Class
	req   *mapping.Request
	input any     // . in it
	vars  jq.Vars // beside $settings and $me
}

// answer is what came back, and the variables with which it is looked at.
type answer struct {
	value any
	vars  jq.Vars
}

// ask makes a request and returns its answer, which is a success by the mapping's own word.
func (c *source) ask(ctx context.Context, k call) (answer, error) {
	vars := c.with(k.vars)
	if k.req != &c.meRequest().Request {
		if err := c.learnMe(ctx, k.op); err != nil {
			return answer{}, err
		}
		vars["$me"] = c.me.get()
	}
	q, err := c.request(k, vars)
	if err != nil {
		return answer{}, c.fail(k.op, connectors.Internal, fmt.Errorf("make the request %s: %w", k.req, err))
	}
	resp, err := c.rest.Do(ctx, q)
	if err != nil {
		return answer{}, connectors.About(err, k.req.String())
	}
	a := answer{vars: vars}
	a.vars["$status"], a.vars["$header"] = resp.Status, headerValues(resp.Header)
	if len(strings.TrimSpace(string(resp.Body))) > 0 {
		if a.value, err = body.JSON(resp.Body); err != nil {
			return answer{}, c.fail(
				k.op,
				connectors.Garbled,
				fmt.Errorf("%s: HTTP %d: the answer is no JSON", k.req, resp.Status),
			)
		}
	}
	return a, c.success(k, a)
}

// with are variables and those that are there everywhere.
func (c *source) with(vars jq.Vars) jq.Vars {
	out := maps.Clone(vars)
	if out == nil {
		out = jq.Vars{}
	}
	out["$settings"], out["$me"], out["$own"] = c.set, c.me.get(), c.own
	out["$auth"] = map[string]any{
		"token":    c.cfg.Token.Reveal(),
		"user":     c.cfg.User,
		"password": c.cfg.Password.Reveal(),
	}
	return out
}

func headerValues(h http.Header) map[string]any {
	out := make(map[string]any, len(h))
	for name, values := range h {
		if len(values) > 0 {
			out[strings.ToLower(name)] = values[0]
		}
	}
	return out
}

// success reports what is wrong with a 2xx answer.
func (c *source) success(k call, a answer) error {
	ok := k.req.Success
	if !ok.Set() {
		ok = c.m.API.Success
	}
	if !ok.Set() {
		return nil
	}
	v, err := ok.First(a.value, a.vars)
	word, named := v.(string)
	if err == nil && jq.Truth(v) && !named {
		return nil
	}
	e := c.fail(k.op, connectors.Rejected, fmt.Errorf("%s: the answer says that it is no success", k.req))
	if _, isObject := a.value.(map[string]any); !isObject || err != nil {
		e.Kind, e.Err = connectors.Garbled, fmt.Errorf("%s: the answer is not what the mapping expects", k.req)
		return e
	}
	if k, is := kinds[word]; is {
		e.Kind = k
	} else {
		c.judge(e, a.value, a.vars)
	}
	return e
}

// kinds are what a mapping may call a refusal.
var kinds = map[string]connectors.Kind{
	"unauthenticated": connectors.Unauthenticated, "not_found": connectors.NotFound, "conflict": connectors.Conflict,
	"rate_limited": connectors.RateLimited, "unavailable": connectors.Unavailable, "rejected": connectors.Rejected,
	"misconfigured": connectors.Misconfigured,
}

// codeWord is what a code for a refusal looks like: anything else could quote what was sent.
var codeWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}$`)

// judge says of a refusal what the mapping makes of it.
func (c *source) judge(e *connectors.Error, value any, vars jq.Vars) {
	word, err := c.m.API.Kind.Text(value, vars)
	if k, ok := kinds[word]; ok && err == nil {
		e.Kind = k
	}
	if reason, err := c.m.API.Reason.Text(value, vars); err == nil && codeWord.MatchString(reason) {
		e.Err = fmt.Errorf("%w (%s)", e.Err, reason)
	}
}

// explain says what a refusal by status means.
func (c *source) explain(r *rest.Response) *connectors.Error {
	e := c.fail("", connectors.KindOfStatus(r.Status), fmt.Errorf("HTTP %d", r.Status))
	value, err := body.JSON(r.Body)
	if err != nil {
		value = nil
	}
	vars := c.with(nil)
	vars["$status"], vars["$header"] = r.Status, headerValues(r.Header)
	c.judge(e, value, vars)
	return e
}

// request fills the templates of a request.
func (c *source) request(k call, vars jq.Vars) (rest.Request, error) {
	method, path := k.req.Method()
	q := rest.Request{Op: k.op, Class: k.class, Method: method, Header: http.Header{}}
	var err error
	if q.Path, _, err = path.Fill(k.input, vars, mapping.Segment); err != nil {
		return q, err
	}
	for name, t := range c.m.API.Headers {
		if err := fillHeader(q.Header, name, t, k, vars); err != nil {
			return q, err
		}
	}
	for name, t := range k.req.Headers {
		if err := fillHeader(q.Header, name, t.Template, k, vars); err != nil {
			return q, err
		}
	}
	if q.Query, err = values(k.req.Query, k, vars); err != nil {
		return q, err
	}
	if k.req.Form != nil {
		form := make(map[string]mapping.Template, len(k.req.Form))
		for name, t := range k.req.Form {
			form[name] = t.Template
		}
		q.Form, err = values(form, k, vars)
		return q, err
	}
	if k.req.Body.Set() {
		q.Body, err = k.req.Body.First(k.input, vars)
	}
	return q, err
}

func fillHeader(h http.Header, name string, t mapping.Template, k call, vars jq.Vars) error {
	v, says, err := t.Fill(k.input, vars, nil)
	if err != nil || !says {
		return err
	}
	if strings.ContainsAny(v, "\r\n") {
		return errors.New("a header of more than one line")
	}
	h.Set(name, v)
	return nil
}

func values(ts map[string]mapping.Template, k call, vars jq.Vars) (url.Values, error) {
	if ts == nil {
		return nil, nil
	}
	out := url.Values{}
	for name, t := range ts {
		v, says, err := t.Fill(k.input, vars, nil)
		if err != nil {
			return nil, err
		}
		if says {
			out.Set(name, v)
		}
	}
	return out, nil
}

// keeper holds who we are to the CRM.
type keeper struct {
	flight singleflight.Group
	mu     sync.Mutex
	value  any
	known  bool
}

func (k *keeper) get() any {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value
}

func (k *keeper) put(v any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value, k.known = v, true
}

func (k *keeper) has() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known
}

var noMe mapping.Me

func (c *source) meRequest() *mapping.Me {
	if c.m.Me == nil {
		return &noMe
	}
	return c.m.Me
}

// learnMe asks who we are where the mapping wants to know it and nobody has asked yet.
func (c *source) learnMe(ctx context.Context, op string) error {
	if c.m.Me == nil || c.me.has() {
		return nil
	}
	got := c.me.flight.DoChan("", func() (any, error) { // it outlives ctx: the others still want it
		return nil, c.askMe(context.WithoutCancel(ctx), op)
	})
	select {
	case <-ctx.Done():
		return c.fail(op, connectors.Unavailable, ctx.Err())
	case r := <-got:
		return r.Err
	}
}

func (c *source) askMe(ctx context.Context, op string) error {
	a, err := c.ask(ctx, call{op: op, class: rest.Fetch, req: &c.m.Me.Request})
	if err != nil {
		return connectors.About(err, "ask who we are")
	}
	v := a.value
	if c.m.Me.Item.Set() {
		if v, err = c.m.Me.Item.First(a.value, a.vars); err != nil || v == nil {
			return c.fail(op, connectors.Garbled, errors.New("the answer does not say who we are"))
		}
	}
	c.me.put(v)
	return nil
}
