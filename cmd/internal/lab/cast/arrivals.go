package cast

import (
	"fmt"
	"net/http"
	"sync"
)

// arrivals carries deliveries, and says when they cease to arrive and when they arrive again: who tries serve sees
// nothing else of a wrong address or a wrong secret.
type arrivals struct {
	next http.RoundTripper
	out  *lines

	mu    sync.Mutex
	wrong string // what was said last; empty: nothing is wrong
}

// RoundTrip carries one delivery.
func (a *arrivals) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(req)
	wrong := ""
	switch {
	case req.Context().Err() != nil:
		return resp, err
	case err != nil:
		wrong = err.Error()
	case resp.StatusCode == http.StatusUnauthorized:
		wrong = "401: serve has another secret, or another WINNOW_PUBLIC_URL than this address"
	case resp.StatusCode == http.StatusNotFound:
		wrong = "404: serve has no such source in WINNOW_SOURCES, or does not receive its webhooks"
	case resp.StatusCode >= http.StatusBadRequest:
		wrong = fmt.Sprintf("%d: serve says why in its log", resp.StatusCode)
	}
	a.mu.Lock()
	before := a.wrong
	a.wrong = wrong
	a.mu.Unlock()
	switch wrong {
	case before:
	case "":
		a.out.printf("# webhooks arrive again\n")
	default:
		a.out.printf("# webhooks to %s do not arrive: %s\n", req.URL, wrong)
	}
	return resp, err
}
