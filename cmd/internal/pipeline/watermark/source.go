package watermark

import (
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Source is one CRM account and the connector that speaks to it.
type Source struct {
	crm.Source
	CRM connectors.Vendor
	// Mapping stands for the field mapping: when it changes, every rating is offered to the CRM again.
	Mapping   string
	Mode      Mode           // empty: Options.Mode
	MaxBody   int64          // 0: Options.MaxBody
	PollEvery *time.Duration // nil: Options.PollInterval; 0: no polling
}

// Mode is what may be written.
type Mode string

// The modes.
const (
	Shadow  Mode = "shadow"  // nothing is written; decisions are kept as if they had been announced
	Advise  Mode = "advise"  // our own fields
	Enforce Mode = "enforce" // and the CRM's native lead status
)
