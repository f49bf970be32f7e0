package watermark

import (
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Source is one CRM account and the connector that speaks to it.
type Source struct {
	crm.Source
	CRM connectors.Vendor
	// Mapping stands for the field mapping: when it changes, every rating is offered to the CRM again.
	Mapping string
}
