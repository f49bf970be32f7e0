package queue

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Ids come from outside and become tokens of subjects, where dots, stars and spaces have a meaning. So a token keeps letters,
// digits, - and _ and writes every other byte as =XX; the empty id is a lone =. The way back is exact, and no two ids meet.

// maxToken is the length in bytes that an encoded id may have: with three of them a subject stays below the 4,096 bytes that
// NATS allows for a line of its protocol (server option max_control_line).
const maxToken = 1000

const upperHex = "0123456789ABCDEF"

// ValidID reports whether an id from outside is short enough to be part of a subject. Any id that a CRM gives out is.
func ValidID(id string) bool { return tokenLength(id) <= maxToken }

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func tokenLength(id string) int {
	n := max(len(id), 1)
	for i := range len(id) {
		if !plain(id[i]) {
			n += 2
		}
	}
	return n
}

func token(id string) string {
	n := tokenLength(id)
	if n == len(id) {
		return id
	}
	var b strings.Builder
	b.Grow(n)
	for i := range len(id) {
		if c := id[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('=')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	if b.Len() == 0 {
		return "="
	}
	return b.String()
}

// untoken is the way back; ok is false for what token never makes.
func untoken(t string) (id string, ok bool) {
	if t == "=" {
		return "", true
	}
	if !strings.Contains(t, "=") {
		return t, t != ""
	}
	b := make([]byte, 0, len(t))
	for i := 0; i < len(t); i++ {
		if t[i] != '=' {
			b = append(b, t[i])
			continue
		}
		if i+2 >= len(t) {
			return "", false
		}
		hi, lo := strings.IndexByte(upperHex, t[i+1]), strings.IndexByte(upperHex, t[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b = append(b, byte(hi<<4|lo))
		i += 2
	}
	return string(b), true
}

// partitionOf is FNV-1a-32 of source and contact, modulo the number of partitions. It is fixed for ever: what is stored relies on it.
func partitionOf(source, contact string, partitions int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(source)) // a hash never fails
	_, _ = h.Write([]byte(contact))
	return int(h.Sum32() % uint32(partitions))
}

// Key names one contact of one source.
type Key struct{ Source, Contact string }

func (k Key) check() error {
	if !ValidID(k.Source) || !ValidID(k.Contact) {
		return fmt.Errorf("an id of %d bytes: %w", max(len(k.Source), len(k.Contact)), ErrTooLarge)
	}
	return nil
}

// The first tokens of the subjects.
const (
	kindContact    = "contact"
	kindRating     = "rating"
	kindCheckpoint = "checkpoint"
	kindState      = "state"
	kindMeta       = "meta"
	kindDelivery   = "delivery"
	kindFetch      = "fetch"
	kindFact       = "fact"
	kindDead       = "dead"
	kindProbe      = "probe"
	kindFiller     = "filler"
)

func contactSubject(kind string, p int, k Key) string {
	return kind + "." + strconv.Itoa(p) + "." + token(k.Source) + "." + token(k.Contact)
}

func checkpointSubject(p int) string { return kindCheckpoint + "." + strconv.Itoa(p) }
func factSubject(p int) string       { return kindFact + "." + strconv.Itoa(p) }
func deliverySubject(source string) string {
	return kindDelivery + "." + token(source)
}

func fetchSubject(source, typ, id string) string {
	return kindFetch + "." + token(source) + "." + token(typ) + "." + token(id)
}

// keyOf reads the key back from a subject of a contact or a rating.
func keyOf(subject string) (Key, bool) {
	t := strings.Split(subject, ".")
	if len(t) != 4 {
		return Key{}, false
	}
	source, ok1 := untoken(t[2])
	contact, ok2 := untoken(t[3])
	return Key{source, contact}, ok1 && ok2
}
