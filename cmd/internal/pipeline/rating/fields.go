package rating

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

// maxReasons bounds the text of FieldReasons in characters. HubSpot takes 65,536 in a text property; a rep reads the
// first lines.
const maxReasons = 4000

// worded are texts that stand, and what they say.
type worded struct {
	rating crm.Rating
	values stored.Values
}

func wordedOf(c *stored.Contact) worded {
	if !c.Worded {
		return worded{}
	}
	return worded{c.Rating, c.Values}
}

// values are the fields that r stands for, as say has them for people, without rated_at, which is added when they are
// put out. Texts that were last made of the same are taken over: most reviews change none.
func values(r crm.Rating, say *words.Catalogue, last worded) stored.Values {
	v := make(stored.Values, len(crm.Fields)+1) // one more for the native status
	for _, f := range crm.Fields {
		v[f] = ""
	}
	if r.Unrated != "" {
		return v
	}
	v[crm.FieldScore] = strconv.Itoa(r.Score)
	v[crm.FieldEngagement] = strconv.Itoa(r.Engagement)
	v[crm.FieldFit] = strconv.Itoa(r.Fit)
	v[crm.FieldWorth] = strconv.Itoa(r.Worth)
	v[crm.FieldRating] = r.Letter
	v[crm.FieldMachineRating] = r.Machine
	if last.values != nil && slices.EqualFunc(r.Reasons, last.rating.Reasons, sameLine) {
		v[crm.FieldReasons] = last.values[crm.FieldReasons]
	} else {
		v[crm.FieldReasons] = reasons(r.Reasons, say)
	}
	v[crm.FieldStatus] = string(r.Status)
	v[crm.FieldDisqualified] = strconv.FormatBool(r.Disqualified)
	v[crm.FieldGround] = string(r.Ground)
	v[crm.FieldPendingUntil] = date(r.PendingUntil)
	v[crm.FieldRecheckOn] = date(r.RecheckOn)
	v[crm.FieldBall] = string(r.Ball)
	v[crm.FieldOwedSince] = instant(r.OwedSince)
	v[crm.FieldTreatment] = r.Treatment
	if last.values != nil && slices.EqualFunc(r.Advice, last.rating.Advice, samePhrase) {
		v[crm.FieldAction] = last.values[crm.FieldAction]
	} else {
		v[crm.FieldAction] = say.Advice(r.Advice)
	}
	v[crm.FieldMessage] = say.Farewell(&r)
	v[crm.FieldMilestoneMissing] = strconv.FormatBool(r.MilestoneMissing)
	v[crm.FieldModel] = r.Model
	return v
}

// sameLine reports whether two reasons make the same line.
func sameLine(a, b crm.Reason) bool {
	return a.ID == b.ID && a.Sub == b.Sub && a.Points == b.Points && slices.EqualFunc(a.Says, b.Says, samePhrase)
}

func samePhrase(a, b crm.Phrase) bool {
	return a.Key == b.Key && slices.EqualFunc(a.Args, b.Args, func(x, y crm.Arg) bool {
		return x.Name == y.Name && x.N == y.N && x.Word == y.Word && x.Years == y.Years && slices.Equal(x.Days, y.Days)
	})
}

// reasons are read by people in a text field: a line each, strongest first.
func reasons(rs []crm.Reason, say *words.Catalogue) string {
	var b strings.Builder
	for i, n := 0, 0; i < len(rs); i++ {
		line := say.Line(rs[i])
		if n += utf8.RuneCountInString(line) + 1; n > maxReasons {
			b.WriteByte('\n')
			b.WriteString(say.More(len(rs) - i))
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return strings.ToValidUTF8(b.String(), "")
}

func date(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.DateOnly)
}

func instant(m crm.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.RFC3339)
}

// sameValues compares what is worth a write: rated_at and model move only with another field.
func sameValues(a, b stored.Values) bool {
	for _, f := range crm.Fields {
		if f != crm.FieldRatedAt && f != crm.FieldModel && a[f] != b[f] {
			return false
		}
	}
	return a[crm.FieldNativeStatus] == b[crm.FieldNativeStatus]
}

// blank reports whether nothing of ours would be seen.
func blank(v stored.Values) bool {
	for _, s := range v {
		if s != "" {
			return false
		}
	}
	return true
}
