package toy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Record is a contact, a lead or a mail.
type Record struct {
	ID       string `json:"id"`
	Changed  int64  `json:"changed"` // seconds, of the whole record
	Created  int64  `json:"created,omitempty"`
	OptOut   bool   `json:"opt_out,omitempty"`
	Override string `json:"override,omitempty"`
	Person   string `json:"person,omitempty"` // of a mail: whom it is from
	Sent     int64  `json:"sent,omitempty"`
	Units    int    `json:"units,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
}

// Server is the toy's API. Its zero value is an empty account.
type Server struct {
	Token   string          // that its callers have; empty: any
	Ill     map[string]bool // records, as mails/13, at which it fails
	mu      sync.Mutex
	records map[string]Record // by type and id
	order   []string          // of change
	written map[string]map[string]string
	writes  int
	fields  map[string]bool
	keys    int
}

// Put makes or changes a record: contacts, leads or mails.
func (s *Server) Put(typ string, r Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records == nil {
		s.records = map[string]Record{}
	}
	s.records[typ+"/"+r.ID] = r
	s.order = append(s.order, typ+"/"+r.ID)
}

// Delete takes a record away.
func (s *Server) Delete(typ, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, typ+"/"+id)
}

// Written is what was written to a record, and how many writes there were of all.
func (s *Server) Written(typ, id string) (values map[string]string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written[typ+"/"+id], s.writes
}

// Channels is how often a channel was opened.
func (s *Server) Channels() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

// ServeHTTP answers like the toy.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/")
	record, below := path, ""
	if parts := strings.SplitN(path, "/", 3); len(parts) == 3 {
		record, below = parts[0]+"/"+parts[1], parts[2]
	}
	switch {
	case s.Ill[record]:
		http.Error(w, "ill", http.StatusInternalServerError)
	case path == "account":
		answer(w, map[string]string{"id": "toy-1"})
	case path == "fields":
		s.field(w, r)
	case path == "channel":
		s.keys++
		answer(w, channel{Key: "ch4nnel-" + strconv.Itoa(s.keys), Until: 1 << 40})
	case path == "changes":
		s.changes(w, r)
	case path == "people":
		s.people(w, r.URL.Query().Get("email"))
	case r.Method == http.MethodPut:
		s.write(w, r, record)
	default:
		s.read(w, record, below)
	}
}

func (s *Server) field(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		answer(w, map[string]any{"fields": s.fields})
		return
	}
	var in struct{ Name string }
	_ = json.NewDecoder(r.Body).Decode(&in) // what is not JSON has no name, and makes a field of none
	if s.fields == nil {
		s.fields = map[string]bool{}
	}
	s.fields[in.Name] = true
	answer(w, map[string]bool{"created": true})
}

// changes lists two records a page, in the order of their changes.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // empty: from the first
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	until, _ := strconv.ParseInt(r.URL.Query().Get("until"), 10, 64)
	p := page{Total: len(s.order)}
	at := min(after, len(s.order))
	for ; at < len(s.order) && len(p.Items) < 2; at++ {
		rec, ok := s.records[s.order[at]]
		if typ, id, _ := strings.Cut(s.order[at], "/"); ok && rec.Changed >= since && rec.Changed < until {
			p.Items = append(p.Items, struct{ Type, ID string }{typ, id})
		}
	}
	p.Next, p.More = strconv.Itoa(at), at < len(s.order)
	answer(w, p)
}

// people lists who has an address.
func (s *Server) people(w http.ResponseWriter, email string) {
	who := []string{}
	for name, rec := range s.records {
		typ, id, _ := strings.Cut(name, "/")
		for kind, records := range types {
			if records == typ && rec.Email == email && kind != "mail" {
				who = append(who, crm.Person{Kind: kind, ID: id}.String())
			}
		}
	}
	answer(w, map[string][]string{"people": who})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, record string) {
	values := map[string]string{}
	if _, ok := s.records[record]; !ok || json.NewDecoder(r.Body).Decode(&values) != nil {
		http.Error(w, "no such record", http.StatusNotFound)
		return
	}
	if s.written == nil {
		s.written = map[string]map[string]string{}
	}
	s.written[record], s.writes = values, s.writes+1
	answer(w, map[string]bool{"written": true})
}

func (s *Server) read(w http.ResponseWriter, record, below string) {
	rec, ok := s.records[record]
	switch {
	case !ok:
		http.Error(w, "gone", http.StatusNotFound)
	case below == "people":
		answer(w, map[string][]string{"people": {rec.Person}})
	default:
		answer(w, rec)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		fmt.Fprintln(w, "the client has gone")
	}
}
