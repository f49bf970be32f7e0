package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// limits reads HubSpot's rate limit headers. Search sends none, OAuth apps get none for the day. Source: HubSpot docs,
// "API usage guidelines".
func limits(h http.Header) rest.Limits {
	n := func(name string) int {
		v, err := strconv.Atoi(h.Get("X-HubSpot-RateLimit-" + name))
		if err != nil || v < 0 {
			return 0
		}
		return v
	}
	l := rest.Limits{
		Max: n("Max"), Remaining: n("Remaining"),
		Interval: time.Duration(n("Interval-Milliseconds")) * time.Millisecond,
	}
	if h.Get("X-HubSpot-RateLimit-Remaining") == "" {
		l.Max = 0
	}
	if l.Interval < time.Second || l.Interval > time.Hour {
		l.Interval = 10 * time.Second
	}
	if h.Get("X-HubSpot-RateLimit-Daily-Remaining") != "" {
		l.DayMax, l.DayRemaining = n("Daily"), n("Daily-Remaining")
	}
	return l
}

// apiError is the body of a refusal. Every field is optional. Source: HubSpot docs, "Error handling".
type apiError struct {
	Status      string        `json:"status"` // "error"
	Category    string        `json:"category"`
	SubCategory any           `json:"subCategory"`
	Message     string        `json:"message"`
	PolicyName  string        `json:"policyName"`
	Errors      []detail      `json:"errors"`
	Context     contextValues `json:"context"`
}

type detail struct {
	Message string        `json:"message"`
	Code    string        `json:"code"`
	Context contextValues `json:"context"`
}

// contextValues reads lists of words. HubSpot also sends other shapes there, which are passed over.
type contextValues map[string][]string

func (v *contextValues) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	*v = contextValues{}
	for k, r := range raw {
		var list []id
		var single id
		switch {
		case json.Unmarshal(r, &list) == nil:
			for _, s := range list {
				(*v)[k] = append((*v)[k], string(s))
			}
		case json.Unmarshal(r, &single) == nil && single != "":
			(*v)[k] = []string{string(single)}
		default:
			var words []string
			if json.Unmarshal(r, &words) == nil {
				(*v)[k] = words
			}
		}
	}
	return nil
}

// renewal is what to do about a credential that is refused.
func (c *Connector) renewal() string {
	if c.cfg.Token == "" {
		return "connect the app again"
	}
	return "make a new one and set it in " + c.opt.Source.Variable("TOKEN")
}

// explain says what a refusal means. Only words that HubSpot itself chose from a finite list, names of properties and
// names of scopes go into the error: its messages quote values.
func (c *Connector) explain(r *rest.Response) *connectors.Error {
	var body apiError
	_ = json.Unmarshal(r.Body, &body) // what is not JSON explains nothing: the status does
	e := &connectors.Error{Kind: connectors.KindOfStatus(r.Status), After: rest.RetryAfter(r.Header, c.now())}
	what := fmt.Sprintf("HTTP %d", r.Status)
	if cat := word(body.Category); cat != "" {
		what += " " + cat
	}
	switch r.Status {
	case http.StatusUnauthorized:
		what += ": the token is wrong, expired or revoked, or its app was uninstalled or deleted: " + c.renewal()
	case http.StatusForbidden:
		if scopes := body.scopes(); len(scopes) > 0 {
			what += ": the token lacks the scope " + strings.Join(scopes, " or ")
		} else {
			what += ": the token may not do this; winnow setup shows which scopes are missing"
		}
	case http.StatusNotFound:
		if body.Status != "error" && body.Category == "" {
			// Not HubSpot's own answer about a record. Taking it for one would forget records because of a wrong URL.
			e.Kind = connectors.Misconfigured
			what += ": this is not HubSpot's API; check " + c.opt.Source.Variable("API_URL") +
				" and what stands between"
		}
	case http.StatusLocked: // Source: HubSpot docs, "Error handling": wait at least 2 seconds
		e.After = max(e.After, 2*time.Second)
	case 477: // the account is being moved to another data centre; Source: HubSpot docs, "Error handling"
		e.Kind = connectors.RateLimited
		what += ": HubSpot is moving the account"
	case http.StatusTooManyRequests:
		if policy := word(body.PolicyName); policy != "" {
			what += " " + policy
		}
		switch body.PolicyName {
		case "DAILY": // resets at midnight of the account's time zone: asking now and then finds out
			e.After = max(e.After, 10*time.Minute)
		case "SECONDLY":
			e.After = max(e.After, time.Second)
		}
	case http.StatusBadRequest:
		e.Kind, what = body.badRequest(what, append(c.fields.Written(), nativeStatus))
	}
	e.Err = errors.New(what)
	return e
}

// word is s if it is one of a vendor's constants, which are spelled in capitals.
func word(s string) string {
	if s == "" || len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_') {
			return ""
		}
	}
	return s
}

func (b *apiError) scopes() []string {
	var out []string
	for _, d := range b.Errors {
		for _, key := range []string{"requiredGranularScopes", "requiredScopes"} {
			for _, s := range d.Context[key] {
				if isScope(s) && !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

func isScope(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 80
}

// invalidOption is HubSpot's code for a value that an enumeration does not have.
const invalidOption = "INVALID_OPTION"

// badRequest tells a missing property, which set-up creates, from a value that HubSpot will not have.
func (b *apiError) badRequest(what string, ours []string) (connectors.Kind, string) {
	kind := connectors.Rejected
	var codes, names []string
	collect := func(list []string, s string) []string {
		if s == "" || slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	for _, d := range b.Errors {
		codes = collect(codes, word(d.Code))
		for _, key := range []string{"propertyName", "propertyNames", "properties"} {
			for _, p := range d.Context[key] {
				if propertyName.MatchString(p) {
					names = collect(names, p)
				}
			}
		}
	}
	// Some answers carry code and property in the message only.
	text := b.Message
	for _, d := range b.Errors {
		text += " " + d.Message
	}
	for _, code := range []string{
		"PROPERTY_DOESNT_EXIST", "MISSING_CONDITIONAL_REQUIRED_PROPERTY", "MISSING_REQUIRED_PROPERTY", invalidOption,
		"READ_ONLY_VALUE",
	} {
		if strings.Contains(text, code) {
			codes = collect(codes, code)
		}
	}
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_')
	})
	for _, p := range ours {
		if slices.Contains(words, p) {
			names = collect(names, p)
		}
	}
	if len(codes) > 0 {
		what += " " + strings.Join(codes, " ")
	}
	if len(names) > 0 {
		what += ": " + strings.Join(names, ", ")
	}
	if slices.Contains(codes, "PROPERTY_DOESNT_EXIST") {
		return connectors.Misconfigured, what +
			": create the properties with winnow setup, or map the fields with WINNOW_<SOURCE>_FIELDS"
	}
	return kind, what
}
