package hubspot

import (
	"slices"
	"strconv"
	"strings"
)

// selection is what an answer shows of each record.
type selection struct {
	props   []*Property // beside the built-in ones
	history []*Property
	linked  []*kind
	blank   bool // mails without content
}

// maxWithHistory is how many records may be read at once with the history of properties. Source: observed answers of
// HubSpot's API ("The maximum number of inputs supported in a batch request for property histories is 50").
const maxWithHistory = 50

// choose finds what was asked for. Names that no property has are passed over in silence, as HubSpot does. The caller
// holds mu.
func (s *Sandbox) choose(k *kind, props, history, linked []string) (selection, *problem) {
	all := &s.props[k.index]
	var sel selection
	pick := func(names []string) (defs []*Property) {
		for _, name := range names {
			if def := all.byName[strings.TrimSpace(name)]; def != nil && !slices.Contains(defs, def) {
				defs = append(defs, def)
			}
		}
		return defs
	}
	sel.history = pick(history)
	if len(props) == 0 {
		props = k.shown
	}
	sel.props = pick(append(slices.Clone(props), history...))
	for _, b := range all.order[:3] { // id, created and modified come with every answer
		if !slices.Contains(sel.props, b) {
			sel.props = append(sel.props, b)
		}
	}
	for _, name := range linked {
		to := kindByName[strings.TrimSpace(name)]
		if to == nil {
			return sel, badRequest("Unable to infer object type from: %s", name)
		}
		sel.linked = append(sel.linked, to)
	}
	sel.blank = k == emails && s.opt.BlankMail && s.faults.missing(emails.read)
	return sel, nil
}

var blanked = []string{"hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_headers"}

// append writes r as the API shows it. The caller holds mu.
func (sel *selection) append(b []byte, r *record) []byte {
	b = append(b, `{"id":`...)
	b = appendID(b, r.id)
	b = append(b, `,"properties":{`...)
	for i, def := range sel.props {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, def.Name)
		b = append(b, ':')
		switch v := r.get(def); {
		case v == "" || sel.blank && slices.Contains(blanked, def.Name):
			b = append(b, "null"...)
		default:
			b = appendString(b, v)
		}
	}
	b = append(b, '}')
	if len(sel.history) > 0 {
		b = append(b, `,"propertiesWithHistory":{`...)
		for i, def := range sel.history {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, def.Name)
			b = append(b, ":["...)
			b = appendHistory(b, r.field(def))
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	b = append(b, `,"createdAt":`...)
	b = appendString(b, iso(r.created))
	b = append(b, `,"updatedAt":`...)
	b = appendString(b, iso(r.updated))
	b = append(b, `,"archived":`...)
	b = strconv.AppendBool(b, r.archived)
	if r.archived {
		b = append(b, `,"archivedAt":`...)
		b = appendString(b, iso(r.deleted))
	}
	b = sel.appendLinks(b, r)
	return append(b, '}')
}

// appendHistory writes the values of a property, newest first.
func appendHistory(b []byte, f *field) []byte {
	if f == nil {
		return b
	}
	one := func(b []byte, v version) []byte {
		b = append(b, `{"value":`...)
		b = appendString(b, v.value)
		b = append(b, `,"timestamp":`...)
		b = appendString(b, iso(v.at))
		b = append(b, `,"sourceType":`...)
		b = appendString(b, v.src.kind)
		b = append(b, `,"sourceId":`...)
		b = appendString(b, v.src.id)
		if v.src.user != 0 {
			b = append(b, `,"updatedByUserId":`...)
			b = strconv.AppendInt(b, v.src.user, 10)
		}
		return append(b, '}')
	}
	b = one(b, version{f.value, f.at, f.src})
	if f.past != nil {
		for _, v := range slices.Backward(*f.past) {
			b = one(append(b, ','), v)
		}
	}
	return b
}

// appendLinks writes the associations that were asked for; a kind with none is left out.
func (sel *selection) appendLinks(b []byte, r *record) []byte {
	any := false
	for _, to := range sel.linked {
		first := true
		for _, other := range r.linked(to) {
			switch {
			case !any:
				b = append(b, `,"associations":{`...)
				any = true
			case first:
				b = append(b, ',')
			}
			if first {
				b = appendString(b, strings.ReplaceAll(to.name, "_", " "))
				b = append(b, `:{"results":[`...)
			} else {
				b = append(b, ',')
			}
			first = false
			b = append(b, `{"id":`...)
			b = appendID(b, other.id)
			b = append(b, `,"type":`...)
			b = appendString(b, r.kind.single+"_to_"+to.single)
			b = append(b, '}')
		}
		if !first {
			b = append(b, "]}"...)
		}
	}
	if any {
		b = append(b, '}')
	}
	return b
}
