package hubspot

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
	"github.com/winnow-crm/winnow/connectors/text"
)

// Vendor is HubSpot's name in WINNOW_SOURCES.
const Vendor crm.Vendor = "hubspot"

// The types of references that are no kind of HubSpot's objects.
const (
	conversations = "conversations" // id: a thread, or thread/message
	// id: a contact whose newest activities are read again; referrals has a file of its own
	timeline = "timeline"
	// id: a contact whose newest activities are looked through for what was not read yet
	filed = "filed"
)

// Definition is how the shell makes HubSpot sources.
var Definition = connectors.Define(Vendor, func(cfg Config, opt connectors.Options) (connectors.Vendor, error) {
	c, err := New(cfg, opt)
	if err != nil {
		return connectors.Vendor{}, err
	}
	return c.Vendor(), nil
})

// Connector is one HubSpot account. It is safe for concurrent use.
type Connector struct {
	cfg     Config
	opt     connectors.Options
	now     func() time.Time
	secrets []connectors.Secret

	fields     fields.Map
	neutral    fields.Properties // by the names that rules know
	isWritten  map[string]bool
	isCustomer map[string]bool // by lifecycle stage
	translate  map[string]translate
	outcomes   map[string]crm.Outcome      // by call disposition
	meetings   map[string]crm.MeetingState // by the account's own outcomes

	rest    *rest.Client
	search  *rest.Budget        // HubSpot's narrower limit for searches
	text    func() *text.Reader // made when first used: a process that only receives needs none
	account cached[details]
	zone    cached[string] // the account's
	roster  people.Roster
	relate  *relate.Relater
	noLines cached[bool]  // line items may not be read
	memory  *since.Memory // what contacts looked like when they were read
}

const (
	// interval is the window of HubSpot's rate limit. Source: HubSpot docs, "API usage guidelines".
	interval = 10 * time.Second
	// searchRate is how many searches a second one account may make. Source: HubSpot docs, "CRM search", limits.
	searchRate = 5
	// patience is how long a request waits for the budget before the queue takes it back.
	patience = 30 * time.Second
)

// New returns a connector for one account. It does no I/O and refuses settings that Validate refuses.
func New(cfg Config, opt connectors.Options) (*Connector, error) {
	if err := cfg.Validate(opt.Source.Prefix()); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if opt.Now == nil {
		opt.Now = time.Now
	}
	c := &Connector{
		cfg: cfg, opt: opt, now: opt.Now, secrets: cfg.ClientSecret.Each(),
		isWritten: map[string]bool{}, isCustomer: map[string]bool{},
		text: sync.OnceValue(func() *text.Reader { return text.NewReader(opt.Salt, opt.Phrases) }),
		search: rest.NewBudget(rest.Plan{
			Windows: []rest.Window{{Limit: searchRate, Interval: time.Second}}, Patience: patience, Now: opt.Now,
		}), memory: since.NewMemory(),
	}
	c.fields, _ = fields.Parse(cfg.Fields, spelling) // Validate has read these
	c.neutral, _ = fields.ParseProperties(cfg.Properties, neutral, spelling)
	c.outcomes, _ = fields.Meanings[crm.Outcome](cfg.CallDispositions)
	c.meetings, _ = fields.Meanings[crm.MeetingState](cfg.MeetingOutcomes)
	for _, name := range c.fields.Written() {
		c.isWritten[name] = true
	}
	for _, s := range cfg.CustomerStages {
		c.isCustomer[strings.TrimSpace(s)] = true
	}
	c.translate = c.translators()
	c.rest = rest.New(rest.Options{
		Vendor: Vendor, BaseURL: cfg.API.URL, UserAgent: opt.UserAgent, Timeout: cfg.Timeout,
		Now: opt.Now, Heard: opt.Heard,
		Budget: rest.NewBudget(rest.Plan{
			Windows: []rest.Window{{Limit: cfg.RateLimit, Interval: interval}}, Patience: patience, Now: opt.Now,
		}),
		Auth: cfg.auth(), Limits: limits, Explain: c.explain,
	})
	c.relate = &relate.Relater{Neighbours: neighbours{c}, Now: opt.Now, Wrote: opt.Wrote}
	if c.reads("deals") {
		c.relate.Deals = "deals"
	}
	return c, nil
}

// Vendor is the connector by its roles. Where an account has no webhooks, none is received.
func (c *Connector) Vendor() connectors.Vendor {
	v := connectors.Vendor{
		Screen: c, Prove: c, Dates: c,
		People: []connectors.PersonKind{{
			Record: "contacts", Text: maxText,
			Native: connectors.Native{Disqualify: connectors.ByStatus, Closed: c.cfg.Unqualified},
		}},
		Fetch: fetcher{c}, Relate: c, Write: c, Poll: c, Backfill: c, Past: c, Account: c, Setup: c, Budget: c, Show: c,
		CheckNative: c.checkNative,
	}
	if c.cfg.Webhooks != "off" {
		v.Receive = c
	}
	if c.cfg.Owners == "on" {
		v.Maintain = keeper{c}
	}
	return v
}

// reads reports whether records of a kind are wanted.
func (c *Connector) reads(kind string) bool { return slices.Contains(c.cfg.Objects, kind) }

// Budget returns the calls left in the current 10 seconds and in the day; negative: not known.
func (c *Connector) Budget() (interval, day int) { return c.rest.Budget() }

// Queued says whether calls wait for the budget.
func (c *Connector) Queued() bool { return c.rest.Queued() }

// details is what is read of the account itself.
type details struct {
	PortalID id     `json:"portalId"`
	TimeZone string `json:"timeZone"`
}

// Account returns the id of the portal that the token is for.
func (c *Connector) Account(ctx context.Context) (string, error) {
	d, err := c.details(ctx, "account", 0)
	if err != nil {
		return "", err
	}
	if d.PortalID == "" {
		return "", c.fail("account", connectors.Malformed, errors.New("the answer names no portal"))
	}
	return string(d.PortalID), nil
}

// details are those of the account, read within an age.
func (c *Connector) details(ctx context.Context, op string, age time.Duration) (details, error) {
	return c.account.get(c.now(), age, func() (details, error) {
		var d details
		_, err := c.rest.Do(ctx, rest.Request{
			Op: op, Class: rest.Fetch, Method: http.MethodGet, Path: "/account-info/" + accountVersion + "/details",
			Into: &d,
		})
		return d, connectors.About(err, "read the account")
	})
}

func (c *Connector) fail(op string, k connectors.Kind, err error) error {
	return &connectors.Error{Vendor: Vendor, Op: op, Kind: k, Err: err}
}
