package generic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// The names of what is remembered.
const (
	meState   = "me"
	hookState = "webhooks"
)

// again is how often it is looked whether all is as it was.
const again = time.Hour

// webhook is one that was made for us: its id, and the secret that the CRM showed once.
type webhook struct {
	Event  string `json:"event"`
	ID     string `json:"id"`
	Secret string `json:"secret,omitempty"`
}

// maintainer remembers who we are, and looks after our webhooks.
type maintainer struct{ *source }

// Recall takes over who we are and the secrets that the CRM gave us: a process that only receives asks for neither.
func (c *maintainer) Recall(ctx context.Context) error {
	b, err := c.opt.State.Get(ctx, meState)
	if err != nil {
		return c.fail("recall", connectors.Unavailable, err)
	}
	var me any
	if len(b) > 0 && json.Unmarshal(b, &me) == nil {
		c.me.put(me)
	}
	hooks, err := c.remembered(ctx)
	if err != nil {
		return err
	}
	c.secrets.put(secretsOf(hooks))
	return nil
}

func secretsOf(hooks []webhook) []string {
	var out []string
	for _, h := range hooks {
		out = append(out, h.Secret)
	}
	return out
}

func (c *maintainer) remembered(ctx context.Context) ([]webhook, error) {
	b, err := c.opt.State.Get(ctx, hookState)
	if err != nil {
		return nil, c.fail("recall", connectors.Unavailable, err)
	}
	var hooks []webhook
	if len(b) > 0 && json.Unmarshal(b, &hooks) != nil {
		return nil, nil // they are made anew
	}
	return hooks, nil
}

// Maintain finds out who we are, and looks after our webhooks.
func (c *maintainer) Maintain(ctx context.Context) (time.Time, error) {
	if c.m.Me != nil {
		if err := c.askMe(ctx, "maintain"); err != nil {
			return time.Time{}, err
		}
		b, err := json.Marshal(c.me.get())
		if err == nil {
			err = c.opt.State.Put(ctx, meState, b)
		}
		if err != nil {
			return time.Time{}, c.fail("maintain", connectors.Unavailable, err)
		}
	}
	if err := c.maintainHooks(ctx); err != nil {
		return time.Time{}, err
	}
	return c.now().Add(again), nil
}

// managed reports whether the mapping can look after webhooks, and where deliveries go is known.
func (c *maintainer) managed() bool {
	return c.m.Hooks != nil && c.m.Hooks.Manage != nil && c.cfg.Webhooks != "off" && c.opt.PublicURL != "" &&
		len(c.cfg.HookSecret.Each()) == 0
}

// maintainHooks makes the webhooks that are missing. One that is there and whose secret is not known is made anew: the
// CRM shows a secret once.
func (c *maintainer) maintainHooks(ctx context.Context) error {
	if !c.managed() {
		return nil
	}
	there, err := c.listHooks(ctx)
	if err != nil {
		return err
	}
	known, err := c.remembered(ctx)
	if err != nil {
		return err
	}
	var keep []webhook
	have := map[string]bool{}
	for _, h := range there {
		i := slices.IndexFunc(known, func(k webhook) bool { return k.ID == h.ID })
		if i >= 0 && h.active && !have[h.Event] && slices.Contains(c.m.Hooks.Manage.Events, h.Event) {
			keep, have[h.Event] = append(keep, known[i]), true
			continue
		}
		if err := c.dropHook(ctx, h); err != nil {
			return err
		}
	}
	for _, event := range c.m.Hooks.Manage.Events {
		if have[event] {
			continue
		}
		made, err := c.makeHook(ctx, event)
		if err != nil {
			return err
		}
		keep = append(keep, made)
		if err := c.remember(ctx, keep); err != nil { // at once: the secret is not shown again
			return err
		}
	}
	return c.remember(ctx, keep)
}

func (c *maintainer) remember(ctx context.Context, hooks []webhook) error {
	b, err := json.Marshal(hooks)
	if err == nil {
		err = c.opt.State.Put(ctx, hookState, b)
	}
	if err != nil {
		return c.fail("maintain", connectors.Unavailable, err)
	}
	c.secrets.put(secretsOf(hooks))
	return nil
}

// address is where the deliveries of an event go.
func (c *maintainer) address(event string) (string, error) {
	address := c.opt.Source.Hooks(c.opt.PublicURL)
	below, says, err := c.m.Hooks.Manage.Path.Fill(nil, c.with(jq.Vars{"$event": event}), nil)
	if err != nil {
		return "", c.fail("maintain", connectors.Internal, fmt.Errorf("hooks.manage.path: %w", err))
	}
	if says && below != "" {
		address += "/" + below
	}
	return address, nil
}

// theirs is a webhook that the CRM has.
type theirs struct {
	webhook
	active bool
}

// listHooks are the CRM's webhooks whose deliveries come to us.
func (c *maintainer) listHooks(ctx context.Context) ([]theirs, error) {
	l := &c.m.Hooks.Manage.List
	a, err := c.ask(ctx, call{op: "maintain", class: rest.Fetch, req: &l.Request})
	if err != nil {
		return nil, connectors.About(err, "list the webhooks")
	}
	items, err := l.Items.All(a.value, a.vars)
	if err != nil || !isObject(a.value) && !isList(a.value) {
		return nil, c.fail("maintain", connectors.Garbled, errors.New("the answer is no list of webhooks"))
	}
	ours := c.opt.Source.Hooks(c.opt.PublicURL)
	var out []theirs
	for _, v := range items {
		to, err := l.URL.Text(v, a.vars)
		id, err2 := l.ID.Text(v, a.vars)
		event, err3 := l.Event.Text(v, a.vars)
		active := any(true)
		var err4 error
		if l.Active.Set() {
			active, err4 = l.Active.First(v, a.vars)
		}
		if err := errors.Join(err, err2, err3, err4); err != nil || id == "" {
			return nil, c.fail("maintain", connectors.Garbled, errors.New("a webhook in the list cannot be read"))
		}
		if to == ours || strings.HasPrefix(to, ours+"/") || strings.HasPrefix(to, ours+"?") {
			out = append(out, theirs{webhook{Event: event, ID: id}, jq.Truth(active)})
		}
	}
	return out, nil
}

func (c *maintainer) dropHook(ctx context.Context, h theirs) error {
	if c.m.Hooks.Manage.Drop == nil {
		return nil
	}
	vars := jq.Vars{"$id": h.ID, "$event": h.Event}
	_, err := c.ask(ctx, call{op: "maintain", class: rest.Write, req: c.m.Hooks.Manage.Drop, vars: vars})
	if err != nil && connectors.KindOf(err) != connectors.NotFound {
		return connectors.About(err, "take a webhook away")
	}
	return nil
}

func (c *maintainer) makeHook(ctx context.Context, event string) (webhook, error) {
	to, err := c.address(event)
	if err != nil {
		return webhook{}, err
	}
	mk := &c.m.Hooks.Manage.Make
	a, err := c.ask(
		ctx,
		call{op: "maintain", class: rest.Write, req: &mk.Request, vars: jq.Vars{"$event": event, "$url": to}},
	)
	if err != nil {
		return webhook{}, connectors.About(err, "make the webhook "+event)
	}
	id, err := mk.ID.Text(a.value, a.vars)
	secret, err2 := mk.Secret.Text(a.value, a.vars)
	if err != nil || err2 != nil || id == "" || mk.Secret.Set() && secret == "" {
		return webhook{}, c.fail(
			"maintain",
			connectors.Garbled,
			fmt.Errorf("the webhook %s was made, and the answer names no id or no secret", event),
		)
	}
	return webhook{Event: event, ID: id, Secret: secret}, nil
}
