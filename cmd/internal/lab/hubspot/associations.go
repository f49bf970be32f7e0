package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Limits of reading associations. Source: HubSpot documentation, "Associations": 1,000 inputs a request, 500
// associations a record and page.
const (
	maxLinkInputs = 1000
	linkPage      = 500
)

// userDefined is the type of associations with a label of the account's own. HubSpot counts them up; that one is like
// another is a liberty.
const userDefined = 36

// associations is POST /crm/associations/{from}/{to}/batch/read. Records without associations are named in errors
// beside the results.
func (s *Sandbox) associations(r *request) (answer, *problem) {
	to := kindByName[r.PathValue("to")]
	if to == nil {
		return answer{}, badRequest("Unable to infer object type from: %s", r.PathValue("to"))
	}
	var in struct {
		Inputs []struct {
			ID    string
			After string
		}
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	switch {
	case len(in.Inputs) == 0:
		return answer{}, badRequest("Invalid input JSON: inputs may not be empty")
	case len(in.Inputs) > maxLinkInputs:
		return answer{}, badRequest("The maximum number of inputs supported in a batch request is %d. You provided %d",
			maxLinkInputs, len(in.Inputs))
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := []byte(`{"status":"COMPLETE","results":[`)
	var errs []batchError
	results := 0
	for _, one := range in.Inputs {
		var links []link
		if rec := s.find(r.kind, one.ID); rec != nil {
			links = rec.linksTo(to)
		}
		if len(links) == 0 {
			errs = append(errs, batchError{
				Status: "error", Category: "OBJECT_NOT_FOUND", Sub: "crm.associations.NO_ASSOCIATIONS_FOUND",
				Message: fmt.Sprintf("No %s is associated with %s %s.", to.single, r.kind.single, one.ID),
				Context: map[string][]string{
					"fromObjectId": {one.ID}, "fromObjectType": {r.kind.single}, "toObjectType": {to.single},
				},
			})
			continue
		}
		after, _ := millis(one.After)
		from := min(int(after), len(links))
		end := min(from+linkPage, len(links))
		if results > 0 {
			b = append(b, ',')
		}
		results++
		b = append(b, `{"from":{"id":`...)
		b = appendString(b, one.ID)
		b = append(b, `},"to":[`...)
		for i, l := range links[from:end] {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"toObjectId":`...)
			b = strconv.AppendInt(b, l.to.follow().id, 10)
			b = append(b, `,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":`...)
			b = strconv.AppendInt(b, int64(l.typ), 10)
			b = append(b, `,"label":null}`...)
			if l.label != "" {
				b = append(b, `,{"category":"USER_DEFINED","typeId":`...)
				b = strconv.AppendInt(b, userDefined, 10)
				b = appendString(append(b, `,"label":`...), l.label)
				b = append(b, '}')
			}
			b = append(b, "]}"...)
		}
		b = append(b, ']')
		if end < len(links) {
			b = appendPaging(b, int64(end))
		} else {
			b = append(b, '}')
		}
	}
	b, status := s.endBatch(b, errs)
	return answer{status, b}, nil
}

// linksTo are the associations of r with live records of a kind.
func (r *record) linksTo(k *kind) []link {
	var ls []link
	for _, l := range r.links {
		if l.to.kind == k && l.to.follow().live() {
			ls = append(ls, l)
		}
	}
	return ls
}

// mergeTwo is POST /crm/objects/contacts/merge.
func (s *Sandbox) mergeTwo(r *request) (answer, *problem) {
	var in struct {
		Primary json.Number `json:"primaryObjectId"`
		Other   json.Number `json:"objectIdToMerge"`
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	primary, other := s.find(contacts, in.Primary.String()), s.find(contacts, in.Other.String())
	switch {
	case primary == nil || other == nil:
		return answer{}, &notFound
	case primary == other:
		return answer{}, badRequest("Cannot merge an object with itself")
	}
	winner := s.merge(primary, other, s.app)
	sel, _ := s.choose(contacts, nil, nil, nil)
	return answer{http.StatusOK, sel.append(nil, winner)}, nil
}

// privacyDelete is POST /crm/objects/contacts/gdpr-delete.
func (s *Sandbox) privacyDelete(r *request) (answer, *problem) {
	var in struct {
		ID         string `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}
	if p := r.decode(&in); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, p := s.lookup(contacts, in.ID, in.IDProperty)
	if p == nil && rec != nil {
		s.erase(rec, s.app)
	}
	return answer{status: http.StatusNoContent}, p
}
