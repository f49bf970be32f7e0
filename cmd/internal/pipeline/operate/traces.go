package operate

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// trace is by what a person is found in bytes that nothing can decode: the id, as the CRM spells it, and addresses.
type trace struct {
	ids       []string
	addresses []string // in lower case
}

func traceOf(s watermark.Source, contact string, addresses ...string) trace {
	id := crm.ParsePerson(contact).ID
	t := trace{ids: []string{id}}
	if short := id[:min(len(id), 15)]; s.CRM.Identify != nil && short != id { // Salesforce writes 15 characters or 18
		if same, ok := s.CRM.Identify(short); ok && same.String() == contact {
			t.ids = append(t.ids, short)
		}
	}
	for _, a := range addresses {
		if a = strings.ToLower(strings.TrimSpace(a)); a != "" {
			t.addresses = append(t.addresses, a)
		}
	}
	return t
}

// in reports whether a person is named in bytes, as they are or as a form has them. Of an address nothing says where it
// begins, as escapes may stand before it.
func (t trace) in(data []byte) bool {
	for _, id := range t.ids {
		if hasWord(data, id) {
			return true
		}
	}
	if len(t.addresses) > 0 {
		lower := bytes.ToLower(data)
		for _, a := range t.addresses {
			if bytes.Contains(lower, []byte(a)) {
				return true
			}
		}
	}
	if bytes.IndexByte(data, '%') < 0 {
		return false
	}
	plain, err := url.QueryUnescape(string(data))
	return err == nil && plain != string(data) && t.in([]byte(plain))
}

// hasWord reports whether a word stands in bytes that is no part of a longer one.
func hasWord(data []byte, word string) bool {
	for from := 0; word != ""; {
		i := bytes.Index(data[from:], []byte(word))
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		if (begin == 0 || !alphanumeric(data[begin-1])) && (end == len(data) || !alphanumeric(data[end])) {
			return true
		}
		from = begin + 1
	}
	return false
}

func alphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// inLetter reports whether a person is named in a dead letter that does not say itself whom it concerns.
func (t trace) inLetter(d *queue.DeadLetter) bool {
	if d.Nobody || d.Kind != queue.KindMalformed && len(d.Contacts) > 0 {
		return false
	}
	for _, v := range d.Header {
		if t.in([]byte(v)) {
			return true
		}
	}
	return t.in(d.Payload)
}

// EraseTraces takes out what names a person and is no part of the record: dead letters that nothing could decode, and
// deliveries that were read and are kept for a while. It returns what is left, as sentences for whoever gave the order.
func (e *Eraser) EraseTraces(ctx context.Context, ref crm.ContactRef, addresses []string) (left []string, err error) {
	s, ok := e.Sources[ref.Source]
	if !ok {
		return nil, nil // without the source there is no stream of it
	}
	t := traceOf(s, ref.Contact, addresses...)
	unreadable, unnamed, err := e.eraseLetters(ctx, queue.Key{Source: ref.Source, Contact: ref.Contact}, t)
	if err != nil {
		return nil, err
	}
	waiting, err := e.Queue.Deliveries.EraseHeld(ctx, ref.Source, t.in)
	if err != nil {
		return nil, err
	}
	if waiting > 0 {
		left = append(left, fmt.Sprintf("%d messages of deliveries that name them wait to be read: "+
			"give the order again when they are, or they go within an hour after that", waiting))
	}
	if unreadable > 0 {
		left = append(left, fmt.Sprintf("%d dead letters cannot be read from the disk, so nobody knows whom they "+
			"concern: winnow deadletters shows which, discard them", unreadable))
	}
	if unnamed > 0 && len(addresses) == 0 {
		left = append(left, fmt.Sprintf("%d dead letters of this source cannot be decoded; those that hold the id are "+
			"gone: if others may hold an address of theirs, name it with --address", unnamed))
	}
	return left, nil
}

// eraseLetters discards the dead letters that name a person, and counts those that the store cannot read, and those of
// the source that say of nobody whom they concern.
func (e *Eraser) eraseLetters(ctx context.Context, key queue.Key, t trace) (unreadable, unnamed int, err error) {
	numbers, err := e.Queue.DeadLetters.Numbers(ctx, "", key.Source)
	if err != nil {
		return 0, 0, err
	}
	read := 0
	err = e.Queue.DeadLetters.Each(ctx, 0, "", key.Source, func(d queue.DeadLetter) error {
		if _, counted := slices.BinarySearch(numbers, d.Seq); counted {
			read++
		}
		if !slices.Contains(d.Contacts, key.Contact) && !t.inLetter(&d) {
			if d.Kind == queue.KindMalformed && d.Count == 0 {
				unnamed++
			}
			return nil
		}
		if err := e.keepForOthers(ctx, d, key.Contact); err != nil {
			return fmt.Errorf("dead letter %d: %w", d.Seq, err)
		}
		return e.Queue.DeadLetters.Discard(ctx, d.Seq)
	})
	return len(numbers) - read, unnamed, err
}
