package connectors

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Delivery is one webhook request. Verify sees it exactly as it was received, and nothing in it is to be trusted
// before; Decode sees what Keep left of it, long after it came.
type Delivery struct {
	Method   string
	URL      *url.URL // as the vendor addressed us, which some sign; nil at Decode
	Path     string   // below /hooks/<source>/, without a slash at its begin: Lead.update; empty where there is nothing
	Query    url.Values
	Header   http.Header
	Body     []byte     // raw bytes; a signature is over these, never over re-encoded JSON
	Received crm.Millis // by our clock
}

// Kept is d with its method, path, body and time of receipt, and of query and headers those named.
func (d Delivery) Kept(query, headers []string) Delivery {
	kept := Delivery{Method: d.Method, Path: d.Path, Body: d.Body, Received: d.Received}
	for _, name := range query {
		if v, ok := d.Query[name]; ok {
			if kept.Query == nil {
				kept.Query = url.Values{}
			}
			kept.Query[name] = v
		}
	}
	for _, name := range headers {
		if v := d.Header.Values(name); len(v) > 0 {
			if kept.Header == nil {
				kept.Header = http.Header{}
			}
			kept.Header[textproto.CanonicalMIMEHeaderKey(name)] = v
		}
	}
	return kept
}

// Outcome is what became of a delivery.
type Outcome string

// The outcomes. Only Stored is durable.
const (
	Stored      Outcome = "stored"       // verified and durable
	NotVerified Outcome = "not_verified" // nothing is kept of it
	// not now: no room, or the store does not answer; the vendor has to send it again
	Full       Outcome = "full"
	Unreadable Outcome = "unreadable" // it could not be verified because it cannot be read; nothing is kept of it
	TooLarge   Outcome = "too_large"  // more than WINNOW_MAX_BODY
)

// Reply is an answer to a request.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// retryAfter is how long a refused sender is told to wait.
const retryAfter = 10 * time.Second

// DefaultReply is the answer for vendors that want nothing of their own: never 400, 429 or 410, for which several CRMs
// drop the event for good or delete the subscription.
func DefaultReply(o Outcome) Reply {
	switch o {
	case Stored:
		return Reply{Status: http.StatusNoContent}
	case NotVerified, Unreadable:
		return refusal(http.StatusUnauthorized, o)
	case TooLarge:
		return refusal(http.StatusRequestEntityTooLarge, o)
	}
	r := refusal(http.StatusServiceUnavailable, o)
	r.Header.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	return r
}

func refusal(status int, o Outcome) Reply {
	return Reply{
		Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		Body: []byte(string(o) + "\n"),
	}
}
