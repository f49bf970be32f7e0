package generic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// setup makes the fields, or says which are missing.
type setup struct{ *source }

// made is what Apply makes of a step.
type made struct {
	typ, kind string
	name      string
	spec      crm.FieldSpec
	length    int
}

// Plan returns the fields of every kind of people, each with whether it is there.
func (s setup) Plan(ctx context.Context) ([]connectors.Step, error) {
	var steps []connectors.Step
	for _, typ := range sortedKeys(s.m.Records) {
		p := s.m.Records[typ].Person
		if p == nil {
			continue
		}
		vars := jq.Vars{"$type": typ, "$kind": p.Kind}
		a, err := s.ask(ctx, call{op: "setup", class: rest.Fetch, req: &s.m.Setup.Have.Request, vars: vars})
		if err != nil {
			return nil, connectors.About(err, "look at the fields of "+typ)
		}
		found, err := s.m.Setup.Have.Names.All(a.value, a.vars)
		if err != nil || len(found) == 0 {
			return nil, s.fail(
				"setup",
				connectors.Garbled,
				fmt.Errorf("setup.have: the answer has no fields of %s", typ),
			)
		}
		for _, spec := range s.opt.Fields() {
			name := s.fields[spec.Field]
			if name == "" ||
				name != spelling(s.m).Own(spec.Field) { // another field was named for it, which is their own
				continue
			}
			step := connectors.Step{
				Name: "field " + typ + "." + name, Detail: detail(spec), Have: slices.Contains(found, any(name)),
				Data: made{typ, p.Kind, name, spec, p.Text},
			}
			if s.m.Setup.Make == nil && !step.Have {
				step.Hand = "make it in " + s.m.Title
			}
			steps = append(steps, step)
		}
	}
	return steps, nil
}

func detail(spec crm.FieldSpec) string {
	var values []string
	for _, o := range spec.Options {
		values = append(values, o.Value)
	}
	return strings.TrimSpace(string(spec.Type) + " " + strings.Join(values, ", "))
}

// Apply makes a field. One that is there by now is as good as made.
func (s setup) Apply(ctx context.Context, step connectors.Step) error {
	m, ok := step.Data.(made)
	if !ok || s.m.Setup.Make == nil {
		return s.fail("setup", connectors.Internal, errors.New("a step of another vendor"))
	}
	options := []any{}
	for _, o := range m.spec.Options {
		options = append(options, map[string]any{"value": o.Value, "label": o.Label})
	}
	vars := jq.Vars{
		"$type": m.typ, "$kind": m.kind, "$name": m.name, "$label": m.spec.Label, "$description": m.spec.Description,
		"$is": string(m.spec.Type), "$options": options, "$length": max(m.length, connectors.DefaultText),
	}
	_, err := s.ask(ctx, call{op: "setup", class: rest.Write, req: s.m.Setup.Make, vars: vars})
	if err != nil && connectors.KindOf(err) != connectors.Conflict {
		return connectors.About(err, "make "+m.typ+"."+m.name)
	}
	if s.m.Setup.After == nil {
		return nil
	}
	_, err = s.ask(ctx, call{op: "setup", class: rest.Write, req: s.m.Setup.After, vars: vars})
	return connectors.About(err, "after making "+m.typ+"."+m.name)
}

// Lists are none.
func (setup) Lists(context.Context) ([]connectors.Step, error) { return nil, nil }

// Advice is what remains to be clicked.
func (s setup) Advice(publicURL string) (text string, paste []byte) {
	if publicURL == "" {
		publicURL = "https://<where Winnow is reached>"
	}
	hooks := s.opt.Source.Hooks(publicURL)
	said := strings.ReplaceAll(s.m.Advice, "{url}", hooks)
	if said == "" {
		return "Deliveries go to " + hooks + ".", nil
	}
	return strings.TrimSpace(said), nil
}
