package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/winnow-crm/winnow/queue"
)

// sealed is what one source's connector remembers, in the store. Values are encrypted, so that a look into the store, a
// copy of it or its log shows no key of a CRM. Without WINNOW_QUEUE_KEY the key lies in the same store, and who has all
// of it can open them.
type sealed struct {
	q      *queue.Queue
	source string
	aead   cipher.AEAD
}

// newSealed returns the memory of a source. secret is WINNOW_QUEUE_KEY, which may be empty.
func newSealed(q *queue.Queue, source, secret string) (*sealed, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), q.Salt(), "winnow state of "+source, 32)
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", source, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", source, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", source, err)
	}
	return &sealed{q: q, source: source, aead: aead}, nil
}

func (s *sealed) key(name string) string { return "connector." + s.source + "." + name }

// Get returns what was put under name, nil where there is nothing.
func (s *sealed) Get(ctx context.Context, name string) ([]byte, error) {
	data, _, err := s.q.States.Get(ctx, s.key(name))
	if err != nil || len(data) == 0 {
		return nil, err
	}
	n := s.aead.NonceSize()
	if len(data) < n {
		return nil, fmt.Errorf("state %s of %s is damaged", name, s.source)
	}
	value, err := s.aead.Open(nil, data[:n], data[n:], []byte(s.key(name)))
	if err != nil {
		return nil, fmt.Errorf("state %s of %s cannot be opened: it was kept under another WINNOW_QUEUE_KEY, or is "+
			"damaged", name, s.source)
	}
	return value, nil
}

// mostState bounds a value: keys, tokens and names, not records.
const mostState = 64 << 10

var errLarge = errors.New("larger than 64 KiB")

// Put keeps value under name; nil takes it out.
func (s *sealed) Put(ctx context.Context, name string, value []byte) error {
	if len(value) > mostState {
		return fmt.Errorf("state %s of %s: %w", name, s.source, errLarge)
	}
	var data []byte
	if value != nil {
		nonce := make([]byte, s.aead.NonceSize())
		_, _ = rand.Read(nonce) // never fails
		data = s.aead.Seal(nonce, nonce, value, []byte(s.key(name)))
	}
	_, err := s.q.States.Put(ctx, s.key(name), data, queue.AnyState)
	return err
}
