package fields

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Override is the property that a human's word in the override field makes, in any case of letters. An unknown word is
// no override; that there is one is for people to be told.
func Override(word string) (name, value string) {
	word = strings.TrimSpace(word)
	switch strings.ToLower(word) {
	case "":
		return crm.PropOverride, ""
	case "a", "b", "c", "d":
		return crm.PropOverride, strings.ToUpper(word)
	case "keep", "disqualified":
		return crm.PropOverride, strings.ToLower(word)
	}
	return crm.PropOverrideOdd, "true"
}
