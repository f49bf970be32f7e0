package connectortest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// toy is the smallest vendor there can be. With a fault it breaks one rule, so that the suite can be seen to notice.
type toy struct {
	api, secret, fault string
}

func (c *toy) fail(op string, k connectors.Kind, err error) error {
	return &connectors.Error{Vendor: "toy", Op: op, Kind: k, Err: err}
}

func toySign(body []byte, secret string, at time.Time) connectors.Delivery {
	stamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(stamp))
	m.Write(body)
	return connectors.Delivery{Method: "POST", Body: body, Header: http.Header{
		"Toy-Time": {stamp}, "Toy-Mac": {hex.EncodeToString(m.Sum(nil))},
	}}
}

func (c *toy) Verify(d connectors.Delivery, now time.Time) error {
	seconds, err := strconv.ParseInt(d.Header.Get("Toy-Time"), 10, 64)
	if err != nil {
		return c.fail("verify", connectors.Unauthenticated, errors.New("no time"))
	}
	body := d.Body
	if c.fault == "reads the body anew" {
		body = bytes.TrimSpace(body)
	}
	at := time.Unix(seconds, 0)
	good := toySign(body, c.secret, at).Header.Get("Toy-Mac")
	given := d.Header.Get("Toy-Mac")
	if c.fault == "reads the body anew" && hmac.Equal([]byte(good), []byte(given)) {
		return nil
	}
	if !hmac.Equal([]byte(good), []byte(given)) {
		if c.fault == "tells its secret" {
			return c.fail("verify", connectors.Unauthenticated, errors.New("not signed with "+c.secret))
		}
		return c.refuse(c.fault == "takes forged ones for old")
	}
	if now.Sub(at) > 5*time.Minute && c.fault != "accepts replays" {
		return c.refuse(c.fault != "takes old ones for forged")
	}
	return nil
}

func (c *toy) refuse(stale bool) error {
	return &connectors.Error{
		Vendor: "toy", Op: "verify", Kind: connectors.Unauthenticated, Stale: stale, Err: errors.New("not taken"),
	}
}

func (c *toy) Dated(d connectors.Delivery) time.Time {
	seconds, err := strconv.ParseInt(d.Header.Get("Toy-Time"), 10, 64)
	if err != nil || c.fault == "tells no time" {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

func (c *toy) Screen(d connectors.Delivery, _ time.Time) error {
	if c.fault == "refuses by its headers" || d.Header.Get("Toy-Mac") == "" && c.fault != "takes what has no proof" {
		kind := connectors.Unauthenticated
		if c.fault == "refuses in other words" {
			kind = connectors.Rejected
		}
		return c.fail("verify", kind, errors.New("no proof"))
	}
	return nil
}

func (c *toy) Proof(connectors.Delivery) connectors.Proof {
	if c.fault == "leaves no way back" {
		return connectors.Proof{Name: "mac", Rank: 1, Weak: "make more"}
	}
	if c.fault == "names no proof" {
		return connectors.Proof{Rank: 1}
	}
	return connectors.Proof{Name: "mac", Rank: 1}
}

func (c *toy) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	var in struct {
		Contact, Stage string
		At             int64
		Own            bool
	}
	if json.Unmarshal(d.Body, &in) != nil || in.Contact == "" || in.At <= 0 {
		return nil, c.fail("decode", connectors.Malformed, errors.New("not readable"))
	}
	if in.Own && c.fault != "hears itself" {
		return nil, nil
	}
	f := crm.Fact{
		Contact: in.Contact, ID: "property/" + crm.PropLifecycle, Version: in.At, At: crm.Millis(in.At),
		Kind: crm.KindProperty, Property: &crm.Property{Name: crm.PropLifecycle, Value: in.Stage},
	}
	if c.fault == "has facts without a version" {
		f.Version = 0
	}
	return []crm.Notice{{Fact: &f}}, nil
}

func (c *toy) vendor() connectors.Vendor {
	return connectors.Vendor{
		People: []connectors.PersonKind{{Record: "contacts"}}, Fetch: c, Write: c,
		Receive: c, Dates: c, Screen: c, Prove: c,
	}
}

func (c *toy) Keep(d connectors.Delivery) (connectors.Delivery, bool) { return d.Kept(nil, nil), false }

func (c *toy) FetchLimits(string) connectors.Limits { return connectors.Limits{Batch: 10, Calls: 1} }

func (c *toy) WriteLimits() connectors.Limits        { return connectors.Limits{Batch: 10, Calls: 1} }
func (c *toy) Split(chs []crm.Change) [][]crm.Change { return connectors.InBatches(chs, 10) }

func (c *toy) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	out := make([]connectors.Result, len(refs))
	for i, r := range refs {
		body, err := c.call(ctx, "fetch", "GET", "/"+r.ID, nil)
		if connectors.KindOf(err) == connectors.NotFound && strings.Contains(err.Error(), "gone") {
			continue
		}
		if err == nil {
			out[i].Notices, err = c.Decode(connectors.Delivery{Body: body})
			if err != nil {
				err = c.fail("fetch", connectors.Malformed, errors.New("not readable"))
			} else {
				out[i].Notices = append(out[i].Notices, crm.Notice{Fact: crm.Profiled(r.ID)})
			}
		}
		out[i].Err = err
	}
	return out
}

func (c *toy) Write(ctx context.Context, chs []crm.Change) []error {
	errs := make([]error, len(chs))
	for i, ch := range chs {
		values, _ := json.Marshal(ch.Values)
		body, err := c.call(ctx, "write", "PUT", "/"+ch.Contact, values)
		if err == nil && string(body) != "written" {
			err = c.fail("write", connectors.Malformed, errors.New("not confirmed"))
		}
		errs[i] = err
	}
	return errs
}

func (c *toy) call(ctx context.Context, op, method, path string, body []byte) ([]byte, error) {
	if c.fault == "ignores its context" {
		ctx = context.WithoutCancel(ctx)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(body))
	if err != nil {
		return nil, c.fail(op, connectors.Internal, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, c.fail(op, connectors.Unavailable, ctx.Err())
		}
		return nil, c.fail(op, connectors.Unavailable, errors.New("no answer"))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, c.fail(op, connectors.Unavailable, errors.New("half an answer"))
	}
	if resp.StatusCode < 300 {
		return answer, nil
	}
	e := &connectors.Error{
		Vendor: "toy", Op: op, Kind: connectors.KindOfStatus(resp.StatusCode),
		Err: fmt.Errorf("HTTP %d %s", resp.StatusCode, resp.Header.Get("Toy-Reason")),
	}
	if c.fault == "quotes answers" {
		e.Err = errors.New(string(answer))
	}
	if c.fault == "takes every refusal for an outage" {
		e.Kind = connectors.Unavailable
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && c.fault != "does not read Retry-After" {
		e.After = min(max(time.Duration(s), 0), 3600) * time.Second
	}
	return nil, e
}

func harness(t *testing.T, fault string) Harness {
	dir := t.TempDir()
	one := `{"Contact":"5","Stage":"lead","At":1772443800000}`
	if err := os.WriteFile(filepath.Join(dir, "one.http"), []byte("POST /hooks/toy HTTP/1.1\nHost: example.com\n\n"+
		one+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `{
  "notices": [
    {
      "fact": {
        "contact": "5",
        "id": "property/lifecycle_stage",
        "version": 1772443800000,
        "kind": "property",
        "at": "2026-03-02T09:30:00Z",
        "property": {
          "name": "lifecycle_stage",
          "value": "lead"
        }
      }
    }
  ]
}
`
	if err := os.WriteFile(filepath.Join(dir, "one.golden.json"), []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	return Harness{
		New:    func(_ *testing.T, apiURL string) connectors.Vendor { return (&toy{apiURL, "s3cret", fault}).vendor() },
		Sign:   toySign,
		Secret: "s3cret", SignsBody: true, Stale: 6 * time.Minute, Secrets: []string{"s3cret"}, Deliveries: dir,
		Echo: []byte(`{"Contact":"5","Stage":"x","At":1,"Own":true}`),
		API: func(*testing.T) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == "PUT":
					_, _ = w.Write([]byte("written"))
				case r.URL.Path == "/5":
					_, _ = w.Write([]byte(one))
				default:
					w.Header().Set("Toy-Reason", "gone")
					w.WriteHeader(404)
				}
			})
		},
		Refs: []crm.Ref{{Type: "contacts", ID: "5"}}, Profiles: []crm.Ref{{Type: "contacts", ID: "5"}}, Gone: []crm.Ref{
			{Type: "contacts", ID: "6"},
		},
		Changes: []crm.Change{{Contact: "5", Values: map[crm.Field]string{crm.FieldRating: "A"}}},
	}
}

// The suite knows the contract alone: a vendor that has nothing to do with any other passes it. TestFaults runs this
// again with a fault.
func TestToy(t *testing.T) { Run(t, harness(t, os.Getenv("TOY_FAULT"))) }

// A suite that cannot fail shows nothing: each fault must make it fail, and the failure must name the rule.
func TestFaults(t *testing.T) {
	for fault, rule := range map[string]string{
		"refuses in other words":            `without any proof: refused as rejected in "verify"`,
		"leaves no way back":                "a weak proof may be refused, and no setting is named that takes it again",
		"takes old ones for forged":         "want it refused as stale",
		"takes forged ones for old":         "a delivery with another secret is called stale: its time proves nothing",
		"tells no time":                     "it does not say when a delivery was signed, which its proof depends on",
		"reads the body anew":               "a space added to the body",
		"accepts replays":                   "a delivery of 6m0s ago, but accepted",
		"refuses by its headers":            "a genuine delivery is refused by its headers",
		"takes what has no proof":           "without any proof passes by its headers",
		"names no proof":                    "the proof of a genuine delivery has no name",
		"tells its secret":                  "an error holds what must not be seen",
		"hears itself":                      "the CRM's answer to it must start nothing",
		"has facts without a version":       "without contact, id, kind or version",
		"quotes answers":                    "an error holds what must not be seen",
		"takes every refusal for an outage": "HTTP 400 is unavailable, want rejected",
		"does not read Retry-After":         "Retry-After 7 becomes a wait of 0s",
		"ignores its context":               "after its context ended",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // a bound that only a hang reaches
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestToy$", "-test.timeout=5m")
			cmd.Env = append(os.Environ(), "TOY_FAULT="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatal("the suite passes a vendor that " + fault)
			}
			if !strings.Contains(string(out), rule) {
				t.Errorf("the failure does not name the rule %q:\n%s", rule, out)
			}
		})
	}
}
