package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// event is one entry of a delivery. Source: HubSpot docs, "Webhooks API" and "Create generic webhook subscriptions".
type event struct {
	PortalID         id     `json:"portalId"`
	AppID            id     `json:"appId"`
	OccurredAt       int64  `json:"occurredAt"` // ms
	SubscriptionType string `json:"subscriptionType"`
	EventType        string `json:"eventType"` // what the documentation's sample calls the subscription type
	ObjectID         id     `json:"objectId"`
	ObjectTypeID     string `json:"objectTypeId"`
	ChangeSource     string `json:"changeSource"`
	SourceID         loose  `json:"sourceId"`
	PropertyName     string `json:"propertyName"`
	PropertyValue    *loose `json:"propertyValue"`
	IsSensitive      bool   `json:"isSensitive"`

	// merge
	PrimaryObjectID id   `json:"primaryObjectId"`
	MergedObjectIDs []id `json:"mergedObjectIds"`
	NewObjectID     id   `json:"newObjectId"`

	// associationChange
	AssociationType    string `json:"associationType"` // CONTACT_TO_DEAL
	FromObjectID       id     `json:"fromObjectId"`
	ToObjectID         id     `json:"toObjectId"`
	FromObjectTypeID   string `json:"fromObjectTypeId"`
	ToObjectTypeID     string `json:"toObjectTypeId"`
	AssociationRemoved bool   `json:"associationRemoved"`

	// conversation
	MessageID   id     `json:"messageId"`
	MessageType string `json:"messageType"`
}

// id is the id of a record, which HubSpot gives as a number in some places and as a string in others.
type id string

var errID = errors.New("an id that is neither a number nor a short word")

func (i *id) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) >= 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	if len(b) > 64 {
		return errID
	}
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return errID
		}
	}
	*i = id(b)
	return nil
}

// loose is a text that may also come as a number or a truth value.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		if bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) { // most texts hold nothing to decode
			*l = loose(b[1 : len(b)-1])
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
		return nil
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return errors.New("neither a text nor a number")
	}
	*l = loose(b)
	return nil
}

func (i id) MarshalJSON() ([]byte, error) { return json.Marshal(string(i)) }

// typeIDs are HubSpot's own object types. Source: HubSpot docs, "Understanding the CRM", object type IDs.
var typeIDs = map[string]string{
	"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-7": "products", "0-8": "line_items",
	"0-14": "quotes",
	"0-18": "communications", "0-27": "tasks", "0-46": "notes", "0-47": "meetings", "0-48": "calls", "0-49": "emails",
	"0-53": "invoices", "0-64": "quote_templates", "0-69": "subscriptions", "0-84": "discounts",
	"0-116": "postal_mail", "0-136": "leads",
}

// typeWords are the names of objects in subscription types and association types.
var typeWords = map[string]string{
	"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets", "product": "products",
	"line_item": "line_items",
	"quote":     "quotes", "communication": "communications", "task": "tasks", "note": "notes", "meeting": "meetings",
	"meeting_event": "meetings",
	"call":          "calls", "email": "emails", "conversation": conversations, "lead": "leads",
	"engagement":  "engagements",
	"postal_mail": "postal_mail", "invoice": "invoices", "discount": "discounts", "quote_template": "quote_templates",
}

// objectType is the type that typeID or, where there is none, word stands for; "" when it is not known. Objects that
// the account defined itself (2-...) are known, but nothing that is rated.
func objectType(typeID, word string) string {
	if typeID != "" {
		if t := typeIDs[typeID]; t != "" {
			return t
		}
		if strings.HasPrefix(typeID, "2-") {
			return "custom"
		}
	}
	return typeWords[strings.ToLower(word)]
}

// kind splits a subscription type into the object's type and what happened to it.
func (e *event) kind() (object, action string) {
	t := e.SubscriptionType
	if t == "" {
		t = e.EventType
	}
	word, action, _ := strings.Cut(t, ".")
	if word == "event" { // event.completed: custom behavioural events
		return "events", action
	}
	if action == "associationChange" {
		return "association", action
	}
	return objectType(e.ObjectTypeID, word), action
}

// ends are the types of the two records of an association change.
func (e *event) ends() (from, to string) {
	a, b, _ := strings.Cut(e.AssociationType, "_TO_")
	return objectType(e.FromObjectTypeID, a), objectType(e.ToObjectTypeID, b)
}

func (e *event) at() crm.Millis { return crm.Millis(e.OccurredAt) }
