package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// permissionSet is the name of the one that shows our fields to the running user: a new field is seen by nobody.
const permissionSet = "Winnow"

// setup makes the fields, and shows them to the running user.
type setup struct{ *api }

// made is what Apply makes of a step.
type made struct {
	object, name string        // a field; empty: the permission set
	spec         crm.FieldSpec // of the field
}

// Plan returns the fields and the permission set, each with whether it is there.
func (c *setup) Plan(ctx context.Context) ([]connectors.Step, error) {
	var steps []connectors.Step
	for _, kind := range []string{contact, lead} {
		object := objectOf(kind)
		if !c.reads(object) {
			continue
		}
		c.shapes.forget(object)
		s, err := c.describe(ctx, "setup", object)
		if err != nil {
			return nil, err
		}
		for _, spec := range c.opt.Fields() {
			name := c.fields[spec.Field]
			// another field was named for it, which is the org's own
			if name == "" || name != spelling.Own(spec.Field) {
				continue
			}
			steps = append(steps, connectors.Step{
				Name: "field " + object + "." + name, Detail: detail(spec), Have: s.has(name),
				Data: made{object, name, spec},
			})
		}
	}
	have, err := c.permitted(ctx)
	if err != nil {
		return nil, err
	}
	steps = append(steps, connectors.Step{
		Name: "permission set " + permissionSet, Detail: "read and edit Winnow's fields, for the running user",
		Have: have, Data: made{},
	})
	for _, object := range c.cfg.Objects {
		step, err := c.visible(ctx, object)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// visible says whether the running user sees an object and all that is read of it. To Winnow a hidden field is empty,
// as of somebody who never opted out, and no answer says that it is hidden.
func (c *setup) visible(ctx context.Context, object string) (connectors.Step, error) {
	step := connectors.Step{Name: "read " + object, Detail: "the object and the fields that are read", Right: true}
	c.shapes.forget(object)
	s, err := c.describe(ctx, "setup", object)
	if err != nil {
		if connectors.KindOf(err) != connectors.Misconfigured {
			return step, err
		}
		step.Detail = "the org does not have it, or hides it from the running user"
		step.Hand = "let the running user read it, or take it out of " + c.opt.Source.Variable("OBJECTS")
		return step, nil
	}
	hidden := slices.DeleteFunc(slices.Concat(fixedFields[object], read[object].fields, c.named(object)),
		func(name string) bool { return name == "" || s.has(name) })
	if step.Have = len(hidden) == 0; !step.Have {
		step.Detail = "hidden from the running user: " + strings.Join(hidden, ", ")
		step.Hand = "show them to the running user by a permission set (field-level security)"
	}
	return step, nil
}

func detail(spec crm.FieldSpec) string {
	var values []string
	for _, o := range spec.Options {
		values = append(values, o.Value)
	}
	return strings.TrimSpace(string(spec.Type) + " " + strings.Join(values, ", "))
}

// Apply carries a step out.
func (c *setup) Apply(ctx context.Context, s connectors.Step) error {
	m, ok := s.Data.(made)
	switch {
	case !ok:
		return c.fail("setup", connectors.Internal, errors.New("a step of another vendor"))
	case m.object == "":
		return c.permit(ctx)
	}
	defer c.shapes.forget(m.object)
	_, err := c.post(ctx, "tooling/sobjects/CustomField", map[string]any{
		"FullName": m.object + "." + m.name, "Metadata": metadata(m.spec),
	})
	if err != nil && strings.Contains(err.Error(), "DUPLICATE_DEVELOPER_NAME") {
		return nil // it is there, and the running user does not see it yet, as after a set-up that was broken off
	}
	return connectors.About(err, "make "+m.object+"."+m.name)
}

// metadata is a field as the Tooling API makes it. Source: Metadata API Developer Guide, CustomField.
func metadata(spec crm.FieldSpec) map[string]any {
	m := map[string]any{
		"label": cutLabel(spec.Label), "description": spec.Description, "inlineHelpText": spec.Description,
	}
	switch spec.Type {
	case crm.Choice:
		var values []map[string]any
		for _, o := range spec.Options {
			values = append(values, map[string]any{"valueName": o.Value, "label": o.Label, "default": false})
		}
		m["type"] = "Picklist"
		m["valueSet"] = map[string]any{
			"restricted": true, "valueSetDefinition": map[string]any{"sorted": false, "value": values},
		}
	case crm.Number:
		m["type"], m["precision"], m["scale"] = "Number", 3, 0
	case crm.Prose:
		m["type"], m["length"], m["visibleLines"] = "LongTextArea", maxText, 5
	case crm.Flag:
		m["type"], m["defaultValue"] = "Checkbox", false
	case crm.Day:
		m["type"] = "Date"
	case crm.Instant:
		m["type"] = "DateTime"
	default:
		m["type"], m["length"] = "Text", 255
	}
	return m
}

// cutLabel keeps a label within Salesforce's 40 characters. Source: Salesforce Help, "Custom Field Attributes".
func cutLabel(label string) string {
	characters := []rune(label)
	return string(characters[:min(len(characters), 40)])
}

// post makes a record and returns its id.
func (c *setup) post(ctx context.Context, path string, body any) (id string, err error) {
	var got struct {
		ID string `json:"id"`
	}
	_, err = c.rest.Do(ctx, rest.Request{
		Op: "setup", Class: rest.Write, Method: http.MethodPost, Path: "/services/data/" + version + "/" + path,
		Body: body, Into: &got,
	})
	return full(got.ID), err
}

func (c *setup) ask(ctx context.Context, soql string) ([]record, error) {
	return c.query(ctx, "setup", rest.Fetch, soql, false)
}

// permitted reports whether the permission set shows every field that is there, and the running user has it.
func (c *setup) permitted(ctx context.Context) (bool, error) {
	m, err := c.whoAmI(ctx, "setup")
	if err != nil {
		return false, err
	}
	set, err := c.permissionSetID(ctx)
	if err != nil || set == "" {
		return false, err
	}
	assigned, err := c.ask(ctx,
		"SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = "+quoted(set)+" AND AssigneeId = "+
			quoted(m.User))
	if err != nil {
		return false, connectors.About(err, "look for the permission set's users")
	}
	missing, err := c.unseen(ctx, set)
	return len(assigned) > 0 && len(missing) == 0, err
}

func (c *setup) permissionSetID(ctx context.Context) (string, error) {
	rs, err := c.ask(ctx, "SELECT Id FROM PermissionSet WHERE Name = "+quoted(permissionSet))
	if err != nil || len(rs) == 0 {
		return "", connectors.About(err, "look for the permission set")
	}
	return rs[0].id(), nil
}

// field is one of ours on one object, as permissions name it: Contact.Winnow_Rating__c.
type ourField struct{ object, name string }

// unseen are our fields that a permission set does not show.
func (c *setup) unseen(ctx context.Context, set string) ([]ourField, error) {
	rs, err := c.ask(ctx, "SELECT Field FROM FieldPermissions WHERE ParentId = "+quoted(set))
	if err != nil {
		return nil, connectors.About(err, "read the permission set")
	}
	seen := map[string]bool{}
	for _, r := range rs {
		seen[strings.ToLower(r.text("Field"))] = true
	}
	var out []ourField
	for _, kind := range []string{contact, lead} {
		object := objectOf(kind)
		if !c.reads(object) {
			continue
		}
		for _, spec := range crm.FieldTable {
			if name := c.fields[spec.Field]; name != "" && name == spelling.Own(spec.Field) &&
				!seen[strings.ToLower(object+"."+name)] {
				out = append(out, ourField{object, name})
			}
		}
	}
	return out, nil
}

// permit makes the permission set, gives it our fields, and the running user the set. Source: Object Reference,
// FieldPermissions.
func (c *setup) permit(ctx context.Context) error {
	m, err := c.whoAmI(ctx, "setup")
	if err != nil {
		return err
	}
	set, err := c.permissionSetID(ctx)
	if err == nil && set == "" {
		set, err = c.post(ctx, "sobjects/PermissionSet", map[string]any{"Name": permissionSet, "Label": permissionSet})
	}
	if err != nil {
		return connectors.About(err, "make the permission set")
	}
	missing, err := c.unseen(ctx, set)
	if err != nil {
		return err
	}
	for _, f := range missing {
		_, err := c.post(ctx, "sobjects/FieldPermissions", map[string]any{
			"ParentId": set, "SobjectType": f.object, "Field": f.object + "." + f.name, "PermissionsRead": true,
			"PermissionsEdit": true,
		})
		if err != nil {
			return connectors.About(err, "show "+f.object+"."+f.name)
		}
	}
	assigned, err := c.ask(ctx,
		"SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = "+quoted(set)+" AND AssigneeId = "+
			quoted(m.User))
	if err == nil && len(assigned) == 0 {
		_, err = c.post(ctx, "sobjects/PermissionSetAssignment", map[string]any{
			"PermissionSetId": set, "AssigneeId": m.User,
		})
	}
	return connectors.About(err, "give the running user the permission set")
}

// Lists are none.
func (*setup) Lists(context.Context) ([]connectors.Step, error) { return nil, nil }

// Advice is what remains to be clicked.
func (c *setup) Advice(publicURL string) (text string, paste []byte) {
	if publicURL == "" {
		publicURL = "https://<where Winnow is reached>"
	}
	endpoint := c.opt.Source.Hooks(publicURL) + "?key=<HOOK_KEY>"
	return fmt.Sprintf(`In Salesforce, under Setup:
  1. Permission Sets, Winnow, Manage Assignments: give it to the people who shall see the ratings.
  2. Outbound Messages: one for each of Contact, Lead, Task, Event, Opportunity and Quote, to
       %s
     with the fields Id and LastModifiedById; leave "Send Session ID" unticked.
  3. Flows: a record-triggered flow for each of these objects (created or updated) whose action is its outbound message.
  4. The running user's profile: take "Send Outbound Messages" away, so that Winnow's own writes send none.
Mails send no outbound message: they are polled.`, endpoint), nil
}
