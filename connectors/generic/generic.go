package generic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
	"github.com/winnow-crm/winnow/connectors/text"
)

// Vendor is the name of a CRM by a file in WINNOW_SOURCES.
const Vendor crm.Vendor = "generic"

const (
	// defaultCalls and defaultInterval are the limit where a mapping names none.
	defaultCalls    = 100
	defaultInterval = 10 * time.Second
	defaultAtOnce   = 4
	// patience is how long a request waits for the budget before the queue takes it back.
	patience = 30 * time.Second
)

// Definition is how the shell makes such sources.
var Definition = connectors.Define(Vendor, New)

// source is what every role needs: the mapping, the settings, the API, and what is known of us.
type source struct {
	m      *mapping.Mapping
	cfg    Config
	opt    connectors.Options
	now    func() time.Time
	rest   *rest.Client
	fields fields.Map
	set    map[string]any // $settings
	ours   []any          // $ours: the names of the fields that we write; an event about them alone is our echo
	own    []any          // $own: of all our fields, also of those that people set; a CRM may want them named
	me     keeper         // $me

	secrets granted // that the CRM gave us for its webhooks
}

// New returns a connector by a mapping. It does no I/O but to read the mapping, and refuses what Validate refuses.
func New(cfg Config, opt connectors.Options) (connectors.Vendor, error) {
	c, err := newSource(cfg, opt)
	if err != nil {
		return connectors.Vendor{}, err
	}
	return c.vendor(), nil
}

func newSource(cfg Config, opt connectors.Options) (*source, error) {
	if err := cfg.Validate(opt.Source.Prefix()); err != nil {
		return nil, err
	}
	m, err := cfg.load()
	if err != nil {
		return nil, err
	}
	if err := unproved(cfg, m, opt); err != nil {
		return nil, err
	}
	return build(cfg, m, opt), nil
}

// build makes a source of settings and a mapping that are right.
func build(cfg Config, m *mapping.Mapping, opt connectors.Options) *source {
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.State == nil {
		opt.State = connectors.NewMemory()
	}
	c := &source{m: m, cfg: cfg, opt: opt, now: opt.Now}
	c.set, _ = settingsOf(m, cfg.Settings) // Validate has read this, and what else is read below
	c.fields, _ = fields.Parse(cfg.Fields, spelling(m))
	c.ours = anys(c.fields.Written())
	c.own = slices.Concat(c.ours, anys(c.fields.Set()))
	c.rest = rest.New(rest.Options{
		Vendor: Vendor, BaseURL: strings.TrimRight(cfg.API.URL, "/") + strings.TrimRight(m.API.Base, "/"),
		UserAgent: opt.UserAgent,
		Timeout:   cfg.Timeout, Heard: opt.Heard, Now: opt.Now, Auth: c.auth(), Explain: c.explain,
		Budget: rest.NewBudget(rest.Plan{
			Windows: c.windows(), AtOnce: cmp.Or(m.API.Calls, defaultAtOnce), Patience: patience, Now: opt.Now,
		}),
	})
	return c
}

// anys are texts as expressions take them.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// records reads records and makes facts of them.
func (c *source) records() *records {
	r := &records{source: c, memory: since.NewMemory()}
	r.props, _ = fields.ParseProperties(c.cfg.Properties, nil, spelling(c.m)) // Validate has read it
	r.text = sync.OnceValue(func() *text.Reader { return text.NewReader(c.opt.Salt, c.opt.Phrases) })
	r.relate = &relate.Relater{Neighbours: neighbours{r}, Deals: c.m.Deals(), Now: c.now, Wrote: c.opt.Wrote}
	return r
}

// unproved is the error of a source whose webhooks Winnow should create but whose public URL is not set: it has no
// secret and will get none.
func unproved(cfg Config, m *mapping.Mapping, opt connectors.Options) error {
	if cfg.PolledAlone() || m.Hooks.Manage == nil || len(cfg.HookSecret.Each())+len(cfg.HookKey.Each()) > 0 ||
		opt.PublicURL != "" {
		return nil
	}
	return fmt.Errorf(
		"%s: not set: set it, or WINNOW_PUBLIC_URL, by which Winnow makes the webhooks, or %s=off to poll",
		opt.Source.Variable("HOOK_SECRET"),
		opt.Source.Variable("WEBHOOKS"),
	)
}

// windows are the CRM's limits.
func (c *source) windows() []rest.Window {
	if c.cfg.RateLimit > 0 {
		return []rest.Window{{Limit: c.cfg.RateLimit, Interval: defaultInterval}}
	}
	var out []rest.Window
	for _, l := range c.m.API.Limits {
		out = append(out, rest.Window{Limit: l.Calls, Interval: l.Per})
	}
	if len(out) == 0 {
		out = []rest.Window{{Limit: defaultCalls, Interval: defaultInterval}}
	}
	return out
}

// auth is the credential of every request.
func (c *source) auth() rest.Auth {
	api := c.m.API
	switch api.Auth {
	case "bearer":
		return rest.Bearer(c.cfg.Token)
	case "basic":
		return rest.Basic(c.cfg.User, c.cfg.Password)
	case "header":
		value := strings.ReplaceAll(cmp.Or(api.Value, "{token}"), "{token}", c.cfg.Token.Reveal())
		return rest.Static{Header: api.Header, Value: value}
	case "oauth":
		login := strings.TrimRight(cmp.Or(c.cfg.Login.URL, c.cfg.API.URL), "/")
		return rest.NewOAuth(
			rest.OAuthOptions{
				Vendor:  Vendor,
				Timeout: c.cfg.Timeout,
				Grant: rest.ClientCredentials(clientcredentials.Config{
					ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret.Reveal(),
					TokenURL: login + api.Token, Scopes: api.Scope,
					AuthStyle: oauth2.AuthStyleInParams,
				}),
			},
		)
	}
	return nil
}

// vendor is the connector by its roles: those for which the mapping says something.
func (c *source) vendor() connectors.Vendor {
	read := c.records()
	v := connectors.Vendor{
		Fetch: read, Relate: read, Maintain: &maintainer{c}, Budget: c, Tick: c.tick(), Greet: c.greet,
	}
	for _, typ := range sortedKeys(c.m.Records) {
		r := c.m.Records[typ]
		if r.Person != nil {
			v.People = append(v.People, personKind(typ, r.Person))
		}
		if r.List != nil {
			v.Poll, v.Backfill = &poller{read}, &poller{read}
		}
	}
	if c.m.Hooks != nil && c.cfg.Webhooks != "off" {
		in := newReceiver(c, read)
		v.Receive, v.Reply, v.Dates = in, in, in
		if c.m.Hooks.Shake == nil { // else what delivers nothing, and so proves nothing, has to be read too
			v.Screen = in
		}
	}
	if c.m.Write != nil {
		v.Write = writer{c}
	}
	if c.m.Account != nil {
		v.Account = c
	}
	if c.m.Show != nil {
		v.Show = shower{read}
	}
	if c.m.Setup != nil {
		v.Setup = setup{c}
	}
	return v
}

// tick is how fine the CRM's change times are.
func (c *source) tick() time.Duration { return cmp.Or(c.m.API.Tick, time.Second) }

func personKind(typ string, p *mapping.Person) connectors.PersonKind {
	k := connectors.PersonKind{Kind: p.Kind, Record: typ, Text: p.Text}
	if s := p.Status; s != nil {
		k.Native = connectors.Native{Disqualify: connectors.ByStatus, Closed: s.Closed, Open: s.Open, Values: s.Values}
	}
	return k
}

// typeOf is the type of records of a kind of people, empty where there is none.
func (c *source) typeOf(kind string) string {
	for typ, r := range c.m.Records {
		if r.Person != nil && r.Person.Kind == kind {
			return typ
		}
	}
	return ""
}

// person is somebody whom an expression names, empty where nobody of the kind is rated.
func (c *source) person(name string) string {
	p := crm.ParsePerson(name)
	if p.ID == "" || c.typeOf(p.Kind) == "" {
		return ""
	}
	return p.String()
}

// Budget returns the calls left in the current interval and in the day; negative: not known.
func (c *source) Budget() (interval, day int) { return c.rest.Budget() }

// Queued says whether calls wait for the budget.
func (c *source) Queued() bool { return c.rest.Queued() }

func (c *source) fail(op string, k connectors.Kind, err error) *connectors.Error {
	return &connectors.Error{Vendor: Vendor, Op: op, Kind: k, Err: err}
}
