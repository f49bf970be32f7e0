// Package all is the explicit list of vendors. A folder of connectors that is not in it fails a test here, so that no
// vendor is written and then forgotten, and none is linked in by accident.
package all

import (
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic"
	"github.com/winnow-crm/winnow/connectors/hubspot"
	"github.com/winnow-crm/winnow/connectors/salesforce"
)

// Definitions are the vendors that a source can be of, by the name that WINNOW_SOURCES uses.
var Definitions = map[crm.Vendor]connectors.Definition{
	generic.Vendor:    generic.Definition,
	hubspot.Vendor:    hubspot.Definition,
	salesforce.Vendor: salesforce.Definition,
}
