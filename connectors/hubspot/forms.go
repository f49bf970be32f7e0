package hubspot

import (
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// HubSpot keeps no record of a filled-in form among the CRM's objects: the contact alone says when the latest came in
// and which one it was, and the history of both says so of those before. Source: HubSpot knowledge base, "HubSpot's
// default contact properties", conversion information.
const (
	formSent = "recent_conversion_date"
	formName = "recent_conversion_event_name"
	// nameDelay is how long (ms) after the date of a form its name may come: HubSpot works out each by itself.
	nameDelay crm.Millis = 10_000
)

// forms are what a contact sent in by web forms. Their words are not told. A form that the settings name asks for an
// answer. Of any other, a newsletter's or a download's, nobody knows whether it does: it ends the silence before it and
// counts for and against nobody.
func (c *Connector) forms(o *object) []crm.Fact {
	var out []crm.Fact
	names := o.changes(formName)
	for _, h := range o.changes(formSent) {
		at := millis(h.value())
		if at == 0 {
			continue
		}
		m, name, known := crm.Message{Channel: crm.Form, Text: crm.Text{Unread: true}}, "", h.at()
		for _, n := range names {
			if n.at() <= h.at()+nameDelay {
				name, known = n.value(), max(h.at(), n.at())
			}
		}
		if c.asksByForm(name) {
			m.Direction = crm.In
		}
		at = relate.Happened(m.Direction, at, h.at())
		out = append(out, crm.Fact{
			Contact: string(o.ID), ID: "forms/" + strconv.FormatInt(int64(at), 10), Version: int64(known), At: at,
			Kind: crm.KindMessage, Message: &m,
		})
	}
	return out
}

func (c *Connector) asksByForm(name string) bool {
	name = strings.ToLower(name)
	for _, word := range c.cfg.Forms {
		if word = strings.ToLower(strings.TrimSpace(word)); word != "" && strings.Contains(name, word) {
			return true
		}
	}
	return false
}
