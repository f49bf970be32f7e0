package salesforce

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// The namespaces of outbound messages. Source: SOAP API Developer Guide, "Outbound Messaging".
const (
	outbound = "http://soap.sforce.com/2005/09/outbound"
	instance = "http://www.w3.org/2001/XMLSchema-instance"
	envelope = "http://schemas.xmlsoap.org/soap/envelope/"
	sObjects = "urn:sobject." // enterprise or partner
)

// maxNotifications is how many records a message may name: Salesforce sends at most 100, and more would be no message
// of its.
const maxNotifications = 1000

// message is an outbound message.
type message struct {
	org     string
	named   []notification
	session [2]int // where the session's id stands, which is a credential; 0, 0: there is none
}

// notification names a record that changed.
type notification struct {
	id     string // of the notification: the same when it is sent again
	object string
	record string
	by     string // LastModifiedById, where the message carries it
}

var errDTD = errors.New("the document has a DTD, which no outbound message has")

// parse reads an outbound message. What can be read of one that is damaged comes beside the error.
func parse(body []byte) (m message, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var path []string // as place writes them
	var n notification
	for {
		before := int(d.InputOffset())
		tok, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && len(path) == 0 && m.org != "":
			return m, nil
		case err != nil:
			return m, errors.New("the document is not well-formed XML, or no outbound message")
		}
		switch t := tok.(type) {
		case xml.Directive:
			return m, errDTD
		case xml.StartElement:
			path = append(path, place(t.Name))
			if t.Name.Space == outbound && t.Name.Local == "Notification" {
				n = notification{}
			}
			if t.Name.Space == outbound && t.Name.Local == "sObject" {
				n.object = objectType(t)
			}
			if t.Name.Space == outbound && t.Name.Local == "SessionId" {
				m.session[0] = int(d.InputOffset())
			}
		case xml.EndElement:
			if t.Name.Space == outbound && t.Name.Local == "SessionId" && before > m.session[0] {
				m.session[1] = before
			}
			if t.Name.Space == outbound && t.Name.Local == "Notification" {
				if m.named = append(m.named, n); len(m.named) > maxNotifications {
					return m, errors.New("the message names more records than Salesforce sends")
				}
			}
			path = path[:len(path)-1]
		case xml.CharData:
			m.take(path, &n, strings.TrimSpace(string(t)))
		}
	}
}

// place is how a path names an element: what is of no namespace that belongs there is none of an outbound message.
func place(n xml.Name) string {
	switch {
	case n.Space == outbound:
		return n.Local
	case n.Space == envelope:
		return "soap:" + n.Local
	case strings.HasPrefix(n.Space, sObjects):
		return "sf:" + n.Local
	}
	return "-" + n.Local
}

// take notes a text by where it stands below the envelope.
func (m *message) take(path []string, n *notification, text string) {
	if text == "" {
		return
	}
	switch strings.Join(path, "/") {
	case "soap:Envelope/soap:Body/notifications/OrganizationId":
		m.org += text
	case "soap:Envelope/soap:Body/notifications/Notification/Id":
		n.id += text
	case "soap:Envelope/soap:Body/notifications/Notification/sObject/sf:Id":
		n.record += text
	case "soap:Envelope/soap:Body/notifications/Notification/sObject/sf:LastModifiedById":
		n.by += text
	}
}

// objectType is the local part of xsi:type: Contact of sf:Contact.
func objectType(t xml.StartElement) string {
	for _, a := range t.Attr {
		if a.Name.Space == instance && a.Name.Local == "type" {
			_, local, found := strings.Cut(a.Value, ":")
			if !found {
				return a.Value
			}
			return local
		}
	}
	return ""
}

// withoutSession is a message's body without the session's id.
func withoutSession(body []byte) []byte {
	m, _ := parse(body) // of a damaged one, as far as it could be read
	if m.session[1] <= m.session[0] {
		return body
	}
	return append(bytes.Clone(body[:m.session[0]]), body[m.session[1]:]...)
}

// answer is the acknowledgement that Salesforce waits for, or the refusal.
func answer(ok string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="` +
		outbound + `"><Ack>` + ok + `</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>
`)
}
