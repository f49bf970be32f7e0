package hubspot_test

import (
	"net/url"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestLists(t *testing.T) {
	s := start(t, hubspot.Options{})
	const path = "/crm/lists/2026-03"
	def := func(name, property string) obj {
		return obj{
			"name": name, "objectTypeId": "0-1", "processingType": "DYNAMIC",
			"filterBranch": obj{"filterBranchType": "OR", "filterBranches": []obj{{
				"filterBranchType": "AND", "filters": []obj{{"filterType": "PROPERTY", "property": property}},
			}}},
		}
	}
	named := path + "/object-type-id/0-1/name/" + url.PathEscape("all ADAS")
	call(t, s, "GET", named, nil, 404)
	call(t, s, "POST", path, def("All Adas", "no_such"), 400)
	call(t, s, "POST", path, def("", "firstname"), 400)
	call(t, s, "POST", path, def("All Adas", "firstname"), 200)
	call(t, s, "POST", path, def("All Adas", "firstname"), 400) // there is one of that name
	want(t, call(t, s, "GET", named, nil, 200), "All Adas", "list", "name")
	s.SetScopes("crm.lists.read")
	call(t, s, "GET", named, nil, 200)
	r := call(t, s, "POST", path, obj{}, 403)
	want(t, r, "crm.lists.write", "errors", 0, "context", "requiredGranularScopes", 0)
}
