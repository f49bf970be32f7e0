package hubspot

import (
	"fmt"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// parseDispositions reads the setting CALL_DISPOSITIONS.
func parseDispositions(setting string) (map[string]crm.Outcome, error) {
	out := map[string]crm.Outcome{}
	for pair := range strings.SplitSeq(setting, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		guid, word, ok := strings.Cut(pair, "=")
		var o crm.Outcome
		if !ok || o.UnmarshalText([]byte(strings.TrimSpace(word))) != nil || o == 0 {
			return nil, fmt.Errorf("%q: want <guid>=connected, no_answer, voicemail or call_off", pair)
		}
		out[strings.ToLower(strings.TrimSpace(guid))] = o
	}
	return out, nil
}
