package hubspot

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// listProperties is GET /crm/properties/{type}.
func (s *Sandbox) listProperties(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return answer{http.StatusOK, map[string]any{"results": copies(s.props[r.kind.index].order)}}, nil
}

// copies are the definitions as they are now, to be encoded after the lock is gone.
func copies(defs []*Property) []Property {
	out := make([]Property, len(defs))
	for i, def := range defs {
		out[i] = *def
		if out[i].Options == nil {
			out[i].Options = []Option{}
		}
	}
	return out
}

// readProperty is GET /crm/properties/{type}/{name}.
func (s *Sandbox) readProperty(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	def := s.props[r.kind.index].byName[r.PathValue("name")]
	if def == nil {
		return answer{}, &problem{
			status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND", Message: fmt.Sprintf("No property named %s",
				r.PathValue("name")),
		}
	}
	return answer{http.StatusOK, copies([]*Property{def})[0]}, nil
}

var propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// define adds a property, or says why not. The caller holds mu.
func (s *Sandbox) define(k *kind, def Property) *problem {
	all := &s.props[k.index]
	switch {
	case !propertyName.MatchString(def.Name):
		return badRequest("Property name %q must begin with a letter and hold lower case letters, digits and _ only",
			def.Name)
	case fieldTypes[def.Type] == nil:
		return badRequest("Invalid type %q of property %q", def.Type, def.Name)
	case !slices.Contains(fieldTypes[def.Type], def.FieldType):
		return badRequest("Invalid field type %q for type %q of property %q", def.FieldType, def.Type, def.Name)
	case !all.group(def.GroupName):
		return badRequest("Property group %q does not exist", def.GroupName)
	case def.Type == "enumeration" && len(def.Options) == 0:
		return badRequest("Property %q is an enumeration and needs options", def.Name)
	case def.Type == "bool" && len(def.Options) != 2:
		return badRequest("Property %q is a bool and needs the options true and false", def.Name)
	case all.byName[def.Name] != nil:
		return &problem{
			status: http.StatusConflict, Category: "OBJECT_ALREADY_EXISTS", Sub: "Properties.PROPERTY_WITH_NAME_EXISTS",
			Message: fmt.Sprintf("A property named '%s' already exists.", def.Name),
		}
	}
	if def.Label == "" {
		def.Label = def.Name
	}
	def.Calculated, def.Defined, def.builtin = false, false, plain
	def.ReadOnly.ReadOnlyValue = false
	def.hooks = s.queue.hooksFor(k, def.Name)
	all.add(&def)
	return nil
}

// createProperty is POST /crm/properties/{type}.
func (s *Sandbox) createProperty(r *request) (answer, *problem) {
	var def Property
	if p := r.decode(&def); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.define(r.kind, def); p != nil {
		return answer{}, p
	}
	return answer{http.StatusCreated, copies([]*Property{s.props[r.kind.index].byName[def.Name]})[0]}, nil
}

// updateProperty is PATCH /crm/properties/{type}/{name}: label, description, group and options may change.
func (s *Sandbox) updateProperty(r *request) (answer, *problem) {
	var in struct {
		Label, Description, GroupName *string
		Options                       []Option
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := &s.props[r.kind.index]
	def := all.byName[r.PathValue("name")]
	switch {
	case def == nil:
		return answer{}, &problem{
			status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND", Message: "No such property",
		}
	case in.GroupName != nil && !all.group(*in.GroupName):
		return answer{}, badRequest("Property group %q does not exist", *in.GroupName)
	}
	for to, v := range map[*string]*string{
		&def.Label: in.Label, &def.Description: in.Description, &def.GroupName: in.GroupName,
	} {
		if v != nil {
			*to = *v
		}
	}
	if in.Options != nil {
		def.Options = in.Options
	}
	return answer{http.StatusOK, copies([]*Property{def})[0]}, nil
}

// createProperties is POST /crm/properties/{type}/batch/create. What cannot be made is named beside what was.
func (s *Sandbox) createProperties(r *request) (answer, *problem) {
	var in struct{ Inputs []Property }
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	if len(in.Inputs) == 0 || len(in.Inputs) > maxInputs {
		return answer{}, badRequest("A batch holds 1 to %d inputs. You provided %d", maxInputs, len(in.Inputs))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made, errs := []*Property{}, []batchError{}
	for _, def := range in.Inputs {
		if p := s.define(r.kind, def); p != nil {
			errs = append(errs, batchError{
				Status: "error", Category: p.Category, Sub: p.Sub, Message: p.Message,
				Context: map[string][]string{"name": {def.Name}},
			})
			continue
		}
		made = append(made, s.props[r.kind.index].byName[def.Name])
	}
	now := iso(s.now())
	body := map[string]any{"status": "COMPLETE", "results": copies(made), "startedAt": now, "completedAt": now}
	if len(errs) == 0 {
		return answer{http.StatusCreated, body}, nil
	}
	body["numErrors"], body["errors"] = len(errs), errs
	return answer{http.StatusMultiStatus, body}, nil
}

// listGroups is GET /crm/properties/{type}/groups.
func (s *Sandbox) listGroups(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return answer{http.StatusOK, map[string]any{"results": slices.Clone(s.props[r.kind.index].groups)}}, nil
}

// createGroup is POST /crm/properties/{type}/groups.
func (s *Sandbox) createGroup(r *request) (answer, *problem) {
	var g Group
	if p := r.decode(&g); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := &s.props[r.kind.index]
	switch {
	case !propertyName.MatchString(g.Name):
		return answer{}, badRequest("Group name %q must begin with a letter and hold lower case letters, digits and "+
			"_ only", g.Name)
	case g.Label == "":
		return answer{}, badRequest("Group %q needs a label", g.Name)
	case all.group(g.Name):
		return answer{}, &problem{
			status: http.StatusConflict, Category: "OBJECT_ALREADY_EXISTS", Sub: "Properties.GROUP_WITH_NAME_EXISTS",
			Message: fmt.Sprintf("A property group named '%s' already exists.", g.Name),
		}
	}
	all.groups = append(all.groups, g)
	return answer{http.StatusCreated, g}, nil
}
