package hubspot

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
)

func change(contact string, pairs ...string) crm.Change {
	ch := crm.Change{Contact: contact, Values: map[crm.Field]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		ch.Values[crm.Field(pairs[i])] = pairs[i+1]
	}
	return ch
}

func kindsOf(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		if err != nil {
			out[i] = connectors.KindOf(err).String()
		}
	}
	return out
}

func TestWrite(t *testing.T) {
	p := newPortal(t)
	p.add("contacts", "101")
	p.add("contacts", "103")
	c := p.connect(t, func(c *Config) { c.Fields = "rating=lead_grade, score=" })
	errs := c.Write(t.Context(), []crm.Change{
		change("101", "ground", "misfit"),
		change("102", "rating", "A"),
		change("103", "rating", "", "native_status", crm.UnqualifiedStatus),
	})
	if diff := cmp.Diff([]string{"internal", "not_found", ""}, kindsOf(errs)); diff != "" {
		t.Errorf("results (the first names a field that is none):\n%s", diff)
	}
	errs = c.Write(t.Context(), []crm.Change{
		change("101", "rating", "B", "score", "61", "disqualified", "true", "pending_until", "2026-04-01", "rated_at",
			"2026-03-01T08:00:00Z", "disqualification_reason", ""),
		change("104", "score", "5"), // a field that is not kept: nothing to do
	})
	if diff := cmp.Diff([]string{"", ""}, kindsOf(errs)); diff != "" {
		t.Errorf("results:\n%s", diff)
	}
	want := obj{
		"hs_object_id": "101", "lead_grade": "B", "winnow_disqualified": "true", "winnow_pending_until": "2026-04-01",
		"winnow_rated_at":                "2026-03-01T08:00:00Z",
		"winnow_disqualification_reason": "",
	}
	if diff := cmp.Diff(want, p.records["contacts"]["101"]["properties"].(obj)); diff != "" {
		t.Errorf("properties of 101:\n%s", diff)
	}
	if got := p.records["contacts"]["103"]["properties"].(obj); got["hs_lead_status"] != "UNQUALIFIED" ||
		got["lead_grade"] != "" {
		t.Errorf("properties of 103: %v", got)
	}
}

// An account has a list of lead statuses of its own. One that it does not have is refused by itself: ratings are
// written, and the error names the property and the setting. Whatever passes is tried again with the rating.
func TestNativeStatusGoesByItself(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		beside bool
		calls  int
	}{
		"a value that the account does not have": {400, "INVALID_OPTION", true, 2},
		// the second call, and each by itself
		"a rule of the account": {400, "MISSING_REQUIRED_PROPERTY", true, 4},
		"away":                  {503, "", false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPortal(t)
			for _, id := range []string{"101", "102", "103"} {
				p.add("contacts", id)
			}
			p.override = func(w http.ResponseWriter, _ *http.Request, body obj) bool {
				if !strings.Contains(fmt.Sprint(body), "hs_lead_status") {
					return false
				}
				w.WriteHeader(c.status)
				reply(w, obj{"status": "error", "category": "VALIDATION_ERROR", "errors": []obj{
					{"code": c.code, "context": obj{"propertyName": []string{"hs_lead_status"}}},
				}})
				return true
			}
			conn := p.connect(t, func(c *Config) { c.Unqualified = "BAD_FIT" })
			errs := conn.Write(t.Context(), []crm.Change{
				change("101", "rating", "D", "native_status", crm.UnqualifiedStatus), change("102", "rating", "B"),
				change("103", "rating", "D", "native_status", crm.UnqualifiedStatus),
			})
			for i, id := range []string{"101", "102", "103"} {
				if p.records["contacts"][id]["properties"].(obj)["winnow_rating"] == nil {
					t.Errorf("contact %s has no rating", id)
				}
				if wrote := connectors.WroteOurs(errs[i]); wrote != (c.beside || id == "102") {
					t.Errorf("contact %s: %v, counts as written: %t", id, errs[i], wrote)
				}
				if e, ok := errs[i].(*connectors.Error); ok &&
					(e.Whole || c.beside && !strings.Contains(e.Error(), "hs_lead_status was not set: "+
						"HTTP 400 VALIDATION_ERROR "+c.code+": hs_lead_status; WINNOW_HUBSPOT_UNQUALIFIED")) {
					t.Error(e)
				}
			}
			if len(p.calls) != c.calls {
				t.Errorf("%d calls: %q", len(p.calls), p.calls)
			}
		})
	}
}

// HubSpot takes the id of a merged contact for the winner's, and writes there: only the ids of its answer tell.
func TestWriteToTheMerged(t *testing.T) {
	for name, chs := range map[string][]crm.Change{
		"alone": {change("102", "rating", "B")}, "beside others": {
			change("101", "rating", "A"), change("102", "rating", "B"), change("103", "rating", "C"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPortal(t)
			p.add("contacts", "101")
			p.add("contacts", "104")
			p.alias = map[string]string{"102": "104", "103": "101"}
			errs := p.connect(t, nil).Write(t.Context(), chs)
			for i, ch := range chs {
				if into := connectors.IntoOf(errs[i]); into != p.alias[ch.Contact] {
					t.Errorf("contact %s: %v, into %q, want %q", ch.Contact, errs[i], into, p.alias[ch.Contact])
				}
			}
		})
	}
}

// What HubSpot can answer to a batch of two, and what becomes of each.
func TestWriteAnswers(t *testing.T) {
	two := []crm.Change{change("101", "rating", "A"), change("102", "rating", "B")}
	results := func(ids ...string) []obj {
		out := []obj{}
		for _, id := range ids {
			out = append(out, obj{"id": id, "properties": obj{}})
		}
		return out
	}
	const message = "Property values were not valid: [{\"isValid\":false,\"name\":\"x\",\"value\":\"ada@example.com\"}]"
	validation := func(code, property string) obj {
		return obj{"status": "error", "category": "VALIDATION_ERROR", "message": message, "errors": []obj{
			{"message": message, "code": code, "context": obj{"propertyName": []string{property}}},
		}}
	}
	for name, c := range map[string]struct {
		status int
		body   any
		kinds  []string
		whole  bool
		says   string
	}{
		"all written": {200, obj{"results": results("102", "101")}, []string{"", ""}, false, ""},
		"207, by ids": {
			207, obj{"results": results("102"), "errors": []obj{
				{"category": "OBJECT_NOT_FOUND", "context": obj{"ids": []string{"101"}}},
			}}, []string{"not_found", ""}, false, "OBJECT_NOT_FOUND",
		},
		"207, by numbers": {207, obj{"results": results("102"), "errors": []obj{
			{"category": "OBJECT_NOT_FOUND", "context": obj{"ids": []int{101}}},
		}}, []string{"not_found", ""}, false, ""},
		"207, by trace": {
			207, obj{
				"results": results("101"), "errors": []obj{
					{"category": "VALIDATION_ERROR", "message": message, "context": obj{
						"objectWriteTraceId": []string{"102"},
					}},
				},
			}, []string{"", "rejected"}, false, "VALIDATION_ERROR",
		},
		"207, by id": {207, obj{
			"results": results("101"), "errors": []obj{{"category": "CONFLICT", "id": "102"}},
		}, []string{"", "conflict"}, false, "CONFLICT"},
		"207, naming nobody": {207, obj{
			"results": results("101"), "errors": []obj{{"category": "VALIDATION_ERROR"}},
		}, []string{"", "rejected"}, false, "VALIDATION_ERROR"},
		"200 that forgets one": {200, obj{"results": results("101")}, []string{"", "not_found"}, false, "merged"},
		"a rule of the account": {
			400, validation("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "vat_number"),
			[]string{"rejected", "rejected"},
			true, "MISSING_CONDITIONAL_REQUIRED_PROPERTY: vat_number",
		},
		"a property that is missing": {
			400, validation("PROPERTY_DOESNT_EXIST", "winnow_rating"),
			[]string{"misconfigured", "misconfigured"},
			true, "winnow_rating: create the properties with winnow setup",
		},
		"the same in words only": {
			400, obj{
				"status":  "error",
				"message": `Property values were not valid: [{"error":"PROPERTY_DOESNT_EXIST","message":"Property \"winnow_fit\" does not exist"}]`,
			}, []string{"misconfigured", "misconfigured"}, true, "winnow_fit",
		},
		"no token": {401, obj{"category": "INVALID_AUTHENTICATION"}, []string{
			"unauthenticated", "unauthenticated",
		}, true, "revoked"},
		"no scope": {
			403,
			obj{
				"category": "MISSING_SCOPES",
				"errors":   []obj{{"context": obj{"requiredGranularScopes": []string{"crm.objects.contacts.write"}}}},
			},
			[]string{"unauthenticated", "unauthenticated"},
			true, "lacks the scope crm.objects.contacts.write",
		},
		"not there": {
			404,
			obj{"category": "OBJECT_NOT_FOUND"},
			[]string{"not_found", "not_found"},
			true, "",
		},
		"another server's 404": {404, "<html>not found</html>", []string{
			"misconfigured", "misconfigured",
		}, true, "API_URL"},
		"conflict": {409, obj{}, []string{"conflict", "conflict"}, true, ""},
		"locked":   {423, obj{}, []string{"conflict", "conflict"}, true, ""},
		"a page":   {200, "<html>", []string{"garbled", "garbled"}, true, "HTTP 200"},
		"too many": {
			429,
			obj{"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
			[]string{"rate_limited", "rate_limited"},
			true, "TEN_SECONDLY_ROLLING",
		},
		"the day is used up": {429, obj{"errorType": "RATE_LIMIT", "policyName": "DAILY"}, []string{
			"rate_limited", "rate_limited",
		}, true, "DAILY"},
		"moving":              {477, obj{}, []string{"rate_limited", "rate_limited"}, true, "moving"},
		"down":                {502, "<html>", []string{"unavailable", "unavailable"}, true, ""},
		"behind a dead proxy": {521, "", []string{"unavailable", "unavailable"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPortal(t)
			p.override = func(w http.ResponseWriter, _ *http.Request, _ obj) bool {
				w.WriteHeader(c.status)
				reply(w, c.body)
				return true
			}
			errs := p.connect(t, nil).Write(t.Context(), two)
			if diff := cmp.Diff(c.kinds, kindsOf(errs)); diff != "" {
				t.Errorf("kinds:\n%s", diff)
			}
			for _, err := range errs {
				if err == nil {
					continue
				}
				if e := err.(*connectors.Error); e.Whole != c.whole {
					t.Errorf("%v: stands for the whole batch: %v, want %v", err, e.Whole, c.whole)
				}
				if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "ada") {
					t.Errorf("%v: want it to say %q, and nothing of the message", err, c.says)
				}
			}
			switch after := connectors.AfterOf(errs[1]); {
			case c.status == 423 && after < 2*time.Second, strings.HasPrefix(name, "the day") && after < 10*time.Minute:
				t.Errorf("waits %s only", after)
			}
		})
	}
}

// A refusal of a single change stands for that change: there is nothing to split.
func TestASingleRefusal(t *testing.T) {
	p := newPortal(t)
	p.override = func(w http.ResponseWriter, _ *http.Request, _ obj) bool {
		refuse(w, 400, "VALIDATION_ERROR", "no")
		return true
	}
	errs := p.connect(t, nil).Write(t.Context(), []crm.Change{change("101", "rating", "A")})
	if e := errs[0].(*connectors.Error); e.Whole || e.Kind != connectors.Rejected {
		t.Errorf("%+v", e)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("a reason\n", 10000)
	if got := fields.Cut(long, maxText); len(got) > maxText || strings.HasSuffix(got, "\n") ||
		!strings.HasSuffix(got, "a reason") {
		t.Errorf("%d characters, ending %q", len(got), got[len(got)-10:])
	}
	if got := fields.Cut(strings.Repeat("é", maxText), maxText); got != strings.Repeat("é", maxText) {
		t.Error("a text of just the right length was cut")
	}
}

// A server that is slow costs one time-out, not a hanging worker.
func TestTimeOut(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	c := connectTo(t, s.URL, func(c *Config) { c.Timeout = time.Second })
	errs := c.Write(t.Context(), []crm.Change{change("101", "rating", "A")}) // without a time-out it would never return
	if connectors.KindOf(errs[0]) != connectors.Unavailable || !strings.Contains(errs[0].Error(), "time-out") {
		t.Error(errs[0])
	}
}

func TestFullBatchIsOneCall(t *testing.T) {
	p := newPortal(t)
	var chs []crm.Change
	for i := range maxBatch {
		id := fmt.Sprint(100 + i)
		p.add("contacts", id)
		chs = append(chs, change(id, "rating", "C"))
	}
	c := p.connect(t, nil)
	if errs := c.Write(t.Context(), chs); strings.Join(kindsOf(errs), "") != "" || len(p.calls) != 1 {
		t.Errorf("%d calls, %v", len(p.calls), kindsOf(errs))
	}
	if left, day := c.Budget(); left < 0 || day != -1 {
		t.Errorf("budget %d, %d: HubSpot's headers said nothing of the day", left, day)
	}
}
