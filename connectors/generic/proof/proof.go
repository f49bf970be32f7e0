// Package proof says whether a delivery is the CRM's, by what a mapping says of its proof. Every comparison of a secret
// takes the same time, whatever is given. Nothing here reads a body as more than bytes, but for a key that stands in
// it.
package proof

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
)

// Secrets are what deliveries prove themselves with: those of the settings, and those that the CRM gave us.
type Secrets struct {
	Sign []string // keys of signatures
	Keys []string // plain keys
	// AnyTime lets a delivery be of any age: for requests that were recorded.
	AnyTime bool
}

// Verifier checks deliveries.
type Verifier struct{ ways []way }

// way is one way in which a delivery may prove itself.
type way interface {
	verify(d connectors.Delivery, s Secrets, now time.Time) error
	// screen refuses what verify would refuse whatever the body is.
	screen(d connectors.Delivery, s Secrets, now time.Time) error
	// dated is the time that the proof covers; zero where it covers none.
	dated(d connectors.Delivery) time.Time
}

// The errors of a delivery that proves nothing. They hold nothing of it.
var (
	ErrMissing   = errors.New("the delivery carries no proof")
	ErrMalformed = errors.New("the proof has another layout than the mapping says")
	ErrWrong     = errors.New("the proof was made with another secret, or of other bytes")
	ErrStale     = errors.New("the delivery is too old, or from the future")
	ErrUnread    = errors.New("the proof stands in a body that cannot be read")
)

// New makes a verifier by the ways of a mapping.
func New(ps []mapping.Proof) *Verifier {
	v := &Verifier{}
	for _, p := range ps {
		switch {
		case p.HMAC != nil:
			v.ways = append(v.ways, newHMAC(*p.HMAC))
		case p.Standard != nil:
			v.ways = append(v.ways, standard{tolerance(p.Standard.Tolerance)})
		case p.Key != nil:
			v.ways = append(v.ways, keyed{Key: *p.Key})
		case p.Basic:
			v.ways = append(v.ways, basic{})
		}
	}
	return v
}

// Verify reports why a delivery proves nothing; nil where one of the ways does. The most telling reason is given.
func (v *Verifier) Verify(d connectors.Delivery, s Secrets, now time.Time) error {
	return v.any(func(w way) error { return w.verify(d, s, now) })
}

// Screen is Verify as far as it goes without the body. What is only just too old passes: Verify knows whether its proof
// is right.
func (v *Verifier) Screen(d connectors.Delivery, s Secrets, now time.Time) error {
	return v.any(func(w way) error { return w.screen(d, s, now) })
}

func (v *Verifier) any(check func(way) error) error {
	worst := ErrMissing
	for _, w := range v.ways {
		err := check(w)
		if err == nil {
			return nil
		}
		if errors.Is(worst, ErrMissing) {
			worst = err
		}
	}
	return worst
}

// Dated is when a delivery was signed, as its proof says; zero where it says nothing of that.
func (v *Verifier) Dated(d connectors.Delivery) time.Time {
	for _, w := range v.ways {
		if t := w.dated(d); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// undated is a way that holds no time.
type undated struct{}

func (undated) dated(connectors.Delivery) time.Time { return time.Time{} }

// defaultTolerance is how old a delivery may be. Source: Standard Webhooks 1.0.0, reference libraries.
const defaultTolerance = 5 * time.Minute

func tolerance(t time.Duration) time.Duration {
	if t > 0 {
		return t
	}
	return defaultTolerance
}

// equalsOne compares with all of some secrets, empty ones left out: an empty one would let anybody in.
func equalsOne(given string, secrets []string) bool {
	found := 0
	for _, s := range secrets {
		if s != "" {
			found |= subtle.ConstantTimeCompare([]byte(given), []byte(s))
		}
	}
	return found == 1
}

// keyed is a key that stands somewhere in the delivery.
type keyed struct {
	mapping.Key
	undated
}

func (k keyed) screen(d connectors.Delivery, s Secrets, now time.Time) error {
	if k.Body != "" {
		return nil
	}
	return k.verify(d, s, now)
}

func (k keyed) verify(d connectors.Delivery, s Secrets, _ time.Time) error {
	given, err := k.given(d)
	if err != nil {
		return err
	}
	if given == "" {
		return ErrMissing
	}
	if !equalsOne(given, s.Keys) {
		return ErrWrong
	}
	return nil
}

func (k keyed) given(d connectors.Delivery) (string, error) {
	switch {
	case k.Header != "":
		v := d.Header.Get(k.Header)
		if k.Scheme == "" {
			return v, nil
		}
		word, rest, _ := strings.Cut(v, " ")
		if !strings.EqualFold(word, k.Scheme) {
			return "", nil
		}
		return strings.TrimSpace(rest), nil
	case k.Query != "":
		return d.Query.Get(k.Query), nil
	case k.Path > 0:
		segments := strings.Split(d.Path, "/")
		if k.Path > len(segments) {
			return "", nil
		}
		return segments[k.Path-1], nil
	}
	var body any
	if json.Unmarshal(d.Body, &body) != nil {
		return "", ErrUnread
	}
	for name := range strings.SplitSeq(k.Body, ".") {
		m, _ := body.(map[string]any)
		body = m[name]
	}
	text, _ := body.(string)
	return text, nil
}

// basic is HTTP Basic: the key is the password, or the user and the password.
type basic struct{ undated }

func (b basic) screen(d connectors.Delivery, s Secrets, now time.Time) error {
	return b.verify(d, s, now)
}

func (basic) verify(d connectors.Delivery, s Secrets, _ time.Time) error {
	user, password, ok := parseBasic(d.Header.Get("Authorization"))
	if !ok {
		return ErrMissing
	}
	byPassword, byBoth := equalsOne(password, s.Keys), equalsOne(user+":"+password, s.Keys)
	if !byPassword && !byBoth {
		return ErrWrong
	}
	return nil
}
