package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// listsPath is where lists are, which HubSpot calls segments by now. Source: HubSpot docs, "Lists", 2026-03.
const listsPath = "/crm/lists/2026-03"

// listScopes are the scopes that lists need. Source: the same.
const listScopes = "crm.lists.read and crm.lists.write"

// views are the lists that people work through, each of the contacts whose field has a value; empty: any.
var views = []struct {
	name  string
	field crm.Field
	value string
}{
	{"We owe an answer", crm.FieldBall, string(crm.Us)},
	{"Pending", crm.FieldStatus, string(crm.Pending)},
	{"Look again", crm.FieldRecheckOn, ""},
	{"Overrides", crm.FieldOverride, ""},
}

// Lists compares the account's lists with the views. A list of the same name is left as it is, whoever made it.
func (c *Connector) Lists(ctx context.Context) ([]connectors.Step, error) {
	var steps []connectors.Step
	for _, v := range views {
		name, property := "Winnow: "+v.name, c.fields[v.field]
		if property == "" {
			continue // a field that is not written has nobody in it
		}
		step := connectors.Step{
			Name: "list " + name, Detail: "contacts whose " + property + " is known",
			Data: todo{http.MethodPost, listsPath, listOf(name, property, v.value)},
		}
		if v.value != "" {
			step.Detail = "contacts whose " + property + " is " + v.value
		}
		err := c.setup(ctx, http.MethodGet, listsPath+"/object-type-id/0-1/name/"+url.PathEscape(name), nil, nil,
			"look for the list "+name)
		switch connectors.KindOf(err) {
		case connectors.NotFound:
		case connectors.Unauthenticated:
			return nil, fmt.Errorf("the token needs the scopes %s: %w", listScopes, err)
		default:
			if err != nil {
				return nil, err
			}
			step.Have = true
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// listOf is the definition of a list that keeps itself up to date. Source: HubSpot docs, "List filters".
func listOf(name, property, value string) any {
	operation := map[string]any{"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}
	if value != "" {
		operation = map[string]any{
			"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": []string{value},
		}
	}
	operation["includeObjectsWithNoValueSet"] = false
	return map[string]any{
		"name": name, "objectTypeId": "0-1", "processingType": "DYNAMIC",
		"filterBranch": map[string]any{
			"filterBranchType": "OR", "filters": []any{}, "filterBranches": []any{map[string]any{
				"filterBranchType": "AND", "filterBranches": []any{}, "filters": []any{map[string]any{
					"filterType": "PROPERTY", "property": property, "operation": operation,
				}},
			}},
		},
	}
}

// aboutLists names the scopes where a list cannot be made for want of one.
func aboutLists(t todo, err error) error {
	if e, ok := errors.AsType[*connectors.Error](err); ok && t.path == listsPath &&
		e.Kind == connectors.Unauthenticated {
		e.Err = fmt.Errorf("the token needs the scopes %s: %w", listScopes, e.Err)
	}
	return err
}
