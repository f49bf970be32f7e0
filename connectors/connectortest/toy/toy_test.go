package toy

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
)

var now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func sign(body []byte, secret string, _ time.Time) connectors.Delivery {
	var in map[string]any
	if json.Unmarshal(body, &in) == nil {
		in["token"] = secret
		body, _ = json.Marshal(in)
	}
	return connectors.Delivery{Method: http.MethodPost, Path: "lead.updated", Body: body, Received: crm.At(now)}
}

func account() *Server {
	s := &Server{Token: "t0ken", Ill: map[string]bool{"mails/13": true}}
	at := now.Unix()
	s.Put("contacts", Record{
		ID: "7", Created: at - 9000, Changed: at - 300, Name: "Ada Quill", Email: "ada@quill.example",
	})
	s.Put("leads", Record{
		ID: "7", Created: at - 9000, Changed: at - 200, Override: "D", Name: "Ben Ode", Email: "ben@ode.example",
	})
	s.Put("mails", Record{ID: "31", Person: "lead/7", Sent: at - 100, Changed: at - 100, Units: 20})
	return s
}

func harness(fault func(*connectors.Vendor)) connectortest.Harness {
	var api *Server
	with := func(_ *testing.T, apiURL string, state connectors.State) connectors.Vendor {
		v := New(Options{API: apiURL, Token: "t0ken", Hook: "h00k", State: state, Now: func() time.Time { return now }})
		if fault != nil {
			fault(&v)
		}
		return v
	}
	get := connectors.Delivery{Method: http.MethodGet, Query: map[string][]string{"challenge": {"abc"}}}
	return connectortest.Harness{
		New: func(t *testing.T, apiURL string) connectors.Vendor {
			return with(t, apiURL, connectors.NewMemory())
		},
		WithState: with, Granted: func() string { return "ch4nnel-1" },
		Sign: sign, Secret: "h00k", Secrets: []string{"t0ken", "ch4nnel-1"}, Deliveries: "testdata/deliveries",
		Body: []byte(`{"id":"7","at":1772443800}`), Echo: []byte(`{"id":"7","at":1772443800,"by":"winnow"}`),
		API: func(*testing.T) http.Handler {
			api = account()
			return api
		},
		Refs: []crm.Ref{{Type: "mails", ID: "31"}}, Concerned: []string{"lead/7"}, Gone: []crm.Ref{
			{Type: "mails", ID: "99"},
		},
		Ill: crm.Ref{Type: "mails", ID: "13"}, Profiles: []crm.Ref{
			{Type: "contacts", ID: "7"}, {Type: "leads", ID: "7"},
		},
		Changed: []string{"contacts/7", "leads/7", "mails/31"},
		Changes: []crm.Change{
			{Contact: "contact/7", Values: map[crm.Field]string{crm.FieldRating: "A"}},
			{Contact: "lead/7", Values: map[crm.Field]string{crm.FieldRating: "B"}},
		},
		Written: func(person string, f crm.Field) string {
			p := crm.ParsePerson(person)
			values, _ := api.Written(types[p.Kind], p.ID)
			return values["winnow_"+string(f)]
		},
		Answers: map[string][]int{"fetch": {404}, "cards": {404}}, Handshake: &get,
	}
}

// TestConformance holds the toy to the contract, with the fault that TestFaults names.
func TestConformance(t *testing.T) {
	connectortest.Run(t, harness(planted(os.Getenv("TOY_FAULT"))))
}

// TestFaults: each check of the suite catches the fault that is planted for it, and says which rule is broken.
func TestFaults(t *testing.T) {
	if testing.Short() && os.Getenv("TOY_FAULT") != "" {
		t.Skip("inside of itself")
	}
	for _, f := range faults {
		t.Run(f.rule, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // a bound that only a hang reaches
			defer cancel()
			pattern := "^TestConformance$/^" + strings.ReplaceAll(f.check, "/", "$/^") + "$"
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run="+pattern, "-test.timeout=5m")
			cmd.Env = append(os.Environ(), "TOY_FAULT="+f.rule)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passes a vendor that %s:\n%s", f.rule, out)
			}
			if !strings.Contains(string(out), f.says) {
				t.Errorf("the failure does not say %q:\n%s", f.says, out)
			}
		})
	}
}
