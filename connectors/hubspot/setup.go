package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	group          = "winnow"
	owners         = "owners"
	quoteLines     = "line_items"
	propertiesPath = "/crm/properties/" + version + "/contacts"
)

// property is a contact property as HubSpot's API has it. Source: HubSpot docs, "Properties".
type property struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Description string   `json:"description,omitempty"`
	GroupName   string   `json:"groupName"`
	Type        string   `json:"type"`
	FieldType   string   `json:"fieldType"`
	Options     []option `json:"options,omitempty"`
}

type option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

// shapes are the type and the field type of each type of field. Source: HubSpot docs, "Properties".
var shapes = map[crm.FieldType][2]string{
	crm.Choice: {"enumeration", "select"}, crm.Number: {"number", "number"}, crm.Line: {"string", "text"},
	crm.Prose: {"string", "textarea"},
	crm.Flag:  {"bool", "booleancheckbox"}, crm.Day: {"date", "date"}, crm.Instant: {"datetime", "date"},
}

// propertyOf is the definition of a field's property.
func propertyOf(f crm.FieldSpec, name string) property {
	shape, options := shapes[f.Type], f.Options
	if f.Type == crm.Flag && options == nil {
		options = []crm.Option{{Value: "true", Label: "Yes"}, {Value: "false", Label: "No"}}
	}
	p := property{
		Name: name, Label: f.Label, Description: f.Description, GroupName: group, Type: shape[0], FieldType: shape[1],
	}
	for i, o := range options {
		p.Options = append(p.Options, option{Label: o.Label, Value: o.Value, DisplayOrder: i})
	}
	return p
}

// todo is what Apply does for a step.
type todo struct {
	method, path string
	body         any
}

// Plan compares the account with what Winnow needs: the property group, the properties, and what the token may do.
func (c *Connector) Plan(ctx context.Context) ([]connectors.Step, error) {
	var groups struct {
		Results []struct {
			Name string `json:"name"`
		} `json:"results"`
	}
	if err := c.setup(ctx, http.MethodGet, propertiesPath+"/groups", nil, &groups,
		"read the property groups"); err != nil {
		return nil, err
	}
	there, err := c.definitions(ctx)
	if err != nil {
		return nil, err
	}
	steps := []connectors.Step{{
		Name: "property group " + group, Detail: "label Winnow",
		Have: slices.ContainsFunc(groups.Results, func(g struct {
			Name string `json:"name"`
		},
		) bool {
			return g.Name == group
		}),
		Data: todo{method: http.MethodPost, path: propertiesPath + "/groups", body: map[string]any{
			"name": group, "label": "Winnow",
		}},
	}}
	for _, f := range slices.Concat(crm.Fields, crm.ReadFields) {
		if name := c.fields[f]; name != "" {
			steps = append(steps, c.propertyStep(f, name, there))
		}
	}
	for _, name := range append(sortedKeys(c.fit()), c.cfg.SegmentProperty, c.cfg.FollowupProperty) {
		if _, ok := there[name]; name != "" && !ok {
			steps = append(steps, connectors.Step{
				Name: "property " + name, Detail: "named in the settings but not there",
				Hand: "correct its name in the settings, or create it in HubSpot",
			})
		}
	}
	if c.opt.Enforce {
		steps = append(steps, c.nativeStep(there))
	}
	scopes, err := c.checkScopes(ctx)
	return append(steps, scopes...), err
}

// definitions are the contact properties that the account has.
func (c *Connector) definitions(ctx context.Context) (map[string]property, error) {
	var have struct {
		Results []property `json:"results"`
	}
	if err := c.setup(ctx, http.MethodGet, propertiesPath, nil, &have, "read the properties"); err != nil {
		return nil, err
	}
	there := map[string]property{}
	for _, p := range have.Results {
		there[p.Name] = p
	}
	return there, nil
}

// nativeStep says whether the account's own list of lead statuses has the value of a disqualified contact.
func (c *Connector) nativeStep(there map[string]property) connectors.Step {
	step := connectors.Step{
		Name:   "value " + c.cfg.Unqualified + " of " + nativeStatus,
		Detail: "set for disqualified contacts under enforce",
	}
	var values []string
	for _, o := range there[nativeStatus].Options {
		values = append(values, o.Value)
	}
	if step.Have = slices.Contains(values, c.cfg.Unqualified); !step.Have {
		step.Detail = "the account's lead statuses are " + strings.Join(values, ", ")
		step.Hand = "add it in HubSpot, or name one of them in " + c.opt.Source.Variable("UNQUALIFIED")
	}
	return step
}

// checkNative is nativeStep as an error.
func (c *Connector) checkNative(ctx context.Context) error {
	there, err := c.definitions(ctx)
	if err != nil {
		return err
	}
	if step := c.nativeStep(there); !step.Have {
		return c.fail("setup", connectors.Misconfigured, fmt.Errorf("%s is not there, %s: %s", step.Name, step.Detail,
			step.Hand))
	}
	return nil
}

// propertyStep says what is missing of a field's property: all of it, some options, or nothing.
func (c *Connector) propertyStep(f crm.Field, name string, there map[string]property) connectors.Step {
	spec := c.opt.Field(f)
	want := propertyOf(spec, name)
	step := connectors.Step{Name: "property " + name, Detail: want.Type, Data: todo{
		method: http.MethodPost, path: propertiesPath, body: want,
	}}
	if n := len(want.Options); n > 4 {
		step.Detail += fmt.Sprintf(" of %d options", n)
	} else if n > 0 && want.Type != "bool" {
		step.Detail += " " + strings.Join(valuesOf(want.Options), ", ")
	}
	got, ok := there[name]
	switch {
	case !ok && name != spec.Stem():
		step.Detail = "named in the settings but not there"
		step.Hand = "correct its name in " + c.opt.Source.Variable("FIELDS") + ", or create it in HubSpot as " +
			want.Type
	case !ok:
	case got.Type != want.Type && (want.Type != "string" || got.Type == "number"):
		step.Detail = fmt.Sprintf("is there as %s, but has to be %s", got.Type, want.Type)
		step.Hand = "delete it in HubSpot and run this again, or map the field to another property with " +
			c.opt.Source.Variable("FIELDS")
	case want.Type == "enumeration":
		missing := lacking(got.Options, want.Options)
		if step.Have = len(missing) == 0; !step.Have {
			step.Detail = "add the options " + strings.Join(valuesOf(missing), ", ")
			step.Data = todo{
				method: http.MethodPatch, path: propertiesPath + "/" + url.PathEscape(name),
				body: map[string]any{"options": slices.Concat(got.Options, missing)},
			}
		}
	default:
		step.Have = true
	}
	return step
}

func valuesOf(options []option) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = o.Value
	}
	return out
}

func lacking(have, want []option) []option {
	return slices.DeleteFunc(slices.Clone(want), func(w option) bool {
		return slices.ContainsFunc(have, func(h option) bool { return h.Value == w.Value })
	})
}

// Apply carries one step out. A property that is there by now is as good as created.
func (c *Connector) Apply(ctx context.Context, s connectors.Step) error {
	t, ok := s.Data.(todo)
	switch {
	case s.Have:
		return nil
	case s.Hand != "":
		return c.fail("setup", connectors.Misconfigured, fmt.Errorf("%s: %s", s.Name, s.Hand))
	case !ok:
		return c.fail("setup", connectors.Internal, errors.New("a step of another connector"))
	}
	err := c.setup(ctx, t.method, t.path, t.body, nil, s.Name)
	if connectors.KindOf(err) == connectors.Conflict && t.method == http.MethodPost {
		return nil
	}
	return aboutLists(t, err)
}

func (c *Connector) setup(ctx context.Context, method, path string, body, into any, what string) error {
	_, err := c.rest.Do(ctx, rest.Request{
		Op: "setup", Class: rest.Fetch, Method: method, Path: path, Body: body, Into: into,
	})
	if e, ok := errors.AsType[*connectors.Error](err); ok && e.Kind == connectors.Rejected &&
		strings.Contains(e.Err.Error(), "OBJECT_ALREADY_EXISTS") {
		e.Kind = connectors.Conflict
	}
	if connectors.KindOf(err) == connectors.Unavailable {
		if u, bad := url.Parse(c.cfg.API.URL); bad == nil { // the host alone: a misspelt one looks like an outage
			what += " at " + u.Host
		}
	}
	return connectors.About(err, what)
}

// checkScopes tries what the token has to be able to read. There is one way that works for every sort of token: asking.
// A scope that several kinds need is one step, and missing where one of them is refused.
func (c *Connector) checkScopes(ctx context.Context) ([]connectors.Step, error) {
	var steps []connectors.Step
	granted, refused := map[string][]string{}, map[string][]string{}
	check := func(scope, what string, try func() error) error {
		err := try()
		if connectors.KindOf(err) != connectors.Unauthenticated && err != nil {
			return err
		}
		if e, ok := errors.AsType[*connectors.Error](err); ok && strings.Contains(e.Err.Error(), "HTTP 401") {
			return err
		}
		if err == nil {
			granted[scope] = append(granted[scope], what)
		} else {
			refused[scope] = append(refused[scope], what)
		}
		step := connectors.Step{
			Name: "scope " + scope, Right: true, Have: refused[scope] == nil, Detail: "to read " +
				strings.Join(granted[scope], ", "),
		}
		if !step.Have {
			step.Detail = "to read " + strings.Join(refused[scope], ", ")
			step.Hand = "grant it where the token was made, or leave what needs it out of " +
				c.opt.Source.Variable("OBJECTS")
			switch what {
			case quoteLines:
				step.Hand = "grant it where the token was made; until then two quotes count as the same where total " +
					"and title agree"
			case owners:
				step.Hand = "grant it where the token was made, or set " + c.opt.Source.Variable("OWNERS") + "=off"
			}
		}
		if i := slices.IndexFunc(steps, func(s connectors.Step) bool { return s.Name == step.Name }); i >= 0 {
			steps[i] = step
		} else {
			steps = append(steps, step)
		}
		return nil
	}
	for _, kind := range c.needed() {
		err := check(readScopes[kind], kind, func() error {
			if kind == conversations {
				return c.setup(ctx, http.MethodGet, threadsPath, nil, nil, "list conversations")
			}
			by := changedBy(kind)
			_, err := c.find(ctx, "setup", kind, by, by, []filter{{by, "GTE", "0"}}, 1)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if c.cfg.Owners == "on" {
		err := check("crm.objects.owners.read", owners, func() error {
			return c.setup(ctx, http.MethodGet, "/crm/owners/"+version, nil, nil, "read the owners")
		})
		if err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// needed are the kinds of records that are read: those of the settings, and what hangs on them.
func (c *Connector) needed() []string {
	if c.reads("quotes") {
		return append(slices.Clone(c.cfg.Objects), quoteLines)
	}
	return c.cfg.Objects
}

// readScopes are the scopes that reading a kind needs. Source: HubSpot docs, "Scopes", and the object guides.
var readScopes = map[string]string{
	"contacts": "crm.objects.contacts.read", "emails": "sales-email-read", "calls": "crm.objects.contacts.read",
	"meetings": "crm.objects.contacts.read", "communications": "crm.objects.contacts.read",
	"notes": "crm.objects.contacts.read", "tasks": "crm.objects.contacts.read",
	"deals": "crm.objects.deals.read", "quotes": "crm.objects.quotes.read", quoteLines: "crm.objects.line_items.read",
	conversations: "conversations.read",
}

// writeScopes are those that writing and set-up need.
var writeScopes = []string{"crm.objects.contacts.write", "crm.schemas.contacts.read", "crm.schemas.contacts.write"}

// Advice is what remains to be done by hand: HubSpot lets nobody but its own tools create subscriptions for a private
// app.
func (c *Connector) Advice(publicURL string) (text string, paste []byte) {
	var b strings.Builder
	scopes := slices.Clone(writeScopes)
	for _, kind := range c.needed() {
		scopes = append(scopes, readScopes[kind])
	}
	if c.cfg.Owners == "on" {
		scopes = append(scopes, "crm.objects.owners.read")
	}
	b.WriteString("Scopes that the token needs; that one to write is missing shows only when it is used:\n")
	for _, s := range crm.Unique(scopes) {
		b.WriteString("  " + s + "\n")
	}
	if c.cfg.Webhooks == "off" {
		b.WriteString("\nWebhooks are off for this source: the account is polled.\n")
		return b.String(), nil
	}
	b.WriteString("\nWebhooks. In a project-based app, this component belongs into " +
		"src/app/webhooks/webhooks-hsmeta.json; upload the project with HubSpot's CLI.\n" +
		"In a legacy private app, enter the same target URL and subscriptions under Webhooks in the app's settings.\n" +
		"Keep the target URL without a query. Put the app's client secret into " +
		c.opt.Source.Variable("CLIENT_SECRET") + ".\n")
	component, _ := json.MarshalIndent(c.component(publicURL), "", "  ") // nothing in it can fail
	return b.String(), append(component, '\n')
}

// component is HubSpot's webhooks component. Source: HubSpot docs, "Configure webhooks" of the developer platform.
func (c *Connector) component(publicURL string) any {
	type subscription struct {
		Type     string `json:"subscriptionType"`
		Object   string `json:"objectType,omitempty"`
		Property string `json:"propertyName,omitempty"`
		Active   bool   `json:"active"`
	}
	names := append(sortedKeys(c.translate), "email", "hs_additional_emails", "hs_analytics_source", formSent)
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "createdate" })
	var objects, hub []subscription
	contact := []string{"creation", "deletion", "merge", "restore", "associationChange"}
	for _, action := range contact {
		objects = append(objects, subscription{Type: "object." + action, Object: "contact", Active: true})
	}
	for _, n := range names {
		objects = append(objects, subscription{
			Type: "object.propertyChange", Object: "contact", Property: n, Active: true,
		})
	}
	for _, kind := range c.cfg.Objects {
		w, ok := watched[kind]
		if !ok {
			continue
		}
		actions := []string{"creation", "deletion", "restore", "associationChange"}
		if kind == "deals" {
			actions = append(actions, "merge")
		}
		for _, action := range actions {
			objects = append(objects, subscription{Type: "object." + action, Object: w.name, Active: true})
		}
		for _, p := range w.properties {
			objects = append(objects, subscription{
				Type: "object.propertyChange", Object: w.name, Property: p, Active: true,
			})
		}
	}
	hub = append(hub, subscription{Type: "contact.privacyDeletion", Active: true})
	if c.reads(conversations) {
		hub = append(hub, subscription{Type: "conversation.newMessage", Active: true}, subscription{
			Type: "conversation.deletion", Active: true,
		})
	}
	return map[string]any{
		"uid": "winnow_webhooks", "type": "webhooks",
		"config": map[string]any{
			"settings": map[string]any{
				"targetUrl":             c.opt.Source.Hooks(publicURL),
				"maxConcurrentRequests": 10,
			},
			"subscriptions": map[string]any{"crmObjects": objects, "hubEvents": hub},
		},
	}
}

// watched are the objects besides contacts that webhooks tell of, and the properties whose change matters.
var watched = map[string]struct {
	name       string
	properties []string
}{
	"emails":         {"email", []string{"hs_email_status", "hs_email_direction"}},
	"calls":          {"call", []string{"hs_call_status", "hs_call_disposition", "hs_call_direction"}},
	"meetings":       {"meeting_event", []string{"hs_meeting_outcome", "hs_meeting_start_time", "hs_meeting_end_time"}},
	"communications": {"communication", nil},
	"notes":          {"note", nil},
	"tasks":          {"task", []string{"hs_task_status", "hs_timestamp"}},
	"deals":          {"deal", []string{"dealstage", "amount", "hs_next_step"}},
	"quotes":         {"quote", []string{"hs_status", "hs_quote_amount", "hs_payment_status"}},
}
