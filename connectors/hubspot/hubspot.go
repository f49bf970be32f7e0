package hubspot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Vendor is HubSpot's name in WINNOW_SOURCES.
const Vendor crm.Vendor = "hubspot"

const conversations = "conversations"

// Definition is how the shell makes HubSpot sources.
var Definition = connectors.Definition{
	Vendor: Vendor,
	Config: func() connectors.Config { return new(Config) },
	New: func(cfg connectors.Config, opt connectors.Options) (connectors.Connector, error) {
		c, ok := cfg.(*Config)
		if !ok {
			return nil, fmt.Errorf("hubspot: settings of another vendor: %T", cfg)
		}
		return New(*c, opt)
	},
}

// Connector is one HubSpot account.
type Connector struct {
	cfg Config
	opt connectors.Options
}

var (
	_ connectors.Connector      = (*Connector)(nil)
	_ connectors.Poller         = (*Connector)(nil)
	_ connectors.Backfiller     = (*Connector)(nil)
	_ connectors.Accounter      = (*Connector)(nil)
	_ connectors.Installer      = (*Connector)(nil)
	_ connectors.BudgetReporter = (*Connector)(nil)
)

// New returns a connector for one account. It does no I/O and refuses settings that Validate refuses.
func New(cfg Config, opt connectors.Options) (*Connector, error) {
	if err := cfg.Validate("WINNOW_" + opt.Source.Name); err != nil {
		return nil, err
	}
	return &Connector{cfg: cfg.withDefaults(), opt: opt}, nil
}

var errLater = errors.New("not built yet")

func (c *Connector) Verify(connectors.Delivery, time.Time) error            { return errLater }
func (c *Connector) Decode(connectors.Delivery) ([]crm.Notice, error)       { return nil, errLater }
func (c *Connector) MaxFetch() int                                          { return 100 }
func (c *Connector) Fetch(context.Context, []crm.Ref) ([]crm.Notice, error) { return nil, errLater }
func (c *Connector) MaxBatch() int                                          { return 100 }
func (c *Connector) Write(context.Context, []crm.Change) []error            { return nil }
func (c *Connector) Account(context.Context) (string, error)                { return "", errLater }
func (c *Connector) Plan(context.Context) ([]connectors.Step, error)        { return nil, errLater }
func (c *Connector) Apply(context.Context, connectors.Step) error           { return errLater }
func (c *Connector) Advice(string) string                                   { return "" }
func (c *Connector) Budget() (interval, day int)                            { return -1, -1 }
func (c *Connector) Poll(context.Context, string, time.Time) ([]crm.Notice, string, bool, error) {
	return nil, "", false, errLater
}
func (c *Connector) Backfill(context.Context, string, time.Time, time.Time) (connectors.BackfillPage, error) {
	return connectors.BackfillPage{}, errLater
}
