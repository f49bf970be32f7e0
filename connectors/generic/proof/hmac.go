package proof

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
)

// signed is a signature in any layout.
type signed struct {
	mapping.HMAC
	layout *regexp.Regexp
	new    func() hash.Hash
}

var hashes = map[string]func() hash.Hash{"": sha256.New, "sha256": sha256.New, "sha1": sha1.New, "sha512": sha512.New}

// braces finds the places of a layout or a template.
var braces = regexp.MustCompile(`\{([A-Za-z0-9_.-]+)\}`)

func newHMAC(h mapping.HMAC) signed {
	if h.Value == "" {
		h.Value = "{hex}"
	}
	if h.Over == "" {
		h.Over = "{body}"
	}
	return signed{h, layout(h.Value), hashes[h.Hash]}
}

// layout is a layout as a regular expression with a group for each place.
func layout(value string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	at := 0
	for i, m := range braces.FindAllStringSubmatchIndex(value, -1) {
		b.WriteString(regexp.QuoteMeta(value[at:m[0]]))
		at = m[1]
		switch name := value[m[2]:m[3]]; name {
		case "hex":
			b.WriteString(`(?P<hex>[0-9a-fA-F]+)`)
		case "base64":
			b.WriteString(`(?P<base64>[A-Za-z0-9+/]+={0,2})`)
		case "base64url":
			b.WriteString(`(?P<base64url>[A-Za-z0-9_-]+={0,2})`)
		case "any":
			b.WriteString(`.*?`)
		default:
			fmt.Fprintf(&b, `(?P<p%d_%s>.+?)`, i, groupWord.ReplaceAllString(name, "_"))
		}
	}
	b.WriteString(regexp.QuoteMeta(value[at:]) + "$")
	return regexp.MustCompile(b.String())
}

var groupWord = regexp.MustCompile(`[^A-Za-z0-9]`)

// maxSignatures bounds how many signatures of one delivery are tried.
const maxSignatures = 20

// mark is one signature, and what stands beside it.
type mark struct {
	mac   []byte
	named map[string]string
	stamp string
}

// marks are the signatures of a delivery that have the layout. Others are passed over: they may be of another version.
func (s signed) marks(d connectors.Delivery) (all []mark, err error) {
	given := d.Query.Get(s.Query)
	if s.Header != "" {
		given = d.Header.Get(s.Header)
	}
	if given == "" {
		return nil, ErrMissing
	}
	values := []string{given}
	if s.Separator != "" {
		values = strings.Split(given, s.Separator)
	}
	for _, v := range values[:min(len(values), maxSignatures)] {
		if m, ok := s.mark(strings.TrimSpace(v)); ok {
			m.stamp = s.time(d, m.named)
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return nil, ErrMalformed
	}
	return all, nil
}

func (s signed) mark(value string) (mark, bool) {
	if s.Inside != "" {
		raw, err := decode(s.Inside, value)
		if err != nil {
			return mark{}, false
		}
		value = string(raw)
	}
	found := s.layout.FindStringSubmatch(value)
	if found == nil {
		return mark{}, false
	}
	m := mark{named: map[string]string{}}
	for i, name := range s.layout.SubexpNames() {
		switch name {
		case "":
		case "hex", "base64", "base64url":
			var err error
			if m.mac, err = decode(name, found[i]); err != nil {
				return mark{}, false
			}
		default:
			_, word, _ := strings.Cut(name, "_")
			m.named[word] = found[i]
		}
	}
	return m, len(m.mac) == s.new().Size()
}

// screen lets pass what has one signature of the layout that is not long stale.
func (s signed) screen(d connectors.Delivery, secrets Secrets, now time.Time) error {
	all, err := s.marks(d)
	if err != nil || s.Time == "" {
		return err
	}
	for _, m := range all {
		if err = secrets.fresh(m.stamp, s.Unit, 2*tolerance(s.Tolerance), now); err == nil {
			return nil
		}
	}
	return err
}

func (s signed) dated(d connectors.Delivery) time.Time {
	all, err := s.marks(d)
	if err != nil || !strings.Contains(s.Over, "{time}") {
		return time.Time{}
	}
	at, _ := instant(all[0].stamp, s.Unit)
	return at
}

func (s signed) verify(d connectors.Delivery, secrets Secrets, now time.Time) error {
	all, err := s.marks(d)
	for _, m := range all {
		if err = s.one(d, m, secrets, now); err == nil {
			return nil
		}
	}
	return err
}

// one checks one signature.
func (s signed) one(d connectors.Delivery, m mark, secrets Secrets, now time.Time) error {
	message := s.message(d, m.named, m.stamp)
	right := false
	for _, secret := range secrets.Sign {
		key, err := s.key(secret)
		if err != nil || len(key) == 0 {
			continue
		}
		h := hmac.New(s.new, key)
		h.Write(message)
		right = hmac.Equal(h.Sum(nil), m.mac) || right
	}
	if !right {
		return ErrWrong
	}
	if s.Time == "" {
		return nil
	}
	return secrets.fresh(m.stamp, s.Unit, tolerance(s.Tolerance), now)
}

// time is the time of a delivery, as it stands there.
func (s signed) time(d connectors.Delivery, named map[string]string) string {
	where, name, _ := strings.Cut(s.Time, ".")
	switch where {
	case "header":
		return d.Header.Get(name)
	case "query":
		return d.Query.Get(name)
	case "value":
		return named[groupWord.ReplaceAllString(name, "_")]
	}
	return ""
}

// message is what was signed.
func (s signed) message(d connectors.Delivery, named map[string]string, stamp string) []byte {
	var b []byte
	at := 0
	for _, m := range braces.FindAllStringSubmatchIndex(s.Over, -1) {
		b = append(b, s.Over[at:m[0]]...)
		at = m[1]
		where, name, _ := strings.Cut(s.Over[m[2]:m[3]], ".")
		switch where {
		case "body":
			b = append(b, d.Body...)
		case "time":
			b = append(b, stamp...)
		case "method":
			b = append(b, d.Method...)
		case "path":
			if d.URL != nil {
				b = append(b, d.URL.EscapedPath()...)
			}
		case "url":
			if d.URL != nil {
				b = append(b, d.URL.String()...)
			}
		case "header":
			b = append(b, d.Header.Get(name)...)
		case "query":
			b = append(b, d.Query.Get(name)...)
		case "value":
			b = append(b, named[groupWord.ReplaceAllString(name, "_")]...)
		}
	}
	return append(b, s.Over[at:]...)
}

// key is a secret's bytes.
func (s signed) key(secret string) ([]byte, error) {
	return Key(s.HMAC, secret)
}

// Key is the bytes of a secret as a mapping says that it is written.
func Key(h mapping.HMAC, secret string) ([]byte, error) {
	secret = strings.TrimPrefix(secret, h.Strip)
	if h.Secret == "" || h.Secret == "text" {
		return []byte(secret), nil
	}
	return decode(h.Secret, secret)
}

// decode reads hex or base64, with its padding or without.
func decode(as, s string) ([]byte, error) {
	switch as {
	case "hex":
		return hex.DecodeString(s)
	case "base64url":
		return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}

// fresh compares the time of a delivery with ours.
func (s Secrets) fresh(stamp, unit string, most time.Duration, now time.Time) error {
	at, err := instant(stamp, unit)
	if err != nil {
		return err
	}
	if age := now.Sub(at); !s.AnyTime && (age > most || age < -most) {
		return ErrStale
	}
	return nil
}

// instant reads a time in seconds, or in milliseconds where the unit says so.
func instant(stamp, unit string) (time.Time, error) {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || n < 0 || n > 1<<50 {
		return time.Time{}, ErrMalformed
	}
	if unit == "ms" {
		return time.UnixMilli(n), nil
	}
	return time.Unix(n, 0), nil
}

func parseBasic(header string) (user, password string, ok bool) {
	return (&http.Request{Header: http.Header{"Authorization": {header}}}).BasicAuth()
}
