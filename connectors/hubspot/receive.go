package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Decode turns the events of a delivery into notices. An event that cannot be used is named in the error, by its place and
// by what is wrong with it, never by its content; the others are returned.
func (c *Connector) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	body := bytes.TrimSpace(d.Body)
	if len(body) > 0 && body[0] == '{' { // a single event, as workflow webhooks send them
		body = append(append([]byte{'['}, body...), ']')
	}
	var events []*event
	var errs []string
	if json.Unmarshal(body, &events) != nil {
		// One bad event must not cost the other ninety-nine.
		var raw []json.RawMessage
		if json.Unmarshal(body, &raw) != nil {
			return nil, c.fail("decode", connectors.Malformed, errors.New("the body is not a JSON array of events"))
		}
		events = make([]*event, len(raw))
		for i, r := range raw {
			if json.Unmarshal(r, &events[i]) != nil {
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
	case "creation", "propertyChange", "restore":
		if c.reads(object) {
			if e.ObjectID == "" {
				return out, errNoID
			}
			out = append(out, e.ref(object, e.ObjectID))
		}
	case "merge":
		if winner := e.winner(); c.reads(object) && winner != "" {
			out = append(out, e.ref(object, winner))
		}
	case "deletion", "associationChange", "completed": // a record that is gone says nothing more
	default:
		return out, errAction
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
	fact := func(f crm.Fact) {
		f.Contact, f.Version, f.At = contact, e.OccurredAt, e.at()
		out = append(out, crm.Notice{Fact: &f, Account: string(e.PortalID)})
	}
	switch action {
	case "creation":
		out = append(out, e.ref("contacts", e.ObjectID))
	case "propertyChange":
		return c.decodeProperty(out, e)
	case "deletion":
		fact(crm.Fact{ID: "existence", Kind: crm.KindExistence, Existence: &crm.Existence{Deleted: true}})
	case "restore":
		fact(crm.Fact{ID: "existence", Kind: crm.KindExistence, Existence: &crm.Existence{}})
		out = append(out, e.ref("contacts", e.ObjectID))
	case "privacyDeletion":
		fact(crm.Fact{ID: "forget", Kind: crm.KindForget})
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
	if e.IsSensitive || e.PropertyValue != nil && *e.PropertyValue == "REDACTED" {
		return out, nil // the value is withheld: nothing is known
	}
	switch e.PropertyName {
	case "email", "hs_additional_emails", "hs_analytics_source", "hs_analytics_source_data_1", "hs_merged_object_ids":
		// What these mean depends on more than their value, or the value itself must not be stored.
		return append(out, e.ref("contacts", e.ObjectID)), nil
	case "notes_last_updated", "notes_last_contacted", "hs_sales_email_last_replied", "num_contacted_notes", "num_notes":
		// Something was logged. Accounts without subscriptions to activities learn of them by this alone.
		return append(out, e.ref(timeline, e.ObjectID)), nil
	}
	var value string
	if e.PropertyValue != nil {
		value = string(*e.PropertyValue)
	}
	for _, p := range c.properties(e.PropertyName, value) {
		out = append(out, crm.Notice{Account: string(e.PortalID), Fact: propertyFact(string(e.ObjectID), p, e.OccurredAt)})
	}
	return out, nil
}

// decodeMerge tells each loser where it went, and the winner from whom facts will come. The winner may be a new record, to
// which even the primary one is lost.
func (c *Connector) decodeMerge(out []crm.Notice, e *event) ([]crm.Notice, error) {
	winner := e.winner()
	if winner == "" {
		return out, errNoID
	}
	for _, loser := range append([]id{e.PrimaryObjectID}, e.MergedObjectIDs...) {
		if loser == "" || loser == winner {
			continue
		}
		for _, f := range mergeFacts(string(winner), string(loser), e.OccurredAt) {
			out = append(out, crm.Notice{Fact: &f, Account: string(e.PortalID)})
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

func mergeFacts(winner, loser string, at int64) []crm.Fact {
	return []crm.Fact{
		{Contact: loser, ID: "merge", Version: at, At: crm.Millis(at), Kind: crm.KindMerge, Merge: &crm.Merge{Into: winner}},
		{Contact: winner, ID: "merge/" + loser, Version: at, At: crm.Millis(at), Kind: crm.KindMerge, Merge: &crm.Merge{From: []string{loser}}},
	}
}

// decodeAssociation asks for the record that a contact has newly to do with. HubSpot reports each side and, of a primary
// association, one more: they all give the same reference.
func (c *Connector) decodeAssociation(out []crm.Notice, e *event) ([]crm.Notice, error) {
	from, to := e.ends()
	if from == "" && to == "" {
		return out, errType
	}
	if e.AssociationRemoved || from == "" || to == "" {
		// What was said while it held stays said. An object that is not known here is nothing that is rated.
		return out, nil
	}
	object, record, contact := to, e.ToObjectID, e.FromObjectID
	if to == "contacts" && from != "contacts" {
		object, record, contact = from, e.FromObjectID, e.ToObjectID
	} else if from != "contacts" || to == "contacts" {
		if (from == "quotes" && to == "deals") || (from == "deals" && to == "quotes") {
			return c.decodeQuoteOfDeal(out, e, from)
		}
		return out, nil
	}
	if record == "" || contact == "" {
		return out, errNoID
	}
	if c.reads(object) {
		n := e.ref(object, record)
		n.Ref.Contacts = []string{string(contact)}
		out = append(out, n)
	}
	return out, nil
}

// decodeQuoteOfDeal reads a quote again that was put on a deal, because quotes reach contacts mostly through deals.
func (c *Connector) decodeQuoteOfDeal(out []crm.Notice, e *event, from string) ([]crm.Notice, error) {
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
		if e.MessageType != "COMMENT" { // a note among ourselves
			out = append(out, e.ref(conversations, e.ObjectID+"/"+e.MessageID))
		}
	case "creation", "deletion", "propertyChange", "privacyDeletion":
	default:
		return out, errAction
	}
	return out, nil
}

func (e *event) ref(object string, record id) crm.Notice {
	return crm.Notice{Ref: &crm.Ref{Type: object, ID: string(record)}, Account: string(e.PortalID)}
}

// isEcho reports whether our own write caused e. The sender tells where HubSpot names it: an integration whose id is that of
// our app, which is also the app of the subscription unless the settings say otherwise. The properties that we write and
// nobody else should are the second line. What a human sets for us to read is never dropped.
func (c *Connector) isEcho(e *event) bool {
	if c.isRead[e.PropertyName] {
		return false
	}
	if c.isWritten[e.PropertyName] {
		return true
	}
	if e.ChangeSource != "INTEGRATION" || e.SourceID == "" {
		return false
	}
	sender := string(e.SourceID)
	return sender == c.cfg.AppID || c.cfg.AppID == "" && sender == string(e.AppID)
}
