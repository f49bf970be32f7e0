// Package stage starts the sandbox of any vendor.
package stage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/lab/espocrm"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/salesforce"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// starts has the face of each vendor.
var starts = map[string]func(world.Options) (world.Face, error){
	"espocrm":    espocrm.StartFace,
	"hubspot":    hubspot.StartFace,
	"salesforce": salesforce.StartFace,
}

// byFile are the sandboxes of CRMs that a mapping connects.
var byFile = []string{"espocrm"}

// Sources is what WINNOW_SOURCES says for the sandbox of a CRM, of a source that has its name.
func Sources(crm string) string {
	if slices.Contains(byFile, crm) {
		return crm + "=generic"
	}
	return crm
}

// Vendors are those that have a face, in the order of their names.
func Vendors() []string { return slices.Sorted(maps.Keys(starts)) }

// Start starts the face of a vendor. The caller closes it.
func Start(vendor string, o world.Options) (world.Face, error) {
	start, ok := starts[vendor]
	if !ok {
		return nil, fmt.Errorf("no sandbox of %q: want one of %s", vendor, strings.Join(Vendors(), ", "))
	}
	return start(o)
}
