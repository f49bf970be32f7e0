package jet

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/nats-io/nats.go"
)

// Every message ends with two checksums of ours, of its subject and of its body, so that whoever reads it knows whether
// it still is what was stored. The server has hashes of its own; what it does with a message that does not fit them is
// to say nothing.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SealBytes is the length of a seal.
const SealBytes = 8

// NewMsg is a message of a subject with a sealed body.
func NewMsg(subject string, body []byte) *nats.Msg {
	m := nats.NewMsg(subject)
	m.Data = Seal(subject, body)
	return m
}

// Seal returns body with its seal.
func Seal(subject string, body []byte) []byte {
	return appendSealed(make([]byte, 0, len(body)+SealBytes), subject, body)
}

// appendSealed appends body and its seal.
func appendSealed(b []byte, subject string, body []byte) []byte {
	b = append(b, body...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum([]byte(subject), castagnoli))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
}

// Sealed reports what of a message fits its seal.
func Sealed(subject string, data []byte) (subjectFits, bodyFits bool) {
	n := len(data) - SealBytes
	if n < 0 {
		return false, false
	}
	return binary.LittleEndian.Uint32(data[n:]) == crc32.Checksum([]byte(subject), castagnoli),
		binary.LittleEndian.Uint32(data[n+4:]) == crc32.Checksum(data[:n], castagnoli)
}

// unseal returns the body of a message, or nil and true where it is not what was stored.
func unseal(subject string, data []byte) (body []byte, damaged bool) {
	subjectFits, bodyFits := Sealed(subject, data)
	if !subjectFits || !bodyFits {
		return nil, true
	}
	n := len(data) - SealBytes
	return data[:n:n], false
}
