package layout

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// Ids come from outside and become tokens of subjects, where dots, stars and spaces have a meaning. So a token keeps
// letters, digits, - and _ and writes every other byte as =XX; the empty id is a lone =. The way back is exact, and no
// two ids meet.

// MaxToken is the length in bytes that an encoded id may have: with three of them a subject stays below the 4,096 bytes
// that NATS allows for a line of its protocol (server option max_control_line).
const MaxToken = 1000

const upperHex = "0123456789ABCDEF"

// ValidID reports whether an id from outside is short enough to be part of a subject. Any id that a CRM gives out is.
func ValidID(id string) bool { return TokenLength(id) <= MaxToken }

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// TokenLength is the length of an encoded id.
func TokenLength(id string) int {
	n := max(len(id), 1)
	for i := range len(id) {
		if !plain(id[i]) {
			n += 2
		}
	}
	return n
}

// Token encodes an id.
func Token(id string) string {
	n := TokenLength(id)
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

// Untoken is the way back; ok is false for what token never makes.
func Untoken(t string) (id string, ok bool) {
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

// PartitionOf is FNV-1a-32 of source and contact, modulo the number of partitions. It is fixed for ever: what is stored
// relies on it.
func PartitionOf(source, contact string, partitions int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(source)) // a hash never fails
	_, _ = h.Write([]byte(contact))
	return int(h.Sum32() % uint32(partitions))
}

// The first tokens of the subjects.
const (
	KindContact    = "contact"
	KindBase       = "base"
	KindRating     = "rating"
	KindCheckpoint = "checkpoint"
	KindState      = "state"
	KindMeta       = "meta"
	KindDelivery   = "delivery"
	KindFetch      = "fetch"
	KindFact       = "fact"
	KindDead       = "dead"
	KindProbe      = "probe"
	KindFiller     = "filler"
)

// StateSubject is where a state of that name stands.
func StateSubject(name string) string { return KindState + "." + Token(name) }

// ContactSubject is where a contact's record, the base of it, or its rating stands.
func ContactSubject(kind string, p int, source, contact string) string {
	return kind + "." + strconv.Itoa(p) + "." + Token(source) + "." + Token(contact)
}

// CheckpointSubject is where a partition's checkpoint stands.
func CheckpointSubject(p int) string { return KindCheckpoint + "." + strconv.Itoa(p) }

// FactSubject is where a partition's bundles stand.
func FactSubject(p int) string { return KindFact + "." + strconv.Itoa(p) }

// DeliverySubject is where a source's deliveries stand.
func DeliverySubject(source string) string {
	return KindDelivery + "." + Token(source)
}

// FetchSubject is where a record to fetch stands.
func FetchSubject(source, typ, id string) string {
	return KindFetch + "." + Token(source) + "." + Token(typ) + "." + Token(id)
}

// FetchOf reads type and id back from the subject of a record to fetch.
func FetchOf(subject string) (typ, id string, ok bool) {
	t := strings.Split(subject, ".")
	if len(t) != 4 {
		return "", "", false
	}
	typ, ok1 := Untoken(t[2])
	id, ok2 := Untoken(t[3])
	return typ, id, ok1 && ok2
}

// ContactOf reads source and contact back from a subject of a record or a rating.
func ContactOf(subject string) (source, contact string, ok bool) {
	t := strings.Split(subject, ".")
	if len(t) != 4 {
		return "", "", false
	}
	source, ok1 := Untoken(t[2])
	contact, ok2 := Untoken(t[3])
	return source, contact, ok1 && ok2
}
