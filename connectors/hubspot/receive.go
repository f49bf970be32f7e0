package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// Keep is the body: HubSpot's events say all there, and neither secrets nor words of messages are in them.
func (c *Connector) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	return d.Kept(nil, nil), false
}

// Decode turns the events of a delivery into notices. An event that cannot be used is named in the error, by its place
// and by what is wrong with it, never by its content; the others are returned.
func (c *Connector) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	body := bytes.TrimSpace(d.Body)
	if len(body) > 0 && body[0] == '{' { // a single event, as workflow webhooks send them
		body = append(append([]byte{'['}, body...), ']')
	}
	var events []*event
	var errs []string
	if rest.Unmarshal(body, &events) != nil || events == nil {
		// One bad event must not cost the other ninety-nine.
		var raw []json.RawMessage
		if rest.Unmarshal(body, &raw) != nil || raw == nil {
			return nil, c.fail("decode", connectors.Malformed, errors.New("the body is not a JSON array of events"))
		}
		events = make([]*event, len(raw))
		for i, r := range raw {
			if rest.Unmarshal(r, &events[i]) != nil {
				events[i] = nil
			}
		}
	}
	out := make([]crm.Notice, 0, len(events))
	for i, e := range events {
		err := errUnreadable
		if e != nil {
			out, err = c.decode(out, e)
		}
		if err != nil {
			errs = append(errs, fmt.Sprintf("event %d: %v", i, err))
		}
	}
	if len(errs) > 0 {
		return out, c.fail("decode", connectors.Malformed, joined(errs))
	}
	return out, nil
}

// joined names the first few errors and counts the others.
func joined(errs []string) error {
	const most = 3
	if len(errs) > most {
		errs = append(errs[:most:most], fmt.Sprintf("and %d more", len(errs)-most))
	}
	return errors.New(strings.Join(errs, "; "))
}

var (
	errUnreadable = errors.New("not readable")
	errNoID       = errors.New("no record's id")
	errNoTime     = errors.New("no time")
	errType       = errors.New("unknown object type")
	errAction     = errors.New("unknown subscription type")
)

// decode appends what one event says to out.
func (c *Connector) decode(out []crm.Notice, e *event) ([]crm.Notice, error) {
	object, action := e.kind()
	if object == "" {
		return out, errType
	}
	if e.OccurredAt <= 0 {
		return out, errNoTime
	}
	switch object {
	case "association":
		return c.decodeAssociation(out, e)
	case "contacts":
		return c.decodeContact(out, e, action)
	case conversations:
		return c.decodeConversation(out, e, action)
	}
	switch action {
	case "creation", "propertyChange", "deletion", "restore", "merge", "associationChange", "completed":
	default:
		return out, errAction
	}
	if !c.reads(object) {
		return append(out, e.passed(object)), nil
	}
	switch action {
	case "creation", "propertyChange":
		if e.ObjectID == "" {
			return out, errNoID
		}
		out = append(out, e.ref(object, e.ObjectID))
	case "deletion", "restore": // looked up, because the event may be late: what counts is whether it is there
		if e.ObjectID == "" {
			return out, errNoID
		}
		out = append(out, e.refNow(object, e.ObjectID))
	case "merge":
		for _, record := range append(e.losers(), e.winner()) {
			if record != "" {
				out = append(out, e.refNow(object, record))
			}
		}
	}
	return out, nil
}

func (c *Connector) decodeContact(out []crm.Notice, e *event, action string) ([]crm.Notice, error) {
	if action == "merge" {
		return c.decodeMerge(out, e)
	}
	if e.ObjectID == "" {
		return out, errNoID
	}
	contact := string(e.ObjectID)
	fact := func(f *crm.Fact) { out = append(out, e.says(crm.Notice{Fact: f})) }
	switch action {
	case "creation": // it may be made from a mail that is older, of which no event tells
		out = append(out, e.ref("contacts", e.ObjectID), e.ref(filed, e.ObjectID))
	case "propertyChange":
		return c.decodeProperty(out, e)
	case "deletion":
		fact(crm.Deleted(contact, e.OccurredAt))
	case "restore":
		fact(crm.Present(contact, e.OccurredAt))
		out = append(out, e.ref("contacts", e.ObjectID))
	case "privacyDeletion":
		fact(&crm.Fact{Contact: contact, ID: "forget", Version: e.OccurredAt, At: e.at(), Kind: crm.KindForget})
	default:
		return out, errAction
	}
	return out, nil
}

// decodeProperty takes a changed property at its word: value and time are in the event, so nothing has to be fetched.
func (c *Connector) decodeProperty(out []crm.Notice, e *event) ([]crm.Notice, error) {
	if e.PropertyName == "" {
		return out, errors.New("no property's name")
	}
	if c.isEcho(e) {
		return out, nil
	}
	// when it changes back and no event says so, it looks as it did when it was read
	c.memory.Forget(string(e.ObjectID))
	if e.IsSensitive || e.PropertyValue != nil && *e.PropertyValue == "REDACTED" {
		return out, nil // the value is withheld: nothing is known
	}
	if slices.Contains(addressProperties, e.PropertyName) { // what was taken for somebody else's may be theirs
		c.relate.Forget(string(e.ObjectID))
		return append(out, e.ref("contacts", e.ObjectID), e.ref(timeline, e.ObjectID)), nil
	}
	switch e.PropertyName {
	case "hs_analytics_source", "hs_analytics_source_data_1", "hs_merged_object_ids", formSent, formName:
		// What these mean depends on more than their value, or the value itself must not be stored.
		return append(out, e.ref("contacts", e.ObjectID)), nil
	}
	if slices.Contains(lastActivity, e.PropertyName) {
		// Something was logged. Accounts without subscriptions to activities learn of them by this alone.
		return append(out, e.ref(timeline, e.ObjectID)), nil
	}
	var value string
	if e.PropertyValue != nil {
		value = string(*e.PropertyValue)
	}
	for _, p := range c.properties(e.PropertyName, value) {
		out = append(out, e.says(crm.Notice{Fact: crm.PropertyOf(string(e.ObjectID), p, e.OccurredAt)}))
	}
	return out, nil
}

// decodeMerge tells each loser where it went, and the winner from whom facts will come. The winner may be a new record,
// to which even the primary one is lost.
func (c *Connector) decodeMerge(out []crm.Notice, e *event) ([]crm.Notice, error) {
	winner := e.winner()
	if winner == "" {
		return out, errNoID
	}
	c.relate.Forget(string(winner)) // it has the losers' addresses now, and they have none
	for _, loser := range e.losers() {
		c.relate.Forget(string(loser))
		for _, n := range crm.Merged(string(winner), string(loser), e.OccurredAt) {
			out = append(out, e.says(n))
		}
		if c.readsReferrals() { // read of the winner, they would count twice
			out = append(out, e.says(crm.Removed(referrals, string(loser), e.OccurredAt)))
		}
	}
	return append(out, e.ref("contacts", winner)), nil
}

func (e *event) winner() id {
	switch {
	case e.NewObjectID != "" && e.NewObjectID != "0":
		return e.NewObjectID
	case e.PrimaryObjectID != "":
		return e.PrimaryObjectID
	}
	return e.ObjectID
}

// losers are the records that are no more after a merge.
func (e *event) losers() []id {
	return slices.DeleteFunc(append([]id{e.PrimaryObjectID}, e.MergedObjectIDs...), func(i id) bool {
		return i == "" || i == e.winner()
	})
}

// decodeAssociation asks for the record that a contact has newly, or no longer, to do with. HubSpot reports each side
// and, of a primary association, one more: they all give the same reference.
func (c *Connector) decodeAssociation(out []crm.Notice, e *event) ([]crm.Notice, error) {
	from, to := e.ends()
	if from == "" && to == "" {
		return out, errType
	}
	if from == "" || to == "" { // an object that is not known here is nothing that is rated
		return out, nil
	}
	if from == "contacts" && to == "contacts" {
		return c.decodeReferral(out, e)
	}
	object, record, contact := to, e.ToObjectID, e.FromObjectID
	if to == "contacts" {
		object, record, contact = from, e.FromObjectID, e.ToObjectID
	} else if from != "contacts" {
		if (from == "quotes" && to == "deals") || (from == "deals" && to == "quotes") {
			return c.decodeQuoteOfDeal(out, e, from)
		}
		return out, nil
	}
	if record == "" || contact == "" {
		return out, errNoID
	}
	if c.reads(object) {
		n := e.refNow(object, record)
		if e.AssociationRemoved {
			n.Ref.Left = []string{string(contact)}
		} else {
			n.Ref.Contacts = []string{string(contact)}
		}
		out = append(out, n)
	}
	return out, nil
}

// decodeQuoteOfDeal reads a quote again that was put on a deal, because quotes reach contacts mostly through deals.
func (c *Connector) decodeQuoteOfDeal(out []crm.Notice, e *event, from string) ([]crm.Notice, error) {
	if e.AssociationRemoved { // whom it reached through the deal cannot be told any more
		return out, nil
	}
	quote := e.ToObjectID
	if from == "quotes" {
		quote = e.FromObjectID
	}
	if quote == "" {
		return out, errNoID
	}
	if c.reads("quotes") {
		out = append(out, e.ref("quotes", quote))
	}
	return out, nil
}

func (c *Connector) decodeConversation(out []crm.Notice, e *event, action string) ([]crm.Notice, error) {
	switch action {
	case "newMessage":
		if e.ObjectID == "" || e.MessageID == "" {
			return out, errNoID
		}
		switch {
		case !c.reads(conversations):
			out = append(out, e.passed(conversations))
		case e.MessageType != "COMMENT": // a note among ourselves
			out = append(out, e.ref(conversations, e.ObjectID+"/"+e.MessageID))
		}
	case "deletion", "privacyDeletion":
		if e.ObjectID == "" {
			return out, errNoID
		}
		out = append(out, e.says(crm.Removed(conversations, string(e.ObjectID), e.OccurredAt)))
	case "creation", "propertyChange":
	default:
		return out, errAction
	}
	return out, nil
}

// says is a notice with the account that the event is of.
func (e *event) says(n crm.Notice) crm.Notice {
	n.Account = string(e.PortalID)
	return n
}

func (e *event) ref(object string, record id) crm.Notice {
	return e.says(crm.Notice{Ref: &crm.Ref{Type: object, ID: string(record), Changed: e.OccurredAt}})
}

// refNow is ref for an event that the record's own change time may not show.
func (e *event) refNow(object string, record id) crm.Notice {
	n := e.ref(object, record)
	n.Ref.AsOf = e.OccurredAt
	return n
}

// passed is an event of a kind of record that is not read.
func (e *event) passed(object string) crm.Notice {
	return e.says(crm.Notice{Passed: object})
}

// isEcho reports whether our own write caused e: one of the properties that we write, changed by our app, which is also
// the app of the subscription unless the settings say otherwise. Another program may write other properties through the
// same app, and whoever else changes ours is no echo.
func (c *Connector) isEcho(e *event) bool {
	if !c.isWritten[e.PropertyName] && !c.isUnqualified(e) || e.ChangeSource != "INTEGRATION" || e.SourceID == "" {
		return false
	}
	sender := string(e.SourceID)
	return sender == c.cfg.AppID || c.cfg.AppID == "" && sender == string(e.AppID)
}

// isUnqualified reports whether e sets the CRM's own status as we do under enforce.
func (c *Connector) isUnqualified(e *event) bool {
	return e.PropertyName == nativeStatus && e.PropertyValue != nil && string(*e.PropertyValue) == c.cfg.Unqualified
}
