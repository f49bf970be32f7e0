package hubspot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

type obj = map[string]any

// portal is a small HubSpot for tests: it holds records and associations and answers as the documentation says.
type portal struct {
	t  *testing.T
	mu sync.Mutex
	// by kind and id: properties, propertiesWithHistory
	records map[string]map[string]obj
	links   map[string][]string // "emails/301 contacts"
	// of associations between contacts, by "101 102"
	labels   map[string]string
	alias    map[string]string                                           // contacts that were merged, by the loser's id
	bin      map[string]map[string]obj                                   // as records: those that were deleted
	calls    []string                                                    // METHOD path
	bodies   []obj                                                       // of the same calls
	override func(w http.ResponseWriter, r *http.Request, body obj) bool // answers instead, where it returns true
}

func newPortal(t *testing.T) *portal {
	return &portal{
		t: t, records: map[string]map[string]obj{}, links: map[string][]string{}, labels: map[string]string{},
		bin: map[string]map[string]obj{},
	}
}

// add puts a record in, with properties given as name, value pairs.
func (p *portal) add(kind, id string, pairs ...string) obj {
	props := obj{"hs_object_id": id}
	for i := 0; i+1 < len(pairs); i += 2 {
		props[pairs[i]] = pairs[i+1]
	}
	o := obj{
		"id": id, "properties": props, "propertiesWithHistory": obj{}, "createdAt": "2026-01-05T08:00:00Z",
		"updatedAt": "2026-02-01T08:00:00Z", "archived": false,
	}
	if p.records[kind] == nil {
		p.records[kind] = map[string]obj{}
	}
	p.records[kind][id] = o
	return o
}

// was gives a property a history, newest first as HubSpot lists it: value, time, value, time.
func was(o obj, name string, pairs ...string) {
	var list []obj
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, obj{"value": pairs[i], "timestamp": pairs[i+1], "sourceType": "CRM_UI"})
	}
	o["propertiesWithHistory"].(obj)[name] = list
	if len(list) > 0 {
		o["properties"].(obj)[name] = list[0]["value"]
	}
}

// link associates two records, each given as kind/id.
func (p *portal) link(a, b string) {
	ka, ia, _ := strings.Cut(a, "/")
	kb, ib, _ := strings.Cut(b, "/")
	p.links[a+" "+kb] = append(p.links[a+" "+kb], ib)
	p.links[b+" "+ka] = append(p.links[b+" "+ka], ia)
}

// refer associates two contacts, the first of whom came through the second.
func (p *portal) refer(came, through string) {
	p.link("contacts/"+came, "contacts/"+through)
	p.labels[came+" "+through], p.labels[through+" "+came] = "Referred by", "Referred"
}

// remove moves a record to the recycle bin; its associations go with it.
func (p *portal) remove(kind, id, at string) {
	o := p.records[kind][id]
	delete(p.records[kind], id)
	o["archived"], o["archivedAt"] = true, at
	if p.bin[kind] == nil {
		p.bin[kind] = map[string]obj{}
	}
	p.bin[kind][id] = o
	for key := range p.links {
		if strings.HasPrefix(key, kind+"/"+id+" ") {
			delete(p.links, key)
		}
	}
}

// unlink is the opposite of link.
func (p *portal) unlink(a, b string) {
	for _, pair := range [2][2]string{{a, b}, {b, a}} {
		kind, id, _ := strings.Cut(pair[1], "/")
		p.links[pair[0]+" "+kind] = slices.DeleteFunc(p.links[pair[0]+" "+kind], func(s string) bool { return s == id })
	}
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := obj{}
	_ = json.NewDecoder(r.Body).Decode(&body)
	p.calls = append(p.calls, r.Method+" "+r.URL.Path)
	p.bodies = append(p.bodies, body)
	if p.override != nil && p.override(w, r, body) {
		return
	}
	if got := r.Header.Get("Authorization"); got != "Bearer t0ken" {
		refuse(w, 401, "INVALID_AUTHENTICATION", "")
		return
	}
	w.Header().Set("X-HubSpot-RateLimit-Max", "100000")
	w.Header().Set("X-HubSpot-RateLimit-Remaining", "99999")
	w.Header().Set("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/account-info/2026-03/details":
		reply(w, obj{"portalId": 62515, "timeZone": "Europe/Berlin"})
	case r.URL.Path == "/crm/owners/2026-09":
		if r.URL.Query().Get("archived") == "true" {
			reply(w, obj{"results": []obj{{"id": "78", "email": "gone@winnow.example", "archived": true}}})
		} else {
			reply(w, obj{"results": []obj{{"id": "77", "email": "Rep@Winnow.example"}}})
		}
	case len(path) == 7 && path[1] == "associations":
		p.associations(w, path[3], path[4], body)
	case len(path) == 6 && path[1] == "objects" && path[4] == "batch" && path[5] == "read":
		records := p.records
		if r.URL.Query().Get("archived") == "true" {
			records = p.bin
		}
		p.batchRead(w, records[path[3]], body)
	case len(path) == 6 && path[1] == "objects" && path[4] == "batch" && path[5] == "update":
		p.batchUpdate(w, path[3], body)
	case len(path) == 5 && path[1] == "objects" && path[4] == "search":
		p.search(w, path[3], body)
	case len(path) == 4 && path[1] == "objects" && r.URL.Query().Get("archived") == "true":
		p.listBin(w, path[3], r.URL.Query())
	default:
		refuse(w, 404, "OBJECT_NOT_FOUND", "")
	}
}

// listBin lists what was deleted, a hundred a page by id.
func (p *portal) listBin(w http.ResponseWriter, kind string, q url.Values) {
	ids := slices.SortedFunc(maps.Keys(p.bin[kind]), func(a, b string) int {
		return cmp.Or(len(a)-len(b), cmp.Compare(a, b))
	})
	start := 0
	if after := q.Get("after"); after != "" {
		start = slices.Index(ids, after) + 1
	}
	results := []obj{}
	for _, id := range ids[start:min(len(ids), start+100)] {
		results = append(results, p.bin[kind][id])
	}
	answer := obj{"results": results}
	if start+100 < len(ids) {
		answer["paging"] = obj{"next": obj{"after": ids[start+99]}}
	}
	reply(w, answer)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, category, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	reply(w, obj{"status": "error", "category": category, "message": message, "correlationId": "c"})
}

func ids(body obj) []string {
	var out []string
	list, _ := body["inputs"].([]any)
	for _, in := range list {
		out = append(out, fmt.Sprint(in.(obj)["id"]))
	}
	return out
}

// real is the record that an id stands for: HubSpot takes a merged contact's for the winner's.
func (p *portal) real(id string) string { return cmp.Or(p.alias[id], id) }

func (p *portal) batchRead(w http.ResponseWriter, records map[string]obj, body obj) {
	histories, _ := body["propertiesWithHistory"].([]any)
	if n := len(ids(body)); n > 100 || len(histories) > 0 && n > 50 {
		refuse(w, 400, "VALIDATION_ERROR",
			"The maximum number of inputs supported in a batch request for property histories is 50.")
		return
	}
	results := []obj{}
	for _, id := range slices.Backward(ids(body)) { // HubSpot keeps no order
		if o := records[p.real(id)]; o != nil {
			results = append(results, o)
		}
	}
	reply(w, obj{"status": "COMPLETE", "results": results})
}

func (p *portal) associations(w http.ResponseWriter, from, to string, body obj) {
	if len(ids(body)) > 1000 {
		refuse(w, 400, "VALIDATION_ERROR", "too many")
		return
	}
	results := []obj{}
	for _, in := range body["inputs"].([]any) {
		id := in.(obj)["id"].(string)
		all := p.links[from+"/"+id+" "+to]
		start := 0
		if after, ok := in.(obj)["after"].(string); ok {
			start, _ = strconv.Atoi(after)
		}
		page := all[start:min(len(all), start+500)]
		if len(page) == 0 {
			continue
		}
		var list []obj
		for _, t := range page {
			n, _ := strconv.ParseInt(t, 10, 64)
			types := []obj{{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": nil}}
			if label := p.labels[id+" "+t]; label != "" && from == to {
				types = append(types, obj{"category": "USER_DEFINED", "typeId": 36, "label": label})
			}
			list = append(list, obj{"toObjectId": n, "associationTypes": types})
		}
		result := obj{"from": obj{"id": id}, "to": list}
		if start+500 < len(all) {
			result["paging"] = obj{"next": obj{"after": fmt.Sprint(start + 500)}}
		}
		results = append(results, result)
	}
	w.WriteHeader(http.StatusMultiStatus)
	reply(w, obj{"status": "COMPLETE", "results": results, "numErrors": 1, "errors": []obj{
		{"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"},
	}})
}

func (p *portal) batchUpdate(w http.ResponseWriter, kind string, body obj) {
	var results, errs []obj
	for _, in := range slices.Backward(body["inputs"].([]any)) {
		id := p.real(in.(obj)["id"].(string))
		o := p.records[kind][id]
		if o == nil {
			errs = append(errs, obj{
				"status": "error", "category": "OBJECT_NOT_FOUND", "message": "ada@example.com",
				"context": obj{"ids": []string{id}},
			})
			continue
		}
		maps.Copy(o["properties"].(obj), in.(obj)["properties"].(obj))
		results = append(results, obj{"id": id})
	}
	if len(errs) > 0 {
		w.WriteHeader(http.StatusMultiStatus)
	}
	reply(w, obj{"status": "COMPLETE", "results": results, "numErrors": len(errs), "errors": errs})
}

// search knows the operators that are used, sorts ascending and gives a page.
func (p *portal) search(w http.ResponseWriter, kind string, body obj) {
	group := body["filterGroups"].([]any)[0].(obj)
	sort := body["sorts"].([]any)[0].(obj)["propertyName"].(string)
	key := func(o obj, name string) int64 {
		v, _ := o["properties"].(obj)[name].(string)
		return int64(millis(v))
	}
	var hits []obj
	for _, o := range p.records[kind] {
		ok := true
		for _, f := range group["filters"].([]any) {
			want, _ := strconv.ParseInt(f.(obj)["value"].(string), 10, 64)
			have := key(o, f.(obj)["propertyName"].(string))
			switch f.(obj)["operator"] {
			case "GTE":
				ok = ok && have >= want
			case "LTE":
				ok = ok && have <= want
			case "GT":
				ok = ok && have > want
			case "EQ":
				said, _ := o["properties"].(obj)[f.(obj)["propertyName"].(string)].(string)
				ok = ok && (have != 0 && have == want || said == f.(obj)["value"])
			default:
				p.t.Errorf("unknown operator %v", f.(obj)["operator"])
			}
		}
		if ok {
			hits = append(hits, o)
		}
	}
	slices.SortFunc(hits, func(a, b obj) int {
		return cmp.Or(cmp.Compare(key(a, sort), key(b, sort)),
			cmp.Compare(key(a, "hs_object_id"), key(b, "hs_object_id")))
	})
	limit := int(body["limit"].(float64))
	if limit > 200 {
		refuse(w, 400, "VALIDATION_ERROR", "limit")
		return
	}
	reply(w, obj{"total": len(hits), "results": hits[:min(len(hits), limit)]})
}

// connect starts the portal and returns a connector for it.
func (p *portal) connect(t *testing.T, change func(*Config)) *Connector {
	t.Helper()
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return connectTo(t, s.URL, change)
}

func connectTo(t *testing.T, apiURL string, change func(*Config)) *Connector {
	t.Helper()
	cfg := Config{ClientSecret: "s3cret", Token: "t0ken", API: API{URL: apiURL}, RateLimit: 100000}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg, connectors.Options{
		Source: crm.Source{Name: "hubspot", Vendor: Vendor}, PublicURL: "https://winnow.example.com",
		Salt: []byte("salt"), UserAgent: "winnow/test",
	})
	if err != nil {
		t.Fatal(err)
	}
	c.search = rest.NewBudget(rest.Plan{
		Windows: []rest.Window{{Limit: 1_000_000, Interval: time.Second}}, Patience: time.Minute,
	})
	return c
}

func refs(kind string, ids ...string) []crm.Ref {
	out := make([]crm.Ref, len(ids))
	for i, id := range ids {
		out[i] = crm.Ref{Type: kind, ID: id}
	}
	return out
}

func ms(s string) crm.Millis {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return crm.At(t)
}

// facts are the facts among notices by contact and id.
func facts(t *testing.T, ns []crm.Notice, err error) map[string]crm.Fact {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]crm.Fact{}
	for _, n := range ns {
		if n.Fact == nil {
			continue
		}
		key := n.Fact.Contact + " " + n.Fact.ID
		if _, twice := out[key]; twice {
			t.Errorf("fact %s came twice", key)
		}
		out[key] = *n.Fact
	}
	return out
}
