package signals

import (
	"fmt"
	"strings"
)

// Traits are the words by which a setting would score a person for what they are. Names of companies are no traits.
var Traits = map[string]bool{
	"gender": true, "sex": true, "sexual": true, "age": true, "birth": true, "birthday": true, "birthdate": true, "dob": true, "nationality": true,
	"citizenship": true, "ethnicity": true, "ethnic": true, "race": true, "racial": true, "religion": true, "religious": true, "faith": true,
	"health": true, "disability": true, "disabled": true, "illness": true, "pregnant": true, "pregnancy": true, "marital": true, "married": true,
	"children": true, "orientation": true, "political": true, "politics": true, "union": true, "language": true, "accent": true,
	"firstname": true, "lastname": true, "surname": true, "fullname": true, "salutation": true, "photo": true, "skin": true,
	"military": true, "genetic": true, "biometric": true,
}

// RefuseTrait reports an error where a property says what a person is rather than what they do.
func RefuseTrait(property string) error {
	words := strings.FieldsFunc(strings.ToLower(property), func(r rune) bool { return r < 'a' || r > 'z' })
	for i, w := range words {
		name := w == "name" && (len(words) == 1 || i > 0 && (words[i-1] == "first" || words[i-1] == "last" || words[i-1] == "full" || words[i-1] == "given" || words[i-1] == "family"))
		if Traits[w] || name {
			return fmt.Errorf("%q is a personal trait: people are rated by what they do, so choose a property of the company or of the deal", w)
		}
	}
	return nil
}
