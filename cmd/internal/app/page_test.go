package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestConsolePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	for _, rating := range []string{"A", "A", "D"} {
		id := w.box.CreateContact(map[string]string{"email": rating + "@page.example", "firstname": "Nobody"})
		w.box.SetProperty(id, "winnow_override", rating)
	}
	w.settle()
	if status, err := w.box.Send(t.Context(), w.box.Sign([]byte("not what HubSpot sends"))); err != nil || status != 204 {
		t.Fatalf("a signed body that cannot be read: %d %v", status, err)
	}
	w.settle()
	rec := httptest.NewRecorder()
	w.app.Admin.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1/", nil))
	body := rec.Body.String()
	for _, want := range []string{
		`<td class="n">2</td><td class="n">0</td><td class="n">0</td><td class="n">1</td>`, "hubspot", "go out", "1 wait for a person", "malformed", "Ready to take",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page:\n%s", want, body)
		}
	}
	if rec.Code != 200 || strings.Contains(body, "page.example") || strings.Contains(body, "Nobody") {
		t.Errorf("%d: the page names a contact:\n%s", rec.Code, body)
	}
}
