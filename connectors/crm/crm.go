// Package crm holds the words that every part of Winnow shares: what a CRM says about a contact (facts), what Winnow
// says in return (ratings and changes), and nothing that does anything. It imports the standard library only.
package crm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Vendor names a kind of CRM: hubspot, pipedrive.
type Vendor string

// Source is one configured CRM account.
type Source struct {
	Name   string // as in WINNOW_SOURCES, the path of its webhooks and the settings WINNOW_<NAME>_*
	Vendor Vendor
}

// Prefix is what the names of the source's settings begin with, without the last underscore: WINNOW_EU_WEST for
// eu-west.
func (s Source) Prefix() string {
	return "WINNOW_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Variable is the whole name of one of the source's settings, for whoever has to mend it.
func (s Source) Variable(name string) string { return s.Prefix() + "_" + name }

// Hooks is where the source's webhooks go, below the origin at which Winnow is reached.
func (s Source) Hooks(publicURL string) string {
	return strings.TrimRight(publicURL, "/") + "/hooks/" + s.Name
}

// ContactRef names one contact of one source by the CRM's own id.
type ContactRef struct {
	Source  string
	Contact string
}

func (r ContactRef) String() string { return r.Source + "/" + r.Contact }

// Millis is an instant in milliseconds since 1970-01-01 UTC, the precision CRMs speak in. Zero means that there is
// none.
type Millis int64

// At returns t as Millis; the zero time gives 0.
func At(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time returns m in UTC; 0 gives the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

func (m Millis) String() string {
	if m == 0 {
		return "-"
	}
	return m.Time().Format("2006-01-02T15:04:05.999Z07:00")
}

// MarshalJSON writes RFC 3339 in UTC, because people read it; the stored form is the integer.
func (m Millis) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(m.Time().Format("2006-01-02T15:04:05.999Z07:00"))
}

// UnmarshalJSON reads RFC 3339, or null.
func (m *Millis) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*m = 0
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("instant: want an RFC 3339 string: %w", err)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("instant: %w", err)
	}
	*m = At(t)
	return nil
}
