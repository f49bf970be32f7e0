package hubspot

import (
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
)

// translate gives what a contact's property means here. It gives nothing where the value alone says too little.
type translate func(c *Connector, value string) []crm.Property

// known are HubSpot's own contact properties that are read, beside those that the settings name. Source: HubSpot docs,
// "Default contact properties".
var known = map[string]translate{
	"createdate":               instant(crm.PropCreated),
	"lifecyclestage":           lifecycle,
	"hs_lead_status":           plain(crm.PropLeadStatus),
	"hs_timezone":              zone,
	"country":                  country,
	"hs_country_region_code":   countryCode,
	"hs_email_optout":          flag(crm.PropOptOut),
	"notes_next_activity_date": instant(crm.PropNextActivity),
	"hubspot_owner_id":         plain(crm.PropOwner),
}

// properties translates one property of a contact.
func (c *Connector) properties(name, value string) []crm.Property {
	if name == "country" && value == "" {
		return one(crm.PropCountry, "")
	}
	if t := c.translate[name]; t != nil {
		return t(c, value)
	}
	return nil
}

// translators are all properties that this source reads, under HubSpot's names. What the settings name comes on top of
// HubSpot's own, so that one property can serve twice.
func (c *Connector) translators() map[string]translate {
	all := make(map[string]translate, len(known)+8)
	add := func(name string, t translate) {
		if name == "" {
			return
		}
		if first := all[name]; first != nil {
			second := t
			t = func(c *Connector, v string) []crm.Property { return append(first(c, v), second(c, v)...) }
		}
		all[name] = t
	}
	for name, t := range known {
		add(name, t)
	}
	add(c.fields[crm.FieldOverride], override)
	add(c.fields[crm.FieldOverrideUntil], date(crm.PropOverrideUntil))
	add(c.fields[crm.FieldDoNotProfile], flag(crm.PropDoNotProfile))
	add(c.cfg.SegmentProperty, plain(crm.PropSegment))
	if c.cfg.FollowupProperty != "" {
		// One fact holds the agreed date. The tasks and meetings behind HubSpot's own are facts themselves.
		delete(all, "notes_next_activity_date")
		add(c.cfg.FollowupProperty, instant(crm.PropNextActivity))
	}
	for name, neutral := range c.fit() {
		for _, n := range neutral {
			add(name, plain(n))
		}
	}
	return all
}

// fit are the properties that are read as they are, and the names under which rules look at each: those that the
// source's own settings name, and those that the rules look at.
func (c *Connector) fit() map[string][]string {
	return c.neutral.Named(slices.Concat(c.cfg.FitProperties, c.opt.Properties), c.fields.Written())
}

func one(name, value string) []crm.Property { return []crm.Property{{Name: name, Value: value}} }

// plain takes the value as it is, if a fact may hold it.
func plain(name string) translate {
	return func(_ *Connector, v string) []crm.Property {
		if v = strings.TrimSpace(v); !crm.Storable(v) {
			return nil
		}
		return one(name, v)
	}
}

func flag(name string) translate {
	return func(_ *Connector, v string) []crm.Property {
		switch strings.ToLower(v) {
		case "true", "yes", "1":
			return one(name, "true")
		case "false", "no", "0":
			return one(name, "false")
		case "":
			return one(name, "")
		}
		return nil
	}
}

func instant(name string) translate {
	return func(_ *Connector, v string) []crm.Property {
		if v == "" {
			return one(name, "")
		}
		at := millis(v)
		if at == 0 {
			return nil
		}
		return one(name, at.Time().Format(time.RFC3339))
	}
}

// date keeps a plain date as it is, because its end depends on the reader's time zone.
func date(name string) translate {
	at := instant(name)
	return func(c *Connector, v string) []crm.Property {
		if _, err := time.Parse(time.DateOnly, v); err == nil {
			return one(name, v)
		}
		return at(c, v)
	}
}

func lifecycle(c *Connector, v string) []crm.Property {
	customer := ""
	if v != "" {
		customer = "false"
		if c.isCustomer[v] {
			customer = "true"
		}
	}
	return []crm.Property{{Name: crm.PropLifecycle, Value: v}, {Name: crm.PropCustomer, Value: customer}}
}

// override takes what a human set.
func override(_ *Connector, v string) []crm.Property { return one(fields.Override(v)) }

// origins says for HubSpot's original source whether they came to us. OFFLINE covers what people typed in and what was
// imported, so more has to be known. Source: HubSpot knowledge base, "Understand traffic sources".
var origins = map[string]string{
	"ORGANIC_SEARCH": "inbound", "PAID_SEARCH": "inbound", "EMAIL_MARKETING": "inbound", "SOCIAL_MEDIA": "inbound",
	"PAID_SOCIAL": "inbound",
	"REFERRALS":   "inbound", "OTHER_CAMPAIGNS": "inbound", "DIRECT_TRAFFIC": "inbound", "AI_REFERRALS": "inbound",
}

// origin is how the contact came about, from HubSpot's original source and its first drill-down; "" where they do not
// tell.
func origin(source, detail string) string {
	if source != "OFFLINE" {
		return origins[source]
	}
	switch strings.ToUpper(detail) {
	case "IMPORT", "SALES", "EXTENSION", "PROSPECTING_AGENT":
		return "outbound"
	case "CONVERSATIONS", "FORM", "MEETINGS", "EMAIL_INTEGRATION", "BOT":
		return "inbound"
	}
	return ""
}

// millis reads an instant as HubSpot gives it: ISO 8601, a plain date, or milliseconds as digits; 0 where it is
// neither.
func millis(v string) crm.Millis {
	if v == "" {
		return 0
	}
	digits := true
	var n int64
	for i := 0; i < len(v) && digits; i++ {
		digits = v[i] >= '0' && v[i] <= '9' && len(v) <= 15
		n = n*10 + int64(v[i]-'0')
	}
	if digits {
		return crm.Millis(n)
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return crm.At(t)
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return crm.At(t)
	}
	return 0
}
