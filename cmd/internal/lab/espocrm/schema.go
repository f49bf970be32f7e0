package espocrm

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// field is one field of an entity, as entityDefs has it.
type field struct {
	Type      string   `json:"type"`
	Options   []string `json:"options,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"`
	Min       *int     `json:"min,omitempty"`
	Max       *int     `json:"max,omitempty"`
	IsCustom  bool     `json:"isCustom,omitempty"`
}

// schema describes the entities, a line each, or several of which the further ones are indented: name, then
// the fields as name:type.
const schema = `
User userName:varchar emailAddress:email type:enum
Account name:varchar type:enum industry:enum
Lead firstName:varchar lastName:varchar status:enum source:enum title:varchar industry:enum accountName:varchar
  emailAddress:email addressCountry:varchar assignedUserId:link createdContactId:link
Contact firstName:varchar lastName:varchar title:varchar emailAddress:email addressCountry:varchar
  accountId:link assignedUserId:link
Email name:varchar from:varchar to:varchar cc:varchar bcc:varchar body:wysiwyg bodyPlain:text isHtml:bool
  status:enum dateSent:datetime sentById:link parentType:varchar parentId:link repliedId:link
Call name:varchar status:enum direction:enum dateStart:datetime dateEnd:datetime duration:int parentType:varchar
  parentId:link contactsIds:linkMultiple leadsIds:linkMultiple
Meeting name:varchar status:enum dateStart:datetime dateEnd:datetime parentType:varchar parentId:link
  contactsIds:linkMultiple leadsIds:linkMultiple
Task name:varchar status:enum dateEnd:datetime dateCompleted:datetime parentType:varchar parentId:link
  contactId:link
Opportunity name:varchar stage:enum amount:currency probability:int closeDate:date accountId:link
  contactsIds:linkMultiple
Quote name:varchar status:enum amount:currency discountAmount:currency dateValidUntil:date opportunityId:link
  billingContactId:link itemList:jsonArray
`

// options are the values of enums that are checked.
var options = map[string][]string{
	"Lead.status":       {"New", "Assigned", "In Process", "Converted", "Recycled", "Dead"},
	"Email.status":      {"Draft", "Sending", "Sent", "Archived", "Failed"},
	"Call.status":       {"Planned", "Held", "Not Held"},
	"Call.direction":    {"Outbound", "Inbound"},
	"Meeting.status":    {"Planned", "Held", "Not Held"},
	"Task.status":       {"Not Started", "Started", "Completed", "Canceled", "Deferred"},
	"Quote.status":      {"Draft", "In Review", "Presented", "Approved", "Rejected", "Canceled"},
	"Opportunity.stage": {"Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"},
}

// system are the fields that every entity has.
var system = map[string]field{
	"createdAt": {
		Type: "datetime",
	}, "modifiedAt": {Type: "datetime"}, "createdById": {Type: "link"}, "modifiedById": {Type: "link"},
}

func entities() map[string]map[string]field {
	all := map[string]map[string]field{}
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimSpace(schema), "\n  ", " ")) {
		words := strings.Fields(line)
		fields := map[string]field{}
		for name, f := range system {
			fields[name] = f
		}
		for _, w := range words[1:] {
			name, typ, _ := strings.Cut(w, ":")
			fields[name] = field{Type: typ, Options: options[words[0]+"."+name]}
		}
		all[words[0]] = fields
	}
	return all
}

// winnowFields are what Winnow's documentation says its set-up creates on leads and contacts: name, type, values.
const winnowFields = `
cWinnowRating enum A,B,C,D
cWinnowMachineRating enum A,B,C,D
cWinnowScore int
cWinnowEngagement int
cWinnowFit int
cWinnowWorth int
cWinnowReasons text
cWinnowStatus enum open,pending,disqualified,requalified,nurture,override
cWinnowDisqualified bool
cWinnowDisqualificationReason enum unresponsive,no_progress,fact_finding,not_interested,not_ready,misfit,` +
	`unprofitable,difficult,human
cWinnowPendingUntil date
cWinnowRecheckOn date
cWinnowBall enum us,them,none
cWinnowOwedReplySince datetime
cWinnowTreatment enum intensive,standard,light,nurture
cWinnowRecommendedAction text
cWinnowRecommendedMessage text
cWinnowNextMilestoneMissing bool
cWinnowRatedAt datetime
cWinnowModel varchar
cWinnowOverride enum A,B,C,D,keep,disqualified
cWinnowOverrideUntil date
cWinnowDoNotProfile bool
`

func addWinnow(all map[string]map[string]field) {
	for line := range strings.Lines(strings.TrimSpace(winnowFields)) {
		words := strings.Fields(line)
		f := field{Type: words[1], IsCustom: true}
		if len(words) > 2 {
			f.Options = append([]string{""}, strings.Split(words[2], ",")...)
		}
		all["Lead"][words[0]], all["Contact"][words[0]] = f, f
	}
}

// fits reports whether a value may stand in a field. A flag is never empty.
func (f field) fits(v any) bool {
	check, known := checks[f.Type]
	if v == nil {
		return f.Type != "bool"
	}
	return !known || check(f, v)
}

// checks are what a value of each type has to be.
var checks = map[string]func(f field, v any) bool{
	"bool": func(_ field, v any) bool { _, is := v.(bool); return is },
	"int": func(f field, v any) bool {
		n, is := v.(float64)
		return is && n == float64(int(n)) && (f.Min == nil || int(n) >= *f.Min) && (f.Max == nil || int(n) <= *f.Max)
	},
	"currency": func(_ field, v any) bool { _, is := v.(float64); return is },
	"date":     func(_ field, v any) bool { return written(time.DateOnly, v) },
	"datetime": func(_ field, v any) bool { return written(time.DateTime, v) },
	"enum": func(f field, v any) bool {
		s, is := v.(string)
		return is && (f.Options == nil || slices.Contains(f.Options, s))
	},
	"varchar": func(f field, v any) bool {
		s, is := v.(string)
		return is && (f.MaxLength == 0 || utf8.RuneCountInString(s) <= f.MaxLength)
	},
	"text": func(_ field, v any) bool { _, is := v.(string); return is },
}

func written(layout string, v any) bool {
	s, _ := v.(string)
	_, err := time.Parse(layout, s)
	return err == nil
}
