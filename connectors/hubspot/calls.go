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

// dispositions are HubSpot's own call outcomes, the same in every account. Source: HubSpot docs, "Calls", call dispositions.
var dispositions = map[string]crm.Outcome{
	"f240bbac-87c9-4f6e-bf70-924b57d47db7": crm.Connected,
	"a4c4c377-d246-4b32-a13b-75a56a4cd0ff": crm.Voicemail, // left a live message with somebody else
	"b2cf5968-551e-4856-9783-52b3da59a7d0": crm.Voicemail,
	"73a0d17f-1163-4015-bdd5-ec830791da20": crm.NoAnswer,
	"9d9162e7-6cf3-4944-bf63-4dff82258764": crm.NoAnswer, // busy
	"17b47fee-58de-441e-a44c-c6300d46f273": crm.CallOff,  // wrong number
}
