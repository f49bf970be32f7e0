package hubspot

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

func (c *Connector) Plan(context.Context) ([]connectors.Step, error) { return nil, errLater }
func (c *Connector) Apply(context.Context, connectors.Step) error    { return errLater }
func (c *Connector) Advice(string) string                            { return "" }

func (c *Connector) Poll(context.Context, string, time.Time) ([]crm.Notice, string, bool, error) {
	return nil, "", false, errLater
}

func (c *Connector) Backfill(context.Context, string, time.Time, time.Time) (connectors.BackfillPage, error) {
	return connectors.BackfillPage{}, errLater
}
func (c *Connector) fetchConversations(context.Context, []crm.Ref) ([]crm.Notice, error) {
	return nil, errLater
}

var errLater error = &connectors.Error{}
