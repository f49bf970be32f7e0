package proof

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// standard is Standard Webhooks. Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
type standard struct{ tolerance time.Duration }

// The prefixes of secrets, and of public keys.
const (
	secretPrefix = "whsec_"
	publicPrefix = "whpk_"
)

// token is one signature.
type token struct {
	version string
	mac     []byte
}

// sizes are how many bytes a signature has.
var sizes = map[string]int{"v1": sha256.Size, "v1a": ed25519.SignatureSize}

// parse reads the headers: what stands before the body in what is signed, the time, and the signatures.
func (s standard) parse(d connectors.Delivery) (head, stamp string, tokens []token, err error) {
	id, stamp, given := d.Header.Get("Webhook-Id"), d.Header.Get("Webhook-Timestamp"), d.Header.Get("Webhook-Signature")
	if id == "" || stamp == "" || given == "" {
		return "", "", nil, ErrMissing
	}
	if strings.Contains(id, ".") || strings.Contains(stamp, ".") { // the signed bytes would have two readings
		return "", "", nil, ErrMalformed
	}
	for i, field := range strings.Fields(given) {
		if i == maxSignatures {
			break
		}
		version, value, _ := strings.Cut(field, ",")
		mac, wrong := base64.StdEncoding.DecodeString(value)
		if wrong == nil && len(mac) == sizes[version] && len(mac) > 0 { // another version this one need not know
			tokens = append(tokens, token{version, mac})
		}
	}
	if len(tokens) == 0 {
		return "", "", nil, ErrMalformed
	}
	return id + "." + stamp + ".", stamp, tokens, nil
}

func (s standard) screen(d connectors.Delivery, secrets Secrets, now time.Time) error {
	_, stamp, _, err := s.parse(d)
	if err != nil {
		return err
	}
	return secrets.fresh(stamp, "s", 2*s.tolerance, now)
}

func (s standard) dated(d connectors.Delivery) time.Time {
	_, stamp, _, err := s.parse(d)
	if err != nil {
		return time.Time{}
	}
	at, _ := instant(stamp, "s")
	return at
}

func (s standard) verify(d connectors.Delivery, secrets Secrets, now time.Time) error {
	head, stamp, tokens, err := s.parse(d)
	if err != nil {
		return err
	}
	message := append([]byte(head), d.Body...)
	for _, t := range tokens {
		if matches(t.version, message, t.mac, secrets.Sign) {
			return secrets.fresh(stamp, "s", s.tolerance, now)
		}
	}
	return ErrWrong
}

func matches(version string, message, mac []byte, secrets []string) bool {
	right := false
	for _, secret := range secrets {
		key, public, err := StandardKey(secret)
		switch {
		case err != nil || public != (version == "v1a"):
		case public:
			right = ed25519.Verify(key, message, mac) || right
		default:
			h := hmac.New(sha256.New, key)
			h.Write(message)
			right = hmac.Equal(h.Sum(nil), mac) || right
		}
	}
	return right
}

var (
	errSecret = errors.New("want whsec_ and base64 of at least 16 bytes")
	errPublic = errors.New("want whpk_ and base64 of 32 bytes")
)

// StandardKey is the key of a secret whsec_..., or the public key whpk_... .
func StandardKey(secret string) (key []byte, public bool, err error) {
	if s, ok := strings.CutPrefix(secret, publicPrefix); ok {
		if key, err = base64.StdEncoding.DecodeString(s); err != nil || len(key) != ed25519.PublicKeySize {
			return nil, true, errPublic
		}
		return key, true, nil
	}
	key, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) < 16 {
		return nil, false, errSecret
	}
	return key, false, nil
}
