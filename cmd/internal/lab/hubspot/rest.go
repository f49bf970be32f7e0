package hubspot

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest request that is read.
const maxBody = 8 << 20

// answer is what a handler gives. A body of []byte is JSON already; nil sends none.
type answer struct {
	status int
	body   any
}

// problem is an error in HubSpot's form. Source: HubSpot documentation, "Error handling".
type problem struct {
	status   int
	Status   string              `json:"status"`
	Message  string              `json:"message"`
	ID       string              `json:"correlationId"`
	Category string              `json:"category,omitempty"`
	Sub      string              `json:"subCategory,omitempty"`
	Errors   []detail            `json:"errors,omitempty"`
	Context  map[string][]string `json:"context,omitempty"`
	Links    map[string]string   `json:"links,omitempty"`
}

type detail struct {
	Message string              `json:"message"`
	Code    string              `json:"code,omitempty"`
	In      string              `json:"in,omitempty"`
	Context map[string][]string `json:"context,omitempty"`
}

// badRequest is the usual refusal.
func badRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, Category: "VALIDATION_ERROR", Message: fmt.Sprintf(format, args...)}
}

var notFound = problem{
	status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND",
	Message: "Object not found.  objectId are usually numeric.",
}

// request is one call of the API.
type request struct {
	*http.Request
	kind *kind  // of the path, where it names one
	body []byte // read whole
}

// route is one path of the API.
type route struct {
	pattern string
	scope   func(*kind) string // nil: none is needed
	open    bool               // needs no token
	search  bool               // counts against the limit of searches too
	serve   func(*request) (answer, *problem)
}

func reads(k *kind) string  { return k.read }
func writes(k *kind) string { return k.write }

func needs(scope string) func(*kind) string { return func(*kind) string { return scope } }

// routes lists the API.
func (s *Sandbox) routes() *http.ServeMux {
	const objects, props, inbox = "/crm/objects/" + apiVersion, "/crm/properties/" + apiVersion,
		"/conversations/conversations/" + apiVersion
	mux := http.NewServeMux()
	for _, r := range []route{
		{pattern: "GET " + objects + "/{type}", scope: reads, serve: s.list},
		{pattern: "POST " + objects + "/{type}", scope: writes, serve: s.createOne},
		{pattern: "GET " + objects + "/{type}/{id}", scope: reads, serve: s.readOne},
		{pattern: "PATCH " + objects + "/{type}/{id}", scope: writes, serve: s.updateOne},
		{pattern: "DELETE " + objects + "/{type}/{id}", scope: writes, serve: s.deleteOne},
		{pattern: "POST " + objects + "/{type}/batch/read", scope: reads, serve: s.batchRead},
		{pattern: "POST " + objects + "/{type}/batch/update", scope: writes, serve: s.batchUpdate},
		{pattern: "POST " + objects + "/{type}/search", scope: reads, search: true, serve: s.search},
		{pattern: "POST " + objects + "/contacts/merge", scope: needs(contacts.write), serve: s.mergeTwo},
		{pattern: "POST " + objects + "/contacts/gdpr-delete", scope: needs(contacts.write), serve: s.privacyDelete},
		{
			pattern: "POST /crm/associations/" + apiVersion + "/{type}/{to}/batch/read", scope: reads,
			serve: s.associations,
		},
		{pattern: "GET " + props + "/{type}", scope: needs("crm.schemas.contacts.read"), serve: s.listProperties},
		{pattern: "POST " + props + "/{type}", scope: needs("crm.schemas.contacts.write"), serve: s.createProperty},
		{pattern: "GET " + props + "/{type}/groups", scope: needs("crm.schemas.contacts.read"), serve: s.listGroups},
		{pattern: "POST " + props + "/{type}/groups", scope: needs("crm.schemas.contacts.write"), serve: s.createGroup},
		{pattern: "GET " + props + "/{type}/{name}", scope: needs("crm.schemas.contacts.read"), serve: s.readProperty},
		{
			pattern: "PATCH " + props + "/{type}/{name}", scope: needs("crm.schemas.contacts.write"),
			serve: s.updateProperty,
		},
		{
			pattern: "POST " + props + "/{type}/batch/create", scope: needs("crm.schemas.contacts.write"),
			serve: s.createProperties,
		},
		{
			pattern: "GET /crm/pipelines/" + apiVersion + "/deals", scope: needs("crm.objects.deals.read"),
			serve: s.pipelines,
		},
		{pattern: "GET /crm/owners/" + apiVersion, scope: needs("crm.objects.owners.read"), serve: s.owners},
		{pattern: "GET " + inbox + "/threads", scope: needs("conversations.read"), serve: s.listThreads},
		{pattern: "GET " + inbox + "/threads/{id}", scope: needs("conversations.read"), serve: s.readThread},
		{pattern: "GET " + inbox + "/threads/{id}/messages", scope: needs("conversations.read"), serve: s.listMessages},
		{
			pattern: "GET " + inbox + "/threads/{id}/messages/{mid}", scope: needs("conversations.read"),
			serve: s.readMessage,
		},
		{
			pattern: "GET " + inbox + "/threads/{id}/messages/{mid}/original-content",
			scope:   needs("conversations.read"), serve: s.readOriginal,
		},
		{pattern: "POST /crm/lists/2026-03", scope: needs("crm.lists.write"), serve: s.createList},
		{
			pattern: "GET /crm/lists/2026-03/object-type-id/0-1/name/{name}", scope: needs("crm.lists.read"),
			serve: s.readList,
		},
		{pattern: "GET /account-info/2026-03/details", serve: s.account},
		{pattern: "GET /account-info/2026-03/api-usage/daily/private-apps", serve: s.usage},
		{pattern: "POST /oauth/" + apiVersion + "/token", open: true, serve: s.token},
	} {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r) })
	}
	return mux
}

// Handler is the REST API.
func (s *Sandbox) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.opt.Sent().UTC().Format(http.TimeFormat))
		if s.faults.isDown() {
			panic(http.ErrAbortHandler) // cuts the connection without an answer
		}
		if d := s.faults.delay(); d > 0 {
			select {
			case <-time.After(d):
			case <-r.Context().Done():
			}
		}
		if f, ok := s.faults.take(r); ok {
			if f.Done {
				s.mux.ServeHTTP(discard{}, r)
			} else {
				s.observe.call(r.Method + " " + r.URL.Path)
			}
			s.fail(w, f)
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// serve is what all routes have in common.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, to route) {
	req := &request{Request: r}
	name := to.pattern
	if t := r.PathValue("type"); t != "" {
		if req.kind = kindByName[t]; req.kind != nil {
			name = strings.Replace(name, "{type}", req.kind.name, 1)
		}
	}
	s.observe.call(name)
	if !to.open {
		if p := s.authenticate(r); p != nil {
			s.answer(w, answer{}, p)
			return
		}
		if policy := s.limits.allow(w.Header(), to.search); policy != "" {
			refuse(w, policy, s.correlation())
			return
		}
	}
	if r.PathValue("type") != "" && req.kind == nil {
		s.answer(w, answer{}, badRequest("Unable to infer object type from: %s", r.PathValue("type")))
		return
	}
	if to.scope != nil {
		if scope := to.scope(req.kind); s.faults.missing(scope) && !(s.opt.BlankMail && scope == emails.read) {
			s.answer(w, answer{}, &problem{
				status: http.StatusForbidden, Category: "MISSING_SCOPES",
				Message: "This app hasn't been granted all required scopes to make this call. Read more about " +
					"required scopes here: https://developers.hubspot.com/scopes.",
				Errors: []detail{{
					Message: "One or more of the following scopes are required.",
					Context: map[string][]string{"requiredGranularScopes": {scope}},
				}},
				Links: map[string]string{"scopes": "https://developers.hubspot.com/scopes"},
			})
			return
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		var err error
		if req.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				s.answer(w, answer{}, &problem{
					status: http.StatusRequestEntityTooLarge, Message: "Request is too large",
				})
			}
			return // the client went away
		}
	}
	a, p := to.serve(req)
	s.answer(w, a, p)
}

// authenticate refuses what does not carry the app's token. Tokens of the OAuth endpoint run out.
func (s *Sandbox) authenticate(r *http.Request) *problem {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	valid := s.faults.validToken(s.opt.Token)
	if bearer && subtle.ConstantTimeCompare([]byte(given), []byte(valid)) == 1 {
		return nil
	}
	s.mu.RLock()
	until, ok := s.tokens[given]
	s.mu.RUnlock()
	switch {
	case ok && until > s.now():
		return nil
	case ok:
		return &problem{
			status: http.StatusUnauthorized, Category: "EXPIRED_AUTHENTICATION",
			Message: "The OAuth token used to make this call expired.",
		}
	}
	return &problem{
		status: http.StatusUnauthorized, Category: "INVALID_AUTHENTICATION",
		Message: "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find " +
			"more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
	}
}

func (s *Sandbox) correlation() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.serial.Add(1))
}

// answer sends a or, where there is one, p.
func (s *Sandbox) answer(w http.ResponseWriter, a answer, p *problem) {
	if p != nil {
		sent := *p
		sent.Status, sent.ID = "error", s.correlation()
		a = answer{p.status, sent}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	body, ok := a.body.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(a.body); err != nil {
			panic(err) // only types of this package come here
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client may have gone
}

// fail sends a failure made by Fail.
func (s *Sandbox) fail(w http.ResponseWriter, f Failure) {
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After.Seconds())))
	}
	if f.Body != "" {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return
	}
	if f.Status == http.StatusTooManyRequests {
		refuse(w, "TEN_SECONDLY_ROLLING", s.correlation())
		return
	}
	s.answer(w, answer{}, &problem{status: f.Status, Message: http.StatusText(f.Status)})
}

// decode reads a JSON body into v.
func (r *request) decode(v any) *problem {
	if err := json.Unmarshal(r.body, v); err != nil {
		return badRequest("Invalid input JSON on line 1, column 1: %s", err)
	}
	return nil
}

// discard is where the answer goes that nobody gets.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
