package hubspot

// kind is one type of record. Source: HubSpot documentation, "Understanding the CRM APIs" (object type ids) and the
// guide of each object (scopes).
type kind struct {
	index    int    // in kinds
	name     string // in paths and scopes: contacts
	single   string // in names of associations: contact
	label    string // in messages: CONTACT
	typeID   string // 0-1
	created  string // the property with the time of creation
	modified string // the property with the time of the latest change, by which is polled
	read     string // scopes
	write    string
	shown    []string // properties in an answer that asked for none
	history  int      // values that a property's history shows
}

var kinds = [...]kind{
	{
		name: "contacts", single: "contact", label: "CONTACT", typeID: "0-1", created: "createdate",
		modified: "lastmodifieddate",
		read:     "crm.objects.contacts.read", write: "crm.objects.contacts.write",
		shown: []string{"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"},
	},
	activity("emails", "email", "EMAIL", "0-49", "sales-email-read"),
	activity("calls", "call", "CALL", "0-48", "crm.objects.contacts.read"),
	activity("meetings", "meeting", "MEETING_EVENT", "0-47", "crm.objects.contacts.read"),
	activity("notes", "note", "NOTE", "0-46", "crm.objects.contacts.read"),
	activity("tasks", "task", "TASK", "0-27", "crm.objects.contacts.read"),
	activity("communications", "communication", "COMMUNICATION", "0-18", "crm.objects.contacts.read"),
	{
		name: "quotes", single: "quote", label: "QUOTE", typeID: "0-14", created: "hs_createdate",
		modified: "hs_lastmodifieddate",
		read:     "crm.objects.quotes.read", write: "crm.objects.quotes.write",
		shown: []string{
			"hs_createdate", "hs_expiration_date", "hs_lastmodifieddate", "hs_object_id", "hs_status", "hs_title",
		},
	},
	{
		name: "deals", single: "deal", label: "DEAL", typeID: "0-3", created: "createdate",
		modified: "hs_lastmodifieddate",
		read:     "crm.objects.deals.read", write: "crm.objects.deals.write",
		shown: []string{
			"amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id",
			"pipeline",
		},
	},
	{
		name: "line_items", single: "line_item", label: "LINE_ITEM", typeID: "0-8", created: "createdate",
		modified: "hs_lastmodifieddate",
		read:     "crm.objects.line_items.read", write: "crm.objects.line_items.write",
		shown: []string{"createdate", "hs_lastmodifieddate", "hs_object_id"},
	},
}

func activity(name, single, label, typeID, read string) kind {
	return kind{
		name: name, single: single, label: label, typeID: typeID, created: "hs_createdate",
		modified: "hs_lastmodifieddate",
		read:     read, write: "crm.objects.contacts.write",
		shown: []string{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"},
	}
}

// kindByName holds every kind under the names that HubSpot takes in a path: contacts, contact, 0-1.
var kindByName = func() map[string]*kind {
	m := map[string]*kind{}
	for i := range kinds {
		kinds[i].index, kinds[i].history = i, 20
		k := &kinds[i]
		m[k.name], m[k.single], m[k.typeID] = k, k, k
	}
	m["contacts"].history = 45 // source: HubSpot knowledge base, "View record property history"
	return m
}()

var (
	contacts       = kindByName["contacts"]
	emails         = kindByName["emails"]
	calls          = kindByName["calls"]
	meetings       = kindByName["meetings"]
	notes          = kindByName["notes"]
	tasks          = kindByName["tasks"]
	communications = kindByName["communications"]
	quotes         = kindByName["quotes"]
	deals          = kindByName["deals"]
	lineItems      = kindByName["line_items"]
)

// linkTypes are the ids of HubSpot's own associations, by the names of the two kinds. Source: HubSpot documentation,
// "Associations", list of type ids.
var linkTypes = map[[2]string]int{
	{"contacts", "contacts"}: 449,
	{"contacts", "emails"}:   197, {"emails", "contacts"}: 198,
	{"contacts", "calls"}: 193, {"calls", "contacts"}: 194,
	{"contacts", "meetings"}: 199, {"meetings", "contacts"}: 200,
	{"contacts", "notes"}: 201, {"notes", "contacts"}: 202,
	{"contacts", "tasks"}: 203, {"tasks", "contacts"}: 204,
	{"contacts", "communications"}: 82, {"communications", "contacts"}: 81,
	{"contacts", "deals"}: 4, {"deals", "contacts"}: 3,
	{"contacts", "quotes"}: 70, {"quotes", "contacts"}: 69,
	{"deals", "calls"}: 205, {"calls", "deals"}: 206,
	{"deals", "emails"}: 209, {"emails", "deals"}: 210,
	{"deals", "meetings"}: 211, {"meetings", "deals"}: 212,
	{"deals", "notes"}: 213, {"notes", "deals"}: 214,
	{"deals", "tasks"}: 215, {"tasks", "deals"}: 216,
	{"deals", "communications"}: 86, {"communications", "deals"}: 85,
	{"deals", "quotes"}: 63, {"quotes", "deals"}: 64,
	{"deals", "line_items"}: 19, {"line_items", "deals"}: 20,
	{"quotes", "line_items"}: 67, {"line_items", "quotes"}: 68,
}

func linkType(from, to *kind) int { return linkTypes[[2]string{from.name, to.name}] }
