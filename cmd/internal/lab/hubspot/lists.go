package hubspot

import (
	"fmt"
	"net/http"
	"strings"
)

// list is what a list of contacts is made from. Who is in it nobody asks the sandbox.
type list struct {
	ID      string `json:"listId"`
	Name    string `json:"name"`
	Type    string `json:"objectTypeId"`
	Process string `json:"processingType"`
	Filters *struct {
		Type     string `json:"filterBranchType"`
		Branches []struct {
			Type    string `json:"filterBranchType"`
			Filters []struct {
				Type     string `json:"filterType"`
				Property string `json:"property"`
			} `json:"filters"`
		} `json:"filterBranches"`
	} `json:"filterBranch"`
}

// lists are those of contacts, by name in lower case.
type lists map[string]list

func (s *Sandbox) createList(r *request) (answer, *problem) {
	var l list
	if p := r.decode(&l); p != nil {
		return answer{}, p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Name == "" || l.Type != "0-1" || l.Process != "DYNAMIC" || l.Filters == nil || l.Filters.Type != "OR" {
		return answer{}, badRequest("A dynamic list needs a name, the type 0-1 and a filter branch of type OR")
	}
	for _, b := range l.Filters.Branches {
		for _, f := range b.Filters {
			if b.Type != "AND" || f.Type != "PROPERTY" || s.props[contacts.index].byName[f.Property] == nil {
				return answer{}, badRequest("Property %q cannot be filtered by", f.Property)
			}
		}
	}
	if _, taken := s.lists[strings.ToLower(l.Name)]; taken {
		return answer{}, badRequest("A list named %q exists already", l.Name)
	}
	l.ID = fmt.Sprint(len(s.lists) + 1)
	s.lists[strings.ToLower(l.Name)] = l
	return answer{http.StatusOK, map[string]any{"list": l}}, nil
}

func (s *Sandbox) readList(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l, ok := s.lists[strings.ToLower(r.PathValue("name"))]
	if !ok {
		return answer{}, &notFound
	}
	return answer{http.StatusOK, map[string]any{"list": l}}, nil
}
