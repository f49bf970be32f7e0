package salesforce

import (
	"fmt"
	"strings"
)

// fieldType is a field's type, as describe names it.
type fieldType string

const (
	tID        fieldType = "id"
	tReference fieldType = "reference"
	tString    fieldType = "string"
	tText      fieldType = "textarea"
	tEmail     fieldType = "email"
	tPicklist  fieldType = "picklist"
	tBool      fieldType = "boolean"
	tDouble    fieldType = "double"
	tInt       fieldType = "int"
	tDate      fieldType = "date"
	tDatetime  fieldType = "datetime"
)

// fieldDef is one field of an object.
type fieldDef struct {
	name     string
	typ      fieldType
	length   int      // of texts, in characters
	to       []string // objects that a reference leads to; the relation's name is the field's without Id
	values   []string // of a restricted picklist
	readOnly bool
	custom   bool
	nofilter bool // cannot stand in WHERE, as long text areas
}

// object is one kind of record.
type object struct {
	name   string
	prefix string // of its ids
	fields []*fieldDef
	byName map[string]*fieldDef // by lower-case name: SOQL does not look at the case
	sends  []string             // fields that its outbound message carries; nil: it has none
}

func (o *object) field(name string) *fieldDef { return o.byName[strings.ToLower(name)] }

func (o *object) add(f *fieldDef) {
	o.fields = append(o.fields, f)
	o.byName[strings.ToLower(f.name)] = f
}

// schema describes the objects, a line each: name, prefix of ids, then the fields as name:type[:length or target]. A
// field with a ! cannot be written, one with a ~ cannot be filtered by. Source: Salesforce, "Object Reference".
const schema = `
Organization 00D Name:string:80
Group 00G Name:string:80
User 005 Email:email Name:string:121! IsActive:boolean UserType:picklist! TimeZoneSidKey:picklist Username:string:80
Account 001 Name:string:255 Type:picklist Industry:picklist NumberOfEmployees:int OwnerId:reference:User
Contact 003 AccountId:reference:Account FirstName:string:40 LastName:string:80 Email:email Title:string:128 MailingCountry:string:80 LeadSource:picklist HasOptedOutOfEmail:boolean OwnerId:reference:User EmailBouncedDate:datetime EmailBouncedReason:string:255 MasterRecordId:reference:Contact! LastActivityDate:date!
Lead 00Q FirstName:string:40 LastName:string:80 Company:string:255 Email:email Title:string:128 Country:string:80 Industry:picklist NumberOfEmployees:int LeadSource:picklist Status:picklist HasOptedOutOfEmail:boolean OwnerId:reference:User,Group EmailBouncedDate:datetime EmailBouncedReason:string:255 IsConverted:boolean! ConvertedContactId:reference:Contact! ConvertedAccountId:reference:Account! ConvertedOpportunityId:reference:Opportunity! ConvertedDate:date! MasterRecordId:reference:Lead! LastActivityDate:date!
Task 00T WhoId:reference:Contact,Lead WhatId:reference:Opportunity,Quote,Account Subject:string:255 Description:textarea:32000~ Status:picklist IsClosed:boolean! ActivityDate:date TaskSubtype:picklist CallType:picklist CallDurationInSeconds:int CallDisposition:string:255 CompletedDateTime:datetime! OwnerId:reference:User
Event 00U WhoId:reference:Contact,Lead WhatId:reference:Opportunity,Quote,Account Subject:string:255 Description:textarea:32000~ StartDateTime:datetime EndDateTime:datetime IsChild:boolean! OwnerId:reference:User Outcome__c:picklist
EmailMessage 02s RelatedToId:reference:Opportunity,Quote,Account ActivityId:reference:Task Incoming:boolean Subject:string:3000 TextBody:textarea:131072~ HtmlBody:textarea:131072~ Headers:textarea:32000~ FromAddress:email ToAddress:string:4000 CcAddress:string:4000 MessageDate:datetime Status:picklist IsBounced:boolean! ThreadIdentifier:string:765! HasAttachment:boolean!
EmailMessageRelation 0rm EmailMessageId:reference:EmailMessage RelationId:reference:Contact,Lead,User RelationObjectType:picklist! RelationType:picklist RelationAddress:string:765
Opportunity 006 AccountId:reference:Account Name:string:120 StageName:picklist Amount:double CloseDate:date Probability:double IsClosed:boolean! IsWon:boolean! NextStep:string:255 OwnerId:reference:User
OpportunityContactRole 00K OpportunityId:reference:Opportunity ContactId:reference:Contact Role:picklist IsPrimary:boolean
OpportunityHistory 008 OpportunityId:reference:Opportunity StageName:picklist! Probability:double! Amount:double!
Quote 0Q0 OpportunityId:reference:Opportunity ContactId:reference:Contact Name:string:255 QuoteNumber:string:30! Status:picklist ExpirationDate:date GrandTotal:double! Subtotal:double! Discount:double! 
QuoteLineItem 0QL QuoteId:reference:Quote Description:string:255 Quantity:double UnitPrice:double Discount:double TotalPrice:double!
QuoteHistory 017 QuoteId:reference:Quote Field:picklist! OldValue:string:255!~ NewValue:string:255!~
PermissionSet 0PS Name:string:80 Label:string:80
PermissionSetAssignment 0Pa PermissionSetId:reference:PermissionSet AssigneeId:reference:User
FieldPermissions 01k ParentId:reference:PermissionSet SobjectType:picklist Field:string:255 PermissionsRead:boolean PermissionsEdit:boolean
`

// picklists are the values of those that are restricted here.
var picklists = map[string][]string{
	"Lead.Status": {
		"Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted",
	},
	"Opportunity.StageName": stageNames(),
	"Quote.Status": {
		"Draft", "Needs Review", "In Review", "Approved", "Rejected", "Presented", "Accepted",
		"Denied",
	},
	"Event.Outcome__c": {"Held", "No show", "Cancelled"},
	"Task.CallType":    {"Internal", "Inbound", "Outbound"},
	"Task.TaskSubtype": {"Task", "Email", "ListEmail", "Call", "Cadence", "LinkedIn"},
	"Task.Status":      {"Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"},
}

// messages are the fields of each object's outbound message, as an admin would choose them.
var messages = map[string][]string{
	"Contact":     {"LastModifiedById", "LastModifiedDate"},
	"Lead":        {"LastModifiedById", "LastModifiedDate"},
	"Task":        {"LastModifiedById", "LastModifiedDate", "WhoId"},
	"Event":       {"LastModifiedById", "LastModifiedDate", "WhoId"},
	"Opportunity": {"LastModifiedById", "LastModifiedDate", "StageName"},
	"Quote":       {"LastModifiedById", "LastModifiedDate", "Status"},
}

// system are the fields that every object has.
func system() []*fieldDef {
	return []*fieldDef{
		{name: "Id", typ: tID, readOnly: true},
		{name: "IsDeleted", typ: tBool, readOnly: true},
		{name: "CreatedDate", typ: tDatetime, readOnly: true},
		{name: "CreatedById", typ: tReference, to: []string{"User"}, readOnly: true},
		{name: "LastModifiedDate", typ: tDatetime, readOnly: true},
		{name: "LastModifiedById", typ: tReference, to: []string{"User"}, readOnly: true},
		{name: "SystemModstamp", typ: tDatetime, readOnly: true},
	}
}

// objects reads the schema.
func objects() map[string]*object {
	all := map[string]*object{}
	for line := range strings.Lines(strings.TrimSpace(schema)) {
		words := strings.Fields(line)
		o := &object{name: words[0], prefix: words[1], byName: map[string]*fieldDef{}, sends: messages[words[0]]}
		for _, f := range system() {
			o.add(f)
		}
		for _, w := range words[2:] {
			f := &fieldDef{}
			w, f.nofilter = cutMark(w, "~")
			w, f.readOnly = cutMark(w, "!")
			parts := strings.SplitN(w, ":", 3)
			f.name, f.typ, f.custom = parts[0], fieldType(parts[1]), strings.HasSuffix(parts[0], "__c")
			f.values = picklists[o.name+"."+f.name]
			switch {
			case len(parts) < 3:
			case f.typ == tReference:
				f.to = strings.Split(parts[2], ",")
			default:
				_, _ = fmt.Sscan(parts[2], &f.length)
			}
			o.add(f)
		}
		all[strings.ToLower(o.name)] = o
	}
	return all
}

func cutMark(w, mark string) (string, bool) { return strings.CutSuffix(w, mark) }

// stages are the standard sales process with the probability of each stage, in the order of a story's stages.
var stages = []struct {
	name        string
	probability float64
	closed, won bool
}{
	{"Prospecting", 10, false, false},
	{"Qualification", 20, false, false},
	{"Proposal/Price Quote", 75, false, false},
	{"Perception Analysis", 80, false, false},
	{"Negotiation/Review", 90, false, false},
	{"Closed Won", 100, true, true},
	{"Closed Lost", 0, true, false},
}

func stageNames() []string {
	var names []string
	for _, s := range stages {
		names = append(names, s.name)
	}
	return names
}

// winnowFields are what Winnow's documentation says its set-up creates on contacts and leads: name, type, values or
// length.
const winnowFields = `
Rating picklist A,B,C,D
Machine_Rating picklist A,B,C,D
Score double
Engagement double
Fit double
Worth double
Reasons textarea 32000
Status picklist open,pending,disqualified,requalified,nurture,override
Disqualified boolean
Disqualification_Reason picklist unresponsive,no_progress,fact_finding,not_interested,not_ready,misfit,unprofitable,difficult,human
Pending_Until date
Recheck_On date
Ball picklist us,them,none
Owed_Reply_Since datetime
Treatment picklist intensive,standard,light,nurture
Recommended_Action textarea 4000
Recommended_Message textarea 4000
Recommended_Message textarea 32000
Next_Milestone_Missing boolean
Rated_At datetime
Model string 80
Override picklist A,B,C,D,keep,disqualified
Override_Until date
Do_Not_Profile boolean
`

// addWinnow gives contacts and leads Winnow's fields.
func addWinnow(all map[string]*object) {
	for line := range strings.Lines(strings.TrimSpace(winnowFields)) {
		words := strings.Fields(line)
		f := fieldDef{name: "Winnow_" + words[0] + "__c", typ: fieldType(words[1]), custom: true}
		switch {
		case len(words) < 3:
		case f.typ == tPicklist:
			f.values = strings.Split(words[2], ",")
		default:
			_, _ = fmt.Sscan(words[2], &f.length)
		}
		for _, name := range []string{"contact", "lead"} {
			own := f
			own.nofilter = f.typ == tText
			all[name].add(&own)
		}
	}
}
