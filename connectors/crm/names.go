package crm

import (
	"fmt"
	"slices"
	"strings"
)

// The names under which people read and write the small numbers that are stored.
var (
	kindNames = []string{
		"", "message", "call", "meeting", "quote", "task", "deal", "property", "decision", "existence", "merge",
		"forget", "referral", "lasting", "note",
	}
	directionNames = []string{"", "in", "out"}
	channelNames   = []string{"", "email", "chat", "form", "sms"}
	classNames     = []string{"human", "auto_reply", "out_of_office", "gone", "bounce", "receipt", "calendar", "bulk"}
	outcomeNames   = []string{"", "connected", "no_answer", "voicemail", "call_off"}
	meetingNames   = []string{"scheduled", "held", "rescheduled", "no_show", "cancelled"}
)

func name[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%d", v)
}

func parse[T ~uint8](v *T, text []byte, what string, names []string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("%s %q: want one of %s", what, text, strings.TrimSpace(strings.Join(names, " ")))
	}
	*v = T(i)
	return nil
}

func (k Kind) String() string                       { return name(k, kindNames) }
func (k Kind) MarshalText() ([]byte, error)         { return []byte(k.String()), nil }
func (k *Kind) UnmarshalText(b []byte) error        { return parse(k, b, "kind", kindNames) }
func (d Direction) String() string                  { return name(d, directionNames) }
func (d Direction) MarshalText() ([]byte, error)    { return []byte(d.String()), nil }
func (d *Direction) UnmarshalText(b []byte) error   { return parse(d, b, "direction", directionNames) }
func (c Channel) String() string                    { return name(c, channelNames) }
func (c Channel) MarshalText() ([]byte, error)      { return []byte(c.String()), nil }
func (c *Channel) UnmarshalText(b []byte) error     { return parse(c, b, "channel", channelNames) }
func (c Class) String() string                      { return name(c, classNames) }
func (c Class) MarshalText() ([]byte, error)        { return []byte(c.String()), nil }
func (c *Class) UnmarshalText(b []byte) error       { return parse(c, b, "class", classNames) }
func (o Outcome) String() string                    { return name(o, outcomeNames) }
func (o Outcome) MarshalText() ([]byte, error)      { return []byte(o.String()), nil }
func (o *Outcome) UnmarshalText(b []byte) error     { return parse(o, b, "outcome", outcomeNames) }
func (m MeetingState) String() string               { return name(m, meetingNames) }
func (m MeetingState) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
func (m *MeetingState) UnmarshalText(b []byte) error {
	return parse(m, b, "meeting state", meetingNames)
}

// MarshalText writes the names of the intents, separated by spaces.
func (i Intents) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (i *Intents) UnmarshalText(b []byte) error {
	*i = 0
	for _, word := range strings.Fields(string(b)) {
		n := slices.Index(intentNames, word)
		if n < 0 {
			return fmt.Errorf("intent %q: want some of %s", word, strings.Join(intentNames, " "))
		}
		*i |= 1 << n
	}
	return nil
}
