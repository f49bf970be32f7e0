package all

import (
	"os"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// notVendors are the folders beside this one that hold what vendors share.
var notVendors = map[string]bool{
	"all": true, "connectortest": true, "crm": true, "fields": true, "people": true, "relate": true, "rest": true,
	"since": true, "text": true,
}

func TestEveryVendorIsListed(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	vendors := 0
	for _, e := range entries {
		if !e.IsDir() || notVendors[e.Name()] {
			continue
		}
		vendors++
		if _, ok := Definitions[crm.Vendor(e.Name())]; !ok {
			t.Errorf("connectors/%s is not in all.Definitions: add it there, or to notVendors here if it is no vendor",
				e.Name())
		}
	}
	if vendors != len(Definitions) {
		t.Errorf("%d vendors' folders, %d definitions: a definition has no folder of its name", vendors,
			len(Definitions))
	}
}

func TestDefinitionsAreWhole(t *testing.T) {
	for name, d := range Definitions {
		if d.Vendor != name {
			t.Errorf("definition under %q says that it is %q", name, d.Vendor)
		}
		if d.Config == nil || d.New == nil {
			t.Errorf("definition of %q lacks Config or New", name)
			continue
		}
		if d.Config() == nil || d.Config() == d.Config() {
			t.Errorf("%s: Config must give fresh settings each time", name)
		}
	}
}
