package connectors

import "crypto/subtle"

// Secret is a setting that must not be seen. It prints as [redacted] wherever it is printed.
type Secret string

const redacted = "[redacted]"

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Decode never fails, because envconfig quotes values in its errors.
func (s *Secret) Decode(value string) error { *s = Secret(value); return nil }

// Reveal is the value itself, for the one place that sends or compares it.
func (s Secret) Reveal() string { return string(s) }

// Equal compares in constant time.
func (s Secret) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(s), []byte(other)) == 1
}
