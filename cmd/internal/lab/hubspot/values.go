package hubspot

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// iso is how HubSpot prints an instant given in milliseconds.
func iso(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z07:00")
}

// instant reads what HubSpot takes for a date and time: milliseconds since 1970, or RFC 3339.
func instant(value string) (ms int64, ok bool) {
	if ms, ok = millis(value); ok {
		return ms, true
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t.UnixMilli(), true
	}
	if t, err := time.Parse(time.DateOnly, value); err == nil {
		return t.UnixMilli(), true
	}
	return 0, false
}

func millis(value string) (int64, bool) {
	ms, err := strconv.ParseInt(value, 10, 64)
	return ms, err == nil
}

func isNumber(value string) bool {
	for i := range len(value) {
		if c := value[i]; c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' && (c < '0' || c > '9') {
			return false // what ParseFloat also takes (Inf, 0x10, 1_000) is no number to HubSpot
		}
	}
	_, err := strconv.ParseFloat(value, 64)
	return err == nil
}

// appendString appends s as a JSON string. Almost every value is printable ASCII and goes through as it is.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendID(b []byte, id int64) []byte {
	b = append(b, '"')
	b = strconv.AppendInt(b, id, 10)
	return append(b, '"')
}
