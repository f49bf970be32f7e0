package espocrm

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a request, in bytes.
const maxBody = 4 << 20

// api is the server as its API shows it.
type api struct{ *Espo }

// answer is what a route has to say: a status and a value.
type answer struct {
	status int
	value  any
}

func refused(status int) answer { return answer{status, map[string]any{}} }

// routes are the paths of the API. Source: EspoCRM documentation, "API overview".
func (e api) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(r *http.Request, body []byte) answer{
		"GET /api/v1/App/user":                     e.appUser,
		"GET /api/v1/Metadata":                     e.metadata,
		"POST /api/v1/Admin/fieldManager/{entity}": e.makeField,
		"POST /api/v1/Admin/rebuild":               func(*http.Request, []byte) answer { return answer{200, true} },
		"GET /api/v1/Webhook":                      e.listHooks,
		"POST /api/v1/Webhook":                     e.makeHook,
		"DELETE /api/v1/Webhook/{id}":              e.dropHook,
		"GET /api/v1/{entity}":                     e.list,
		"GET /api/v1/{entity}/{id}":                e.read,
		"PUT /api/v1/{entity}/{id}":                e.write,
		"GET /api/v1/{entity}/{id}/stream":         e.streamOf,
		"GET /api/v1/Contact/{id}/opportunities":   e.opportunities,
	} {
		mux.HandleFunc(pattern, e.call(f))
	}
	return mux
}

// call is what every request has to pass.
func (e api) call(f func(r *http.Request, body []byte) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		e.mu.Lock()
		a := refused(http.StatusUnauthorized)
		switch status := e.refusal(r); {
		case err != nil:
			a = refused(http.StatusBadRequest)
		case status != 0:
			a = refused(status)
		case r.Header.Get("X-Api-Key") == e.opt.Key:
			a = f(r, body)
		}
		text, err := json.Marshal(a.value)
		e.mu.Unlock()
		if err != nil {
			panic(err) // values of JSON
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		_, _ = w.Write(text)
	}
}

func (e api) refusal(r *http.Request) int {
	if e.refuse == nil {
		return 0
	}
	return e.refuse(r)
}

func (e api) appUser(*http.Request, []byte) answer {
	return answer{
		200,
		map[string]any{
			"user": map[string]any{"id": e.Espo.api.id, "userName": e.Espo.api.text("userName"), "type": "api"},
		},
	}
}

// at is the record that a path names; nil where there is none.
func (e api) at(r *http.Request) *record {
	rec := e.byID[r.PathValue("id")]
	if rec == nil || rec.deleted || rec.entity != r.PathValue("entity") && r.PathValue("entity") != "" {
		return nil
	}
	return rec
}

func (e api) read(r *http.Request, _ []byte) answer {
	rec := e.at(r)
	if rec == nil {
		return refused(http.StatusNotFound)
	}
	return answer{200, e.shown(rec)}
}

// write is an update. Attributes that the entity does not have are passed over; values that do not fit are refused.
func (e api) write(r *http.Request, body []byte) answer {
	rec := e.at(r)
	if rec == nil {
		return refused(http.StatusNotFound)
	}
	var given map[string]any
	if json.Unmarshal(body, &given) != nil {
		return refused(http.StatusBadRequest)
	}
	values := map[string]any{}
	for name, v := range given {
		f, ok := e.entities[rec.entity][name]
		if _, own := system[name]; !ok || own || name == "id" {
			continue
		}
		if !f.fits(v) {
			return answer{
				http.StatusBadRequest,
				map[string]any{"messageTranslation": map[string]any{"label": "validationFailure"}},
			}
		}
		values[name] = v
	}
	e.update(rec, e.Espo.api, values)
	e.calls++
	e.told(rec, values)
	return answer{200, e.shown(rec)}
}

// told tells of a write to a lead or contact. The caller holds mu, which is let go while others look.
func (e api) told(rec *record, values map[string]any) {
	if rec.entity != "Lead" && rec.entity != "Contact" {
		return
	}
	w := Write{Time: e.opt.Now(), Entity: rec.entity, ID: rec.id, Fields: maps.Clone(values)}
	e.mu.Unlock()
	e.writes.Add(w)
	e.mu.Lock()
}

func (e api) streamOf(r *http.Request, _ []byte) answer {
	rec := e.at(r)
	if rec == nil {
		return refused(http.StatusNotFound)
	}
	list := []any{}
	for _, n := range slices.Backward(rec.stream) { // the newest first
		list = append(list, map[string]any{"id": n.id, "type": n.typ, "data": n.data, "createdAt": stamp(n.at)})
	}
	return answer{200, map[string]any{"total": len(list), "list": list}}
}

func (e api) opportunities(r *http.Request, _ []byte) answer {
	rec := e.byID[r.PathValue("id")]
	if rec == nil || rec.deleted || rec.entity != "Contact" {
		return refused(http.StatusNotFound)
	}
	list := []any{}
	theirs := func(o *record) bool { return slices.Contains(o.ids("contactsIds"), rec.id) }
	for _, o := range slices.Backward(e.related("Opportunity", theirs)) {
		list = append(list, map[string]any{"id": o.id, "createdAt": stamp(o.created)})
	}
	return answer{200, map[string]any{"total": len(list), "list": list}}
}

// metadata is GET Metadata?key=entityDefs.Lead.fields.
func (e api) metadata(r *http.Request, _ []byte) answer {
	words := strings.Split(r.URL.Query().Get("key"), ".")
	if len(words) != 3 || words[0] != "entityDefs" || words[2] != "fields" || e.entities[words[1]] == nil {
		return answer{200, nil}
	}
	return answer{200, e.entities[words[1]]}
}

// makeField is the field manager's: a c is put before the name.
func (e api) makeField(r *http.Request, body []byte) answer {
	fields := e.entities[r.PathValue("entity")]
	var in struct {
		field
		Name  string `json:"name"`
		Label string `json:"label"`
	}
	types := []string{"enum", "int", "varchar", "text", "bool", "date", "datetime"}
	if fields == nil || json.Unmarshal(body, &in) != nil || in.Name == "" || in.Label == "" ||
		!slices.Contains(types, in.Type) {
		return refused(http.StatusBadRequest)
	}
	name := "c" + strings.ToUpper(in.Name[:1]) + in.Name[1:]
	if _, there := fields[name]; there {
		return refused(http.StatusConflict)
	}
	in.IsCustom = true
	fields[name] = in.field
	return answer{200, in.field}
}

func (e api) listHooks(*http.Request, []byte) answer {
	list := []any{}
	for _, h := range e.hooks {
		list = append(list, *h)
	}
	return answer{200, map[string]any{"total": len(list), "list": list}}
}

// makeHook makes a webhook. Its secret is shown this once.
func (e api) makeHook(_ *http.Request, body []byte) answer {
	var in hook
	if json.Unmarshal(body, &in) != nil || in.URL == "" || !strings.Contains(in.Event, ".") {
		return refused(http.StatusBadRequest)
	}
	h := &hook{ID: e.newID(), Event: in.Event, URL: in.URL, Active: true, SkipOwn: in.SkipOwn}
	h.secret = "secret-of-" + h.ID
	e.hooks = append(e.hooks, h)
	return answer{
		200,
		map[string]any{"id": h.ID, "event": h.Event, "url": h.URL, "secretKey": h.secret, "isActive": true},
	}
}

func (e api) dropHook(r *http.Request, _ []byte) answer {
	n := len(e.hooks)
	e.hooks = slices.DeleteFunc(e.hooks, func(h *hook) bool { return h.ID == r.PathValue("id") })
	if len(e.hooks) == n {
		return refused(http.StatusNotFound)
	}
	return answer{200, true}
}
