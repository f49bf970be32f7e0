package letter

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// classes say what a class means for the contact.
var classes = map[string]string{
	"human":         "a person wrote it",
	"auto_reply":    "a machine acknowledges: it changes nothing",
	"out_of_office": "an absence: clocks stand still until they are back",
	"gone":          "no longer with the company: the attempt is void",
	"bounce":        "not delivered: the attempt is void",
	"receipt":       "a receipt: it changes nothing",
	"calendar":      "a calendar's answer: it changes nothing",
	"bulk":          "mass mail: nobody wrote it to one person",
}

// Print writes the reading for a person.
func (r *Reading) Print(out io.Writer, l *Letter) error {
	if title := strings.TrimSpace(r.ID + "  " + l.Subject); title != "" {
		fmt.Fprintf(out, "%s\n\n", title)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "class\t%s: %s\n", r.Class, classes[r.Class])
	fmt.Fprintf(w, "units\t%d\n", r.Units)
	for _, row := range []struct{ name, value string }{
		{"intents", strings.Join(r.Intents, ", ")},
		{"not certain", strings.Join(r.Weak, ", ")},
		{"language", r.Language},
		{"back on", r.Return},
		{"until", r.Horizon},
		{"because of", strings.Join(r.Why, "\n\t")},
		{"text kept", strings.ReplaceAll(r.Kept, "\n", "\n\t")},
	} {
		if row.value != "" {
			fmt.Fprintf(w, "%s\t%s\n", row.name, row.value)
		}
	}
	return w.Flush()
}
