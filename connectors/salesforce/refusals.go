package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// limits reads what an answer says of the day: api-usage=18/100000; api-bursts=1/750. Source: REST API Developer Guide,
// "Limit Info Header".
func limits(h http.Header) rest.Limits {
	apart := func(r rune) bool { return r == ';' || r == ',' }
	for part := range strings.FieldsFuncSeq(h.Get("Sforce-Limit-Info"), apart) {
		usage, ok := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		used, most, both := strings.Cut(usage, "/")
		if !ok || !both {
			continue
		}
		n, err := strconv.Atoi(used)
		m, err2 := strconv.Atoi(strings.TrimSpace(most))
		if err == nil && err2 == nil && m > 0 {
			return rest.Limits{DayMax: m, DayRemaining: max(0, m-n)}
		}
	}
	return rest.Limits{}
}

// dayPause is how long nothing goes once the day's calls are used up: they come back hour by hour.
const dayPause = 15 * time.Minute

// longPause is how long nothing goes while the org has too many calls of 20 s and more under way, ours or others'. That
// has the same code, and only Salesforce's words tell it: ConcurrentRequests (Concurrent API Requests) Limit exceeded.
const longPause = 20 * time.Second

// refusal is one of the errors in an answer. Source: REST API Developer Guide, "Status Codes and Error Responses".
type refusal struct {
	Code    string   `json:"errorCode"`
	Row     string   `json:"statusCode"` // the code in the answer for one record of a collection
	Message string   `json:"message"`
	Fields  []string `json:"fields"`
}

// codeWord is what a code looks like: anything else could quote what was sent.
var codeWord = regexp.MustCompile(`^[A-Z][A-Z_]{2,60}$`)

// column finds the names in Salesforce's words for a field or an object that is not there.
var column = regexp.MustCompile(`No such column '([A-Za-z0-9_.]{1,80})'|sObject type '([A-Za-z0-9_]{1,80})'|relationship '([A-Za-z0-9_]{1,80})'`)

// kinds are what codes mean, where the status does not tell.
var kinds = map[string]connectors.Kind{
	"INVALID_SESSION_ID": connectors.Unauthenticated, "INVALID_AUTH_HEADER": connectors.Unauthenticated,
	"API_DISABLED_FOR_ORG": connectors.Unauthenticated, "API_CURRENTLY_DISABLED": connectors.Unauthenticated,
	"REQUEST_LIMIT_EXCEEDED": connectors.RateLimited, "TOO_MANY_REQUESTS": connectors.RateLimited,
	"CONCURRENT_REQUEST_LIMIT": connectors.RateLimited,
	"SERVER_UNAVAILABLE":       connectors.Unavailable, "QUERY_TIMEOUT": connectors.Unavailable,
	"INVALID_QUERY_LOCATOR": connectors.Unavailable, // its cursor has run out: the query is asked again
	"UNKNOWN_EXCEPTION":     connectors.Unavailable,
	"UNABLE_TO_LOCK_ROW":    connectors.Conflict,
	"ENTITY_IS_DELETED":     connectors.NotFound, "INVALID_CROSS_REFERENCE_KEY": connectors.NotFound,
	"MALFORMED_ID":                 connectors.NotFound,
	"CANNOT_UPDATE_CONVERTED_LEAD": connectors.NotFound,
	"INVALID_TYPE":                 connectors.Misconfigured, "INVALID_FIELD": connectors.Misconfigured,
	"INVALID_FIELD_FOR_INSERT_UPDATE": connectors.Misconfigured, "INSUFFICIENT_ACCESS": connectors.Misconfigured,
	"INSUFFICIENT_ACCESS_OR_READONLY": connectors.Misconfigured,
	"MALFORMED_QUERY":                 connectors.Internal,
}

// badToken reports that the endpoint for who we are does not know the token any more: it says so by 403 and a word.
// Source: Salesforce Help, "UserInfo Endpoint": Bad_OAuth_Token.
func badToken(r *rest.Response) bool {
	return r.Status == http.StatusForbidden && strings.TrimSpace(string(r.Body)) == "Bad_OAuth_Token"
}

// explain says what a refusal of a whole call means.
func (c *api) explain(r *rest.Response) *connectors.Error {
	e := &connectors.Error{Kind: connectors.KindOfStatus(r.Status), Err: fmt.Errorf("HTTP %d", r.Status)}
	if e.Kind == connectors.NotFound { // no call is for one record: what is not there is an object, or the API
		e.Kind = connectors.Misconfigured
	}
	var list []refusal
	if rest.Unmarshal(r.Body, &list) != nil || len(list) == 0 || !codeWord.MatchString(list[0].Code) {
		return e
	}
	own := c.meaning(list[0].Code, list[0])
	if own.Kind == connectors.Rejected {
		own.Kind = e.Kind
	}
	own.Err = fmt.Errorf("HTTP %d: %w", r.Status, own.Err)
	return own
}

// refused is the code of a refusal.
type refused string

func (r refused) Error() string { return string(r) }

// notThere is the code for an object that the org does not have, or hides from the running user as a whole.
const notThere refused = "INVALID_TYPE"

// meaning is what a code says, with the fields that it names.
func (c *api) meaning(code string, r refusal) *connectors.Error {
	e := &connectors.Error{Kind: connectors.Rejected, Err: refused(code)}
	if k, ok := kinds[code]; ok {
		e.Kind = k
	}
	names := r.Fields
	if m := column.FindStringSubmatch(r.Message); m != nil {
		names = append(names, m[1]+m[2]+m[3])
	}
	var plain []string
	for _, n := range names {
		if apiName.MatchString(n) {
			plain = append(plain, n)
		}
	}
	if len(plain) > 0 {
		e.Err = fmt.Errorf("%w: %s", e.Err, strings.Join(crm.Unique(plain), ", "))
	}
	switch {
	case code == "REQUEST_LIMIT_EXCEEDED" && strings.HasPrefix(r.Message, "Concurrent"):
		e.After, e.Err = longPause, errors.New(code+": too many long calls at the same time")
	case code == "REQUEST_LIMIT_EXCEEDED":
		e.After, e.Err = dayPause, errors.New(code+": the org's calls of the last 24 hours are used up")
	case e.Kind == connectors.NotFound:
		e.Err = fmt.Errorf("%w: the record was deleted, merged or converted", e.Err)
	case e.Kind == connectors.Misconfigured:
		e.Err = fmt.Errorf("%w is not there, or the running user may not see it: winnow setup %s shows what is missing", e.Err, c.opt.Source.Name)
	}
	return e
}

// absences remembers which objects an org does not have, or does not show us: they are not asked for with every record.
type absences struct {
	mu sync.Mutex
	by map[string]time.Time // until when
}

// absentLasts is how long it is believed.
const absentLasts = time.Hour

func (a *absences) note(object string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]time.Time{}
	}
	a.by[object] = now.Add(absentLasts)
}

func (a *absences) has(object string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, ok := a.by[object]
	return ok && now.Before(until)
}

// optional runs a query for an object that not every org has; what is not there gives nothing. A field of it that is
// hidden is an error: without it the rest would say something else.
func (c *api) optional(object string, ask func() ([]record, error)) ([]record, error) {
	if c.absences.has(object, c.now()) {
		return nil, nil
	}
	rs, err := ask()
	if errors.Is(err, notThere) {
		c.absences.note(object, c.now())
		return nil, nil
	}
	return rs, err
}
