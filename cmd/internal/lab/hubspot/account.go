package hubspot

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// accessTokenLife is how long a token of the OAuth endpoint is good. Source: HubSpot documentation, "Working with
// OAuth".
const accessTokenLife = 30 * time.Minute

// account is GET /account-info/details.
func (s *Sandbox) account(*request) (answer, *problem) {
	_, offset := s.opt.Now().In(s.zone).Zone()
	return answer{http.StatusOK, map[string]any{
		"portalId": s.opt.PortalID, "accountType": "SANDBOX", "timeZone": s.opt.TimeZone, "companyCurrency": "EUR",
		"additionalCurrencies":  []string{},
		"utcOffset":             time.Unix(0, 0).In(time.FixedZone("", offset)).Format("-07:00"),
		"utcOffsetMilliseconds": offset * 1000, "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
	}}, nil
}

// usage is GET /account-info/api-usage/daily/private-apps.
func (s *Sandbox) usage(*request) (answer, *problem) {
	used, limit, reset := s.limits.usage()
	return answer{http.StatusOK, map[string]any{"results": []any{map[string]any{
		"name": "private-apps-api-calls-daily", "usageLimit": limit, "currentUsage": used, "collectedAt": iso(s.now()),
		"fetchStatus": "SUCCESS", "resetsAt": iso(reset.UnixMilli()),
	}}}}, nil
}

// token is POST /oauth/token, for the grant refresh_token.
func (s *Sandbox) token(r *request) (answer, *problem) {
	form, err := url.ParseQuery(string(r.body))
	if err != nil {
		return answer{}, badRequest("the form cannot be read")
	}
	if g := form.Get("grant_type"); g != "refresh_token" {
		return answer{}, &problem{
			status: http.StatusBadRequest, Category: "BAD_GRANT_TYPE",
			Message: fmt.Sprintf("unsupported grant_type %q", g),
		}
	}
	given := []byte(form.Get("client_secret") + "\n" + form.Get("refresh_token"))
	want := []byte(s.opt.ClientSecret + "\n" + s.opt.RefreshToken)
	if s.opt.RefreshToken == "" || subtle.ConstantTimeCompare(given, want) != 1 {
		return answer{}, &problem{
			status: http.StatusBadRequest, Category: "BAD_REFRESH_TOKEN", Message: "missing or invalid refresh token",
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	access := fmt.Sprintf("sandbox-access-%d", len(s.tokens)+1)
	s.tokens[access] = s.now() + accessTokenLife.Milliseconds()
	return answer{http.StatusOK, map[string]any{
		"access_token": access, "refresh_token": s.opt.RefreshToken, "token_type": "bearer",
		"expires_in": int(accessTokenLife.Seconds()),
	}}, nil
}

// owners is GET /crm/owners.
func (s *Sandbox) owners(r *request) (answer, *problem) {
	limit, after, p := page(r.URL.Query(), 100, 500)
	if p != nil {
		return answer{}, p
	}
	results := []any{}
	body := map[string]any{}
	all := slices.SortedFunc(slices.Values(s.opt.Owners), func(a, b Owner) int { return cmp.Compare(a.ID, b.ID) })
	for _, o := range all {
		if o.ID <= after {
			continue
		}
		if len(results) == limit {
			last := results[limit-1].(map[string]any)["id"]
			body["paging"] = map[string]any{"next": map[string]any{"after": last, "link": "https://api.hubapi.com/"}}
			break
		}
		results = append(results, map[string]any{
			"id": strconv.FormatInt(o.ID, 10), "userId": o.UserID, "email": o.Email, "firstName": o.First,
			"lastName": o.LastName, "type": "PERSON",
			"archived": false, "createdAt": "2025-01-07T09:00:00Z", "updatedAt": "2025-01-07T09:00:00Z",
			"teams": []any{},
		})
	}
	body["results"] = results
	return answer{http.StatusOK, body}, nil
}

// pipelines is GET /crm/pipelines/deals.
func (s *Sandbox) pipelines(*request) (answer, *problem) {
	list := []any{}
	for i, st := range stages {
		list = append(list, map[string]any{
			"id": st.id, "label": st.label, "displayOrder": i, "archived": false,
			"metadata": map[string]any{
				"probability": st.probability, "isClosed": strconv.FormatBool(st.probability == "1.0" ||
					st.probability == "0.0"),
			},
		})
	}
	return answer{http.StatusOK, map[string]any{"results": []any{map[string]any{
		"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": false, "stages": list,
	}}}}, nil
}

// listThreads is GET /conversations/threads: those of one contact where associatedContactId asks for it, or those with
// a message after latestMessageTimestampAfter, by id or, where sort says so, by their latest message.
func (s *Sandbox) listThreads(r *request) (answer, *problem) {
	q := r.URL.Query()
	limit, after, p := page(q, 100, 500)
	if p != nil {
		return answer{}, p
	}
	since, _ := instant(q.Get("latestMessageTimestampAfter"))
	about := q.Get("associatedContactId")
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []*thread
	for _, t := range s.chats {
		if s.threads[t.id] != nil && t.latest >= since &&
			(about == "" || about == strconv.FormatInt(t.contact.follow().id, 10)) {
			found = append(found, t)
		}
	}
	if q.Get("sort") == "latestMessageTimestamp" {
		slices.SortStableFunc(found, func(a, b *thread) int { return cmp.Compare(a.latest, b.latest) })
	}
	from := min(max(int(after), 0), len(found)) // the place to go on from is how many were shown
	end := min(from+limit, len(found))
	results := []any{}
	for _, t := range found[from:end] {
		results = append(results, t.view())
	}
	body := map[string]any{"results": results}
	if end < len(found) {
		body["paging"] = map[string]any{
			"next": map[string]any{"after": strconv.Itoa(end), "link": "https://api.hubapi.com/"},
		}
	}
	return answer{http.StatusOK, body}, nil
}

func (s *Sandbox) thread(r *request) (*thread, *problem) {
	id, _ := millis(r.PathValue("id"))
	if t := s.threads[id]; t != nil {
		return t, nil
	}
	return nil, &problem{status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND", Message: "Thread not found"}
}

func (s *Sandbox) readThread(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, p := s.thread(r)
	if p != nil {
		return answer{}, p
	}
	return answer{http.StatusOK, t.view()}, nil
}

// listMessages is GET /conversations/threads/{id}/messages: newest first, a page at a time.
func (s *Sandbox) listMessages(r *request) (answer, *problem) {
	limit, after, p := page(r.URL.Query(), 100, 500)
	if p != nil {
		return answer{}, p
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, p := s.thread(r)
	if p != nil {
		return answer{}, p
	}
	results := []any{}
	body := map[string]any{}
	var last int64
	for _, m := range slices.Backward(t.messages) {
		if after != 0 && m.id >= after {
			continue
		}
		if len(results) == limit {
			body["paging"] = map[string]any{
				"next": map[string]any{"after": strconv.FormatInt(last, 10), "link": "https://api.hubapi.com/"},
			}
			break
		}
		results, last = append(results, m.view(t)), m.id
	}
	body["results"] = results
	return answer{http.StatusOK, body}, nil
}

func (s *Sandbox) message(r *request) (*thread, *message, *problem) {
	t, p := s.thread(r)
	if p != nil {
		return nil, nil, p
	}
	id, _ := millis(r.PathValue("mid"))
	for i := range t.messages {
		if t.messages[i].id == id {
			return t, &t.messages[i], nil
		}
	}
	return nil, nil, &problem{status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND", Message: "Message not found"}
}

func (s *Sandbox) readMessage(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, m, p := s.message(r)
	if p != nil {
		return answer{}, p
	}
	return answer{http.StatusOK, m.view(t)}, nil
}

func (s *Sandbox) readOriginal(r *request) (answer, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, m, p := s.message(r)
	if p != nil {
		return answer{}, p
	}
	return answer{http.StatusOK, map[string]any{"text": m.text, "richText": asHTML(m.text)}}, nil
}
