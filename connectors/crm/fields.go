package crm

import (
	"slices"
	"strings"
)

// FieldType is what sort of value a field holds. Vendors choose their own type for it.
type FieldType string

// The types of fields.
const (
	Choice  FieldType = "choice" // one of the options
	Number  FieldType = "number" // a whole number, 0 to 100
	Line    FieldType = "line"   // a short text
	Prose   FieldType = "prose"  // a text of several lines
	Flag    FieldType = "flag"   // true or false
	Day     FieldType = "day"    // 2006-01-02
	Instant FieldType = "instant"
)

// The fields that people set for Winnow to read. They are never written.
const (
	FieldOverride      Field = "override"
	FieldOverrideUntil Field = "override_until"
	FieldDoNotProfile  Field = "do_not_profile"
)

// Option is one value that a Choice can have.
type Option struct {
	Value string
	Label string
}

// FieldSpec is what a CRM needs to know of a field to create and show it.
type FieldSpec struct {
	Field       Field
	Type        FieldType
	Label       string
	Description string
	Options     []Option // of a Choice
	Read        bool     // people set it and Winnow reads it; else Winnow writes it
}

// Stem is the field's name in a CRM, before a vendor spells it in its own way.
func (s FieldSpec) Stem() string { return "winnow_" + string(s.Field) }

// FieldTable has all fields, those that are written in the order in which people are shown them and after them those
// that are read.
var FieldTable = []FieldSpec{
	{FieldRating, Choice, "Winnow rating", "A to D, a human's override where there is one.", options(Letters...), false},
	{FieldMachineRating, Choice, "Winnow machine rating", "A to D as Winnow alone would say.", options(Letters...), false},
	{FieldScore, Number, "Winnow score", "0 to 100, sorts within a rating.", nil, false},
	{FieldEngagement, Number, "Winnow engagement", "0 to 100: what they did. 50 where nothing is known.", nil, false},
	{FieldFit, Number, "Winnow fit", "0 to 100: who they are. 50 where nothing is known.", nil, false},
	{FieldWorth, Number, "Winnow worth", "0 to 100: what they are worth. 50 where nothing is known.", nil, false},
	{FieldReasons, Prose, "Winnow reasons", "Why, strongest first.", nil, false},
	{
		FieldStatus, Choice, "Winnow status", "Where the contact stands.",
		options("open", "pending", "disqualified", "requalified", "nurture", "override"), false,
	},
	{FieldDisqualified, Flag, "Winnow disqualified", "Yes while Winnow advises to spend no more time on the contact.", nil, false},
	{
		FieldGround, Choice, "Winnow disqualification reason", "Why the contact is pending or disqualified.",
		options("unresponsive", "no_progress", "fact_finding", "not_interested", "not_ready", "misfit", "unprofitable", "difficult", "human"), false,
	},
	{FieldPendingUntil, Day, "Winnow pending until", "When the grace after the break-up message ends.", nil, false},
	{FieldRecheckOn, Day, "Winnow recheck on", "When to look at a disqualified contact again.", nil, false},
	{FieldBall, Choice, "Winnow next move", "Who owes the next move.", options("us", "them", "none"), false},
	{FieldOwedSince, Instant, "Winnow owed reply since", "Since when they wait for our answer.", nil, false},
	{
		FieldTreatment, Choice, "Winnow treatment", "How much attention the contact is worth.",
		options("intensive", "standard", "light", "nurture"), false,
	},
	{FieldAction, Prose, "Winnow recommended action", "What to do next.", nil, false},
	{
		FieldMessage, Prose, "Winnow recommended message",
		"The farewell to send, in the language in which they write. Winnow never sends it.", nil, false,
	},
	{FieldMilestoneMissing, Flag, "Winnow next milestone missing", "Yes where a deal is open and no next step is agreed.", nil, false},
	{FieldRatedAt, Instant, "Winnow rated at", "When the rating last changed.", nil, false},
	{
		FieldModel, Line, "Winnow model", "For machines: a code for the settings with which the rating was made. Nothing in it is for people to read.",
		nil, false,
	},
	{
		FieldOverride, Choice, "Winnow override", "Set this to overrule Winnow. Clear it to let Winnow rate again.",
		options(append(slices.Clone(Letters), "keep", "disqualified")...), true,
	},
	{FieldOverrideUntil, Day, "Winnow override until", "When the override ends; empty: not before it is cleared.", nil, true},
	{FieldDoNotProfile, Flag, "Winnow do not profile", "Set this and Winnow neither rates the contact nor writes to it.", nil, true},
}

// Fields are all fields that are written, in the order in which people are shown them. The native status is not among
// them.
var Fields = fieldsOf(false)

// ReadFields are the fields that people set for Winnow to read.
var ReadFields = fieldsOf(true)

func fieldsOf(read bool) (fields []Field) {
	for _, s := range FieldTable {
		if s.Read == read {
			fields = append(fields, s.Field)
		}
	}
	return fields
}

// SpecOf is the field's row in FieldTable; false where there is none, as of the native status.
func SpecOf(f Field) (FieldSpec, bool) {
	for _, s := range FieldTable {
		if s.Field == f {
			return s, true
		}
	}
	return FieldSpec{}, false
}

// options labels values for people: no_progress is No progress.
func options(values ...string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{v, strings.ToUpper(v[:1]) + strings.ReplaceAll(v[1:], "_", " ")}
	}
	return out
}
