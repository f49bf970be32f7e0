package fields

import (
	"encoding"
	"fmt"
	"strings"
)

// word is a small enumeration that reads its own names.
type word[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// Meanings reads a setting that says what words of the account's own mean, as the outcomes of calls that it made
// itself: `<word>=<meaning>,...`. Words are compared in lower case.
func Meanings[T any, P word[T]](setting string) (map[string]T, error) {
	out := map[string]T{}
	for pair := range strings.SplitSeq(setting, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		given, meaning, ok := strings.Cut(pair, "=")
		given, meaning = strings.ToLower(strings.TrimSpace(given)), strings.TrimSpace(meaning)
		var v T
		if !ok || given == "" || meaning == "" {
			return nil, fmt.Errorf("%q: want <the account's word>=<meaning>", pair)
		}
		if err := P(&v).UnmarshalText([]byte(meaning)); err != nil {
			return nil, fmt.Errorf("%q: %w", pair, err)
		}
		out[given] = v
	}
	return out, nil
}
