package salesforce

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxRequest bounds a request's body, in bytes.
const maxRequest = 50 << 20

// versions are those that the org speaks, as v62.0.
var versions = regexp.MustCompile(`^v([3-9][0-9])\.0$`)

func (o *Org) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/oauth2/token", o.token)
	mux.Handle("GET /services/oauth2/userinfo", o.authorised(o.userInfo))
	mux.Handle("GET /services/data/{version}/query", o.authorised(o.queryCall))
	mux.Handle("GET /services/data/{version}/queryAll", o.authorised(o.queryCall))
	mux.Handle("GET /services/data/{version}/query/{cursor}", o.authorised(o.nextPage))
	mux.Handle("GET /services/data/{version}/queryAll/{cursor}", o.authorised(o.nextPage))
	mux.Handle("GET /services/data/{version}/sobjects/{object}/describe", o.authorised(o.describe))
	mux.Handle("POST /services/data/{version}/sobjects/{object}", o.authorised(o.create))
	mux.Handle("PATCH /services/data/{version}/composite/sobjects", o.authorised(o.collection))
	mux.Handle("POST /services/data/{version}/tooling/sobjects/CustomField", o.authorised(o.customField))
	mux.Handle("GET /services/data/{version}/limits", o.authorised(o.limits))
	return mux
}

// call is a request that may be answered.
type call struct {
	*http.Request
	version string
	body    []byte
}

// authorised checks what every call needs: a session, the day's limit, a version that is spoken.
func (o *Org) authorised(serve func(c *call) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		c := &call{Request: r, version: r.PathValue("version")}
		answer, err := o.admit(c)
		if err == nil {
			answer, err = serve(c)
		}
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		if o.opt.DailyLimit > 0 {
			w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", o.calls, o.opt.DailyLimit))
		}
		if err == nil {
			status := http.StatusOK
			if r.Method == http.MethodPost {
				status = http.StatusCreated
			}
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(answer) // maps and structs of plain values always have a JSON form
			return
		}
		switch e := err.(type) {
		case *problem:
			w.WriteHeader(e.status)
			_ = json.NewEncoder(w).Encode([]*problem{e})
		case *Refusal:
			for name, v := range e.Header {
				w.Header().Set(name, v)
			}
			w.WriteHeader(e.Status)
			_ = json.NewEncoder(w).Encode([]*problem{{Code: e.Code, Message: "refused by the test"}})
		}
	})
}

func (r *Refusal) Error() string { return r.Code }

func (o *Org) admit(c *call) (any, error) {
	if o.refuse != nil {
		if r := o.refuse(c.Request); r != nil {
			return nil, r
		}
	}
	token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !ok || !o.tokens[token] {
		return nil, &problem{status: 401, Code: "INVALID_SESSION_ID", Message: "Session expired or invalid"}
	}
	if o.calls++; o.opt.DailyLimit > 0 && o.calls > o.opt.DailyLimit {
		return nil, &problem{status: 403, Code: "REQUEST_LIMIT_EXCEEDED", Message: "TotalRequests Limit exceeded."}
	}
	if c.version != "" && !versions.MatchString(c.version) {
		return nil, &problem{status: 404, Code: "NOT_FOUND", Message: "The requested resource does not exist"}
	}
	var err error
	if c.body, err = io.ReadAll(io.LimitReader(c.Body, maxRequest)); err != nil {
		return nil, refuse("JSON_PARSER_ERROR", "the body ended early")
	}
	return nil, nil
}

// token is the token endpoint. Its answers have no expires_in. Source: Salesforce Help, "OAuth 2.0 Client Credentials
// Flow" and "OAuth 2.0 JWT Bearer Flow".
func (o *Org) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if code := o.checkGrant(r); code != "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "authentication failure"})
		return
	}
	o.issued++
	token := fmt.Sprintf("%s!session%d", o.orgID[:15], o.issued)
	o.tokens[token] = true
	_ = json.NewEncoder(w).Encode(map[string]string{
		"access_token": token, "instance_url": "http://" + r.Host, "token_type": "Bearer",
		"issued_at": strconv.FormatInt(o.now().UnixMilli(), 10),
		"id":        "http://" + r.Host + "/id/" + o.orgID + "/" + o.integration.id, "signature": "c2FuZGJveA==",
	})
}

func (o *Org) checkGrant(r *http.Request) (code string) {
	switch grant := r.PostFormValue("grant_type"); grant {
	case "client_credentials":
		id, secret, ok := r.BasicAuth()
		if !ok {
			id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		}
		if id != o.opt.ClientID {
			return "invalid_client_id"
		}
		if secret != o.opt.Secret {
			return "invalid_client"
		}
		return ""
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		if o.opt.Key == nil || !o.checkAssertion(r.PostFormValue("assertion")) {
			return "invalid_grant"
		}
		return ""
	}
	return "unsupported_grant_type"
}

func (o *Org) checkAssertion(jwt string) bool {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || rsa.VerifyPKCS1v15(o.opt.Key, crypto.SHA256, sum[:], signature) != nil {
		return false
	}
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return false
	}
	left := time.Until(time.Unix(claims.Exp, 0)) // Source: Salesforce Help: an assertion is good for three minutes
	return claims.Iss == o.opt.ClientID && claims.Sub == o.opt.Username && claims.Aud != "" && left > 0 &&
		left <= 3*time.Minute
}

func (o *Org) userInfo(*call) (any, error) {
	return map[string]any{
		"user_id": o.integration.id, "organization_id": o.orgID, "preferred_username": o.opt.Username,
	}, nil
}

func (o *Org) limits(*call) (any, error) {
	return map[string]any{
		"DailyApiRequests": map[string]int{"Max": o.opt.DailyLimit, "Remaining": o.opt.DailyLimit - o.calls},
	}, nil
}

func (o *Org) queryCall(c *call) (any, error) {
	q, err := o.parse(c.URL.Query().Get("q"))
	if err != nil {
		return nil, err
	}
	q.all = strings.HasSuffix(c.URL.Path, "/queryAll")
	rs := o.run(q)
	if q.count {
		return map[string]any{"totalSize": len(rs), "done": true, "records": []any{}}, nil
	}
	return o.page(c, cursor{q: q, rest: rs, sum: len(rs)}), nil
}

// page answers with the first records of a cursor and keeps the rest for the next call.
func (o *Org) page(c *call, cur cursor) any {
	n := min(o.opt.Page, len(cur.rest))
	records := make([]any, 0, n)
	for _, r := range cur.rest[:n] {
		records = append(records, o.show(r, cur.q.fields, c.version))
	}
	answer := map[string]any{"totalSize": cur.sum, "done": n == len(cur.rest), "records": records}
	if n < len(cur.rest) {
		o.nextID++
		key := fmt.Sprintf("%s-%d", newID("01g", o.nextID), n)
		o.cursors[key] = cursor{q: cur.q, rest: cur.rest[n:], sum: cur.sum}
		answer["nextRecordsUrl"] = "/services/data/" + c.version + "/query/" + key
	}
	return answer
}

func (o *Org) nextPage(c *call) (any, error) {
	cur, ok := o.cursors[c.PathValue("cursor")]
	if !ok {
		return nil, refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
	}
	return o.page(c, cur), nil
}

func (o *Org) describe(c *call) (any, error) {
	obj := o.object(c.PathValue("object"))
	if obj == nil {
		return nil, &problem{status: 404, Code: "NOT_FOUND", Message: "The requested resource does not exist"}
	}
	var fields []any
	for _, f := range obj.fields {
		values := []any{}
		for _, v := range f.values {
			values = append(values, map[string]any{"value": v, "label": v, "active": true})
		}
		fields = append(fields, map[string]any{
			"name": f.name, "type": f.typ, "length": f.length, "updateable": !f.readOnly, "filterable": !f.nofilter,
			"custom":         f.custom,
			"picklistValues": values,
		})
	}
	return map[string]any{"name": obj.name, "fields": fields, "keyPrefix": obj.prefix, "updateable": true}, nil
}
