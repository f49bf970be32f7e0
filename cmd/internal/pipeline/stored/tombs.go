package stored

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/winnow-crm/winnow/queue"
)

// Tombs are the tombstones of those who were forgotten.
type Tombs struct{ q *queue.Queue }

// NewTombs returns the tombstones of a store.
func NewTombs(q *queue.Queue) *Tombs { return &Tombs{q} }

// tombPrefix begins the key of a tombstone; no CRM has ids like it.
const tombPrefix = "forgotten:"

// IsTomb reports whether a record is a tombstone.
func IsTomb(key queue.Key) bool { return strings.HasPrefix(key.Contact, tombPrefix) }

// Of is the key under which a forgotten contact's tombstone stands: a keyed hash, so that the store does not name it.
func (t *Tombs) Of(key queue.Key) queue.Key {
	mac := hmac.New(sha256.New, t.q.Salt())
	mac.Write([]byte(key.Source + "\x00" + key.Contact))
	return queue.Key{Source: key.Source, Contact: tombPrefix + hex.EncodeToString(mac.Sum(nil)[:16])}
}

// Put is the record of a forgotten contact's tombstone.
func (t *Tombs) Put(key queue.Key) queue.Put {
	return queue.Put{Key: t.Of(key), Data: Encode(Contact{Forgotten: true})}
}

// Entombed reports whether a contact was forgotten, its record erased or not yet.
func (t *Tombs) Entombed(ctx context.Context, key queue.Key) (bool, error) {
	tomb := t.Of(key)
	found, err := t.q.Contacts.Load(ctx, t.q.PartitionOf(key.Source, key.Contact), []queue.Key{tomb})
	_, ok := found[tomb]
	return ok, err
}

// Plain is a contact's id for the log: as it is where it is a plain word, as the vendors' numbers are, else a keyed
// hash, since it may be an address or a name.
func (t *Tombs) Plain(contact string) string {
	if len(contact) <= 40 && strings.Trim(contact, plainChars) == "" {
		return contact
	}
	return t.Of(queue.Key{Contact: contact}).Contact[len(tombPrefix):]
}

const plainChars = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_/"
