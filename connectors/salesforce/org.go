package salesforce

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
	"github.com/winnow-crm/winnow/connectors/text"
)

// Vendor is Salesforce's name in WINNOW_SOURCES.
const Vendor crm.Vendor = "salesforce"

// version is the version of the REST API that everything here speaks. Each is supported for at least three years.
// Source: REST API Developer Guide, "API End-of-Life Policy".
const version = "v62.0"

const (
	// interval is the window of our own limit: Salesforce's is one of the day.
	interval = 10 * time.Second
	// atOnce keeps below the 25 requests of 20 s and more that an org answers at the same time. Source: REST API
	// Developer Guide, "API Request Limits and Allocations".
	atOnce = 20
	// patience is how long a request waits for the budget before the queue takes it back.
	patience = 30 * time.Second
	// callOptions marks our changes in the change events of other programs. Source: REST API Developer Guide, "Call
	// Options Header".
	callOptions = "client=winnow"
)

// Definition is how the shell makes Salesforce sources.
var Definition = connectors.Define(Vendor, func(cfg Config, opt connectors.Options) (connectors.Vendor, error) {
	o, err := New(cfg, opt)
	if err != nil {
		return connectors.Vendor{}, err
	}
	return o.Vendor(), nil
})

// Org is one Salesforce org. It is safe for concurrent use.
type Org struct {
	*api
	records *records
	user    atomic.Value // string: the id of the user that we run as
}

// api is what every role needs: the settings, the REST API, and what is known of the org's objects.
type api struct {
	cfg      Config
	opt      connectors.Options
	now      func() time.Time
	fields   fields.Map
	rest     *rest.Client
	shapes   shapes
	absences absences
}

// New returns a connector for one org. It does no I/O and refuses settings that Validate refuses.
func New(cfg Config, opt connectors.Options) (*Org, error) {
	if err := cfg.Validate(opt.Source.Prefix()); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.State == nil {
		opt.State = connectors.NewMemory()
	}
	a := &api{cfg: cfg, opt: opt, now: opt.Now}
	a.fields, _ = fields.Parse(cfg.Fields, spelling) // Validate has read this, and what else is read below
	a.rest = rest.New(rest.Options{
		Vendor: Vendor, BaseURL: cfg.API.URL, UserAgent: opt.UserAgent, Timeout: cfg.Timeout,
		Now: opt.Now, Heard: opt.Heard,
		Budget: rest.NewBudget(rest.Plan{
			Windows: []rest.Window{{Limit: cfg.RateLimit, Interval: interval}}, AtOnce: atOnce, Patience: patience,
			Now: opt.Now,
		}),
		Auth: cfg.auth(), Limits: limits, Explain: a.explain, Stale: badToken,
	})
	r := &relate.Relater{Neighbours: neighbours{a}, Now: opt.Now}
	if a.reads("Opportunity") {
		r.Deals = "Opportunity"
	}
	who := &persons{api: a, relate: r, memory: since.NewMemory()}
	who.properties, _ = fields.ParseProperties(cfg.Properties, neutral, spelling)
	rec := &records{
		api: a, people: who, relate: r,
		text: sync.OnceValue(func() *text.Reader { return text.NewReader(opt.Salt, opt.Phrases) }),
	}
	rec.outcomes, _ = fields.Meanings[crm.Outcome](cfg.CallDispositions)
	rec.meetings, _ = fields.Meanings[crm.MeetingState](cfg.MeetingOutcomes)
	c := &Org{api: a, records: rec}
	c.user.Store("")
	return c, nil
}

// auth is the org's credential. An access token says nothing of its end: it is good until it is refused. Source:
// Salesforce Help, "OAuth
// 2.0 Client Credentials Flow" and "OAuth 2.0 JWT Bearer Flow".
func (c Config) auth() rest.Auth {
	grant := rest.ClientCredentials(clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), AuthStyle: oauth2.AuthStyleInParams,
		TokenURL: strings.TrimRight(c.API.URL, "/") + "/services/oauth2/token",
	})
	if c.PrivateKey != "" {
		login := strings.TrimRight(c.Login.URL, "/")
		grant = rest.JWTBearer(jwt.Config{
			Email: c.ClientID, Subject: c.Username, PrivateKey: []byte(c.PrivateKey.Reveal()), Audience: login,
			TokenURL: login + "/services/oauth2/token", Expires: 2 * time.Minute,
		})
	}
	return rest.NewOAuth(rest.OAuthOptions{Vendor: Vendor, Grant: grant, BaseField: "instance_url", Timeout: c.Timeout})
}

// Vendor is the connector by its roles. Where an org has no outbound messages, none is received.
func (c *Org) Vendor() connectors.Vendor {
	poll := &poller{c.api, c.records.people}
	v := connectors.Vendor{
		Fetch: c.records, Relate: c.records, Write: &writer{c.api}, Poll: poll, Backfill: poll, Past: c, Account: c,
		Setup:    &setup{c.api},
		Maintain: c, Budget: c, Show: c, Tick: time.Second, Identify: identify,
	}
	for _, kind := range []string{contact, lead} {
		if !c.reads(objectOf(kind)) {
			continue
		}
		k := connectors.PersonKind{Kind: kind, Record: objectOf(kind), Text: maxText}
		if kind == lead {
			k.Native = connectors.Native{Disqualify: connectors.ByStatus, Closed: c.cfg.Unqualified}
		}
		v.People = append(v.People, k)
	}
	if c.cfg.Webhooks != "off" {
		in := &receiver{c.api, c.cfg.HookKey.Each(), &c.user}
		v.Receive, v.Reply, v.Screen, v.Prove = in, in, in, in
	}
	return v
}

// reads reports whether records of an object are wanted.
func (c *api) reads(object string) bool { return slices.Contains(c.cfg.Objects, object) }

// Budget returns the calls left in the current interval and in the day; negative: not known.
func (c *Org) Budget() (interval, day int) { return c.rest.Budget() }

// Queued says whether calls wait for the budget.
func (c *Org) Queued() bool { return c.rest.Queued() }

// me is what is read of the running user.
type me struct {
	User string `json:"user_id"`
	Org  string `json:"organization_id"`
}

func (c *api) whoAmI(ctx context.Context, op string) (me, error) {
	var m me
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Fetch, Method: http.MethodGet, Path: "/services/oauth2/userinfo", Into: &m,
	})
	if err != nil {
		return me{}, connectors.About(err, "ask who we are, which takes the scopes api and openid")
	}
	if m.User, m.Org = full(m.User), full(m.Org); m.User == "" || m.Org == "" {
		return me{}, c.fail(op, connectors.Malformed, errors.New("the answer names no user or no organization"))
	}
	return m, nil
}

// Account returns the id of the organization that the credential is for.
func (c *Org) Account(ctx context.Context) (string, error) {
	m, err := c.whoAmI(ctx, "account")
	return m.Org, err
}

// userState is where the running user's id is kept: processes that only receive have no other way to know it.
const userState = "user"

// Recall takes over who the running user is.
func (c *Org) Recall(ctx context.Context) error {
	id, err := c.opt.State.Get(ctx, userState)
	if err != nil {
		return c.fail("recall", connectors.Unavailable, err)
	}
	c.user.Store(string(id))
	return nil
}

// again is how often it is asked who the running user is: a connected app may be given another.
const again = 6 * time.Hour

// Maintain finds out who the running user is, whose changes are our own.
func (c *Org) Maintain(ctx context.Context) (time.Time, error) {
	m, err := c.whoAmI(ctx, "maintain")
	if err != nil {
		return time.Time{}, err
	}
	if c.user.Load() != m.User {
		if err := c.opt.State.Put(ctx, userState, []byte(m.User)); err != nil {
			return time.Time{}, c.fail("maintain", connectors.Unavailable, err)
		}
		c.user.Store(m.User)
	}
	return c.now().Add(again), nil
}

func (c *api) fail(op string, k connectors.Kind, err error) *connectors.Error {
	return &connectors.Error{Vendor: Vendor, Op: op, Kind: k, Err: err}
}
