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

func (s standard) verify(d connectors.Delivery, secrets Secrets, now time.Time) error {
	id, stamp, given := d.Header.Get("Webhook-Id"), d.Header.Get("Webhook-Timestamp"), d.Header.Get("Webhook-Signature")
	if id == "" || stamp == "" || given == "" {
		return ErrMissing
	}
	if strings.Contains(id, ".") || strings.Contains(stamp, ".") { // the signed bytes would have two readings
		return ErrMalformed
	}
	message := append([]byte(id+"."+stamp+"."), d.Body...)
	err := ErrMalformed
	for i, token := range strings.Fields(given) {
		if i == maxSignatures {
			break
		}
		version, value, _ := strings.Cut(token, ",")
		mac, wrong := base64.StdEncoding.DecodeString(value)
		if wrong != nil || version != "v1" && version != "v1a" {
			continue // another version, which this one need not know
		}
		if matches(version, message, mac, secrets.Sign) {
			return secrets.fresh(stamp, "s", s.tolerance, now)
		}
		err = ErrWrong
	}
	return err
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
