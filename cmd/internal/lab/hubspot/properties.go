package hubspot

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Property is the definition of one property, as the properties API shows and takes it.
type Property struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Type        string   `json:"type"`      // string number date datetime enumeration bool phone_number
	FieldType   string   `json:"fieldType"` // text textarea number date select radio checkbox booleancheckbox ...
	GroupName   string   `json:"groupName"`
	Description string   `json:"description,omitempty"`
	Options     []Option `json:"options"`
	Calculated  bool     `json:"calculated"`
	Defined     bool     `json:"hubspotDefined,omitempty"`
	ReadOnly    struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`

	builtin builtin // set for what is part of every record
	hooks   []hook  // webhooks that a change sets off
}

// Option is one value of an enumeration.
type Option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
	Description  string `json:"description,omitempty"`
}

// builtin marks the properties whose value is a column of the record itself.
type builtin uint8

const (
	plain builtin = iota
	isID
	isCreated
	isModified
)

// Group is a group of properties.
type Group struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
	Archived     bool   `json:"archived"`
}

// properties are those of one kind, by name, in the order of their making.
type properties struct {
	byName map[string]*Property
	order  []*Property
	groups []Group
}

func (p *properties) add(def *Property) {
	p.byName[def.Name] = def
	p.order = append(p.order, def)
}

func (p *properties) group(name string) bool {
	for _, g := range p.groups {
		if g.Name == name {
			return true
		}
	}
	return false
}

// fieldTypes are the field types that HubSpot takes for each type. Source: HubSpot documentation, "Properties".
var fieldTypes = map[string][]string{
	"string":       {"text", "textarea", "file", "html", "calculation_equation", "phonenumber"},
	"number":       {"number", "calculation_equation"},
	"date":         {"date"},
	"datetime":     {"date"},
	"bool":         {"booleancheckbox", "calculation_equation"},
	"enumeration":  {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
	"phone_number": {"phonenumber"},
}

// newProperties makes the standard properties of every kind.
func newProperties() [len(kinds)]properties {
	var all [len(kinds)]properties
	var k *kind
	for line := range strings.SplitSeq(strings.TrimSpace(standard), "\n") {
		words := strings.Fields(line)
		if len(words) == 1 {
			k = kindByName[words[0]]
			p := &all[k.index]
			p.byName = map[string]*Property{}
			p.groups = []Group{{Name: k.single + "information", Label: k.label}}
			p.add(builtinProperty("hs_object_id", "number", k, isID))
			p.add(builtinProperty(k.created, "datetime", k, isCreated))
			p.add(builtinProperty(k.modified, "datetime", k, isModified))
			continue
		}
		def := &Property{
			Name: words[0], Label: words[0], Type: words[1], GroupName: k.single + "information", Defined: true,
		}
		def.FieldType = fieldTypes[def.Type][0]
		for i, w := range words[2:] {
			switch w {
			case "calculated":
				def.Calculated, def.ReadOnly.ReadOnlyValue = true, true
			case "zones":
				def.Options = zones()
			case "any": // values that are made elsewhere: owners, stages, pipelines
			default:
				def.Options = append(def.Options, Option{Label: w, Value: w, DisplayOrder: i})
			}
		}
		all[k.index].add(def)
	}
	return all
}

func builtinProperty(name, typ string, k *kind, b builtin) *Property {
	def := &Property{
		Name: name, Label: name, Type: typ, FieldType: fieldTypes[typ][0], GroupName: k.single + "information",
		Defined: true, builtin: b,
	}
	def.ReadOnly.ReadOnlyValue = true
	return def
}

// zones are values of hs_timezone, which spells an IANA name with words: europe_slash_berlin.
var zones = sync.OnceValue(func() []Option {
	var opts []Option
	for i, z := range strings.Fields(`Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires
		America/Bogota America/Chicago America/Denver America/Halifax America/Los_Angeles America/Mexico_City America/New_York
		America/Phoenix America/Sao_Paulo America/St_Johns America/Toronto Asia/Bangkok Asia/Dubai Asia/Hong_Kong Asia/Jakarta
		Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Tokyo Australia/Adelaide
		Australia/Perth Australia/Sydney Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Dublin Europe/Istanbul Europe/Lisbon
		Europe/London Europe/Madrid Europe/Moscow Europe/Paris Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich
		Pacific/Auckland Pacific/Honolulu UTC`) {
		opts = append(opts, Option{Label: z, Value: zoneValue(z), DisplayOrder: i})
	}
	return opts
})

func zoneValue(iana string) string { return strings.ToLower(strings.ReplaceAll(iana, "/", "_slash_")) }

// winnowProperties makes the group and the properties that Winnow's documentation says its set-up creates.
func winnowProperties(p *properties) {
	p.groups = append(p.groups, Group{Name: "winnow", Label: "Winnow", DisplayOrder: 1})
	for line := range strings.SplitSeq(strings.TrimSpace(winnow), "\n") {
		words := strings.Fields(line)
		def := &Property{
			Name: "winnow_" + words[0], Label: "Winnow " + strings.ReplaceAll(words[0], "_", " "), Type: words[1],
			GroupName: "winnow",
		}
		def.FieldType = fieldTypes[def.Type][0]
		for i, w := range words[2:] {
			def.Options = append(def.Options, Option{Label: w, Value: w, DisplayOrder: i})
		}
		if def.Type == "bool" {
			def.Options = []Option{{Label: "Yes", Value: "true"}, {Label: "No", Value: "false", DisplayOrder: 1}}
		}
		p.add(def)
	}
}

// invalid is one property value that HubSpot would refuse.
type invalid struct {
	code    string
	name    string
	message string
}

// check reports what is wrong with a value written from outside, and its stored form: instants as RFC 3339 in UTC.
func (p *properties) check(name, value string) (def *Property, stored string, bad *invalid) {
	def = p.byName[name]
	switch {
	case def == nil:
		return nil, "", &invalid{"PROPERTY_DOESNT_EXIST", name, fmt.Sprintf("Property %q does not exist", name)}
	case def.ReadOnly.ReadOnlyValue:
		return nil, "", &invalid{
			"READ_ONLY_VALUE", name, fmt.Sprintf("%q is a read only property; its value cannot be set.", name),
		}
	case value == "":
		return def, "", nil
	}
	stored, bad = def.normal(value)
	return def, stored, bad
}

// normal returns the stored form of a value.
func (def *Property) normal(value string) (string, *invalid) {
	switch def.Type {
	case "number":
		if !isNumber(value) {
			return "", &invalid{"INVALID_DOUBLE", def.Name, fmt.Sprintf("%s was not a valid number.", value)}
		}
	case "bool":
		if value != "true" && value != "false" {
			return "", &invalid{
				"INVALID_OPTION", def.Name, fmt.Sprintf("%q was not one of the allowed options: [true, false]", value),
			}
		}
	case "date":
		t, err := time.Parse(time.DateOnly, value)
		if ms, ok := millis(value); err != nil && ok {
			t, err = time.UnixMilli(ms).UTC(), nil
		}
		if err != nil || !t.Equal(t.Truncate(24*time.Hour)) {
			return "", &invalid{"INVALID_DATE", def.Name, fmt.Sprintf("%s is not midnight UTC.", value)}
		}
		return t.Format(time.DateOnly), nil
	case "datetime":
		ms, ok := instant(value)
		if !ok {
			return "", &invalid{"INVALID_LONG", def.Name, fmt.Sprintf("%s was not a valid long.", value)}
		}
		return iso(ms), nil
	case "enumeration":
		return def.option(value)
	case "string":
		if len(value) > maxText {
			return "", &invalid{
				"PROPERTY_VALUE_TOO_LONG", def.Name, fmt.Sprintf("Property value is longer than %d characters",
					maxText),
			}
		}
	}
	return value, nil
}

// maxText is the longest text a property holds, in bytes here. Source: HubSpot knowledge base, "Property field types":
// 65,536 characters.
const maxText = 65_536

// option finds a value among the options and returns the definition's own copy, so that a million contacts share it.
func (def *Property) option(value string) (string, *invalid) {
	for i := range def.Options {
		if def.Options[i].Value == value {
			return def.Options[i].Value, nil
		}
	}
	if len(def.Options) == 0 {
		return value, nil // any: owners, stages
	}
	if def.FieldType == "checkbox" && strings.Contains(value, ";") {
		for one := range strings.SplitSeq(value, ";") {
			if _, bad := def.option(one); bad != nil {
				return "", bad
			}
		}
		return value, nil
	}
	var all []string
	for _, o := range def.Options {
		all = append(all, o.Value)
	}
	return "", &invalid{
		"INVALID_OPTION", def.Name, fmt.Sprintf("%q was not one of the allowed options: [%s]", value,
			strings.Join(all, ", ")),
	}
}
