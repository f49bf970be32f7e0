package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestHooks: a target with a slash at its end, below a gateway's path or with that taken away, leads to its source; all
// else to the receiver too, which counts it.
func TestHooks(t *testing.T) {
	receiver := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("source"), " ", r.PathValue("path"), " ", r.URL.Path)
	})
	for _, c := range []struct{ public, came, want string }{
		{"", "/hooks/eu", "eu  /hooks/eu"},
		{"", "/hooks/eu/", "eu  /hooks/eu/"},
		{"", "/hooks/eu/Lead.update", "eu Lead.update /hooks/eu/Lead.update"},
		{"", "/hook/eu", "  /hook/eu"},
		{"", "/", "  /"},
		{"", "http://winnow.example.com//hooks/eu", "  //hooks/eu"},
		{"https://gw.example.com/crm", "/crm//hooks/eu", "  /crm//hooks/eu"},
		{"", "/hooks/", "  /hooks/"},
		{"https://gw.example.com/crm/", "/hooks/eu", "eu  /hooks/eu"},
		{"https://gw.example.com/crm/", "/crm/hooks/eu/", "eu  /hooks/eu/"},
		{"https://gw.example.com/crm", "/other/hooks/eu", "  /other/hooks/eu"},
	} {
		rec := httptest.NewRecorder()
		hooks(receiver, c.public).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, c.came, nil))
		if got := rec.Body.String(); got != c.want {
			t.Errorf("%s under %q: %q, want %q", c.came, c.public, got, c.want)
		}
	}
}
