package hubspot

import (
	"cmp"
	"net/http"
	"time"
)

// apiVersion is the dated API version in every path.
const apiVersion = "2026-09"

// Options say which HubSpot it is. The zero Options are one with everything at HubSpot's own limits.
type Options struct {
	Token        string // bearer token of the app; default "sandbox-token"
	ClientSecret string // what webhooks are signed with; default "sandbox-secret"
	RefreshToken string // accepted by the OAuth token endpoint; empty: OAuth is refused
	AppID        int64  // default 5001
	PortalID     int64  // default 62515
	TimeZone     string // of the portal, IANA; default Europe/Berlin
	Owners       []Owner

	WebhookURL    string         // where deliveries go; may be set later by SetWebhookURL
	SignedURL     string         // the URL that goes into signatures, where a proxy stands between; default WebhookURL
	Signatures    []string       // of v1, v2, v3; default v1 and v3, as HubSpot sends them together
	Subscriptions []Subscription // default DefaultSubscriptions()
	Live          bool           // deliver by itself as things happen; otherwise only Flush delivers
	// before the first repetition of a refused delivery, doubled up to 100 times itself; default 100ms
	RetryWait time.Duration
	// Timeout is how long a delivery may take until it counts as not answered; default HubSpot's five seconds.
	Timeout time.Duration
	// Transport carries the deliveries; default one of its own.
	Transport http.RoundTripper

	Now   func() time.Time // the portal's clock; default time.Now
	Sent  func() time.Time // what deliveries are stamped with, and answers dated by; default Now
	Clock func() time.Time // what rate limits go by; default time.Now

	RateLimit int // requests per 10 s; 0: 100; negative: no limit
	// requests per day of Clock in the portal's zone; 0: 250,000; not applied when RateLimit is negative
	DailyLimit      int
	SearchPerSecond int           // 0: 5; negative: no limit
	IndexLag        time.Duration // until search finds a change, by Now
	Scopes          []string      // granted to the token; nil: all

	Winnow      bool // have the property group winnow and its properties from the start
	KeepPrimary bool // a merge keeps the primary's id, instead of making a new one
	MultiStatus bool // answer a batch with invalid inputs with 207 and an error for each, instead of 400 for all
	BlankMail   bool // without the scope sales-email-read show mails with blank content, instead of 403
	// values that a property's history keeps; 0: HubSpot's 45 for contacts and 20 for others; negative: the current
	// one only
	History  int
	WriteLog int    // how many writes Writes keeps, the newest; 0: 50,000; negative: none
	Listen   string // default "127.0.0.1:0"
}

// Owner is one of our own people in the portal.
type Owner struct {
	ID              int64
	UserID          int64
	Email           string
	First, LastName string
}

// Subscription is one webhook that the app is subscribed to.
type Subscription struct {
	Type     string // object.creation, object.propertyChange, contact.privacyDeletion, conversation.newMessage ...
	Object   string // for object.*: contacts, emails ... as in paths
	Property string // for propertyChange; "*" stands for every property
}

func (o Options) withDefaults() Options {
	o.Token = cmp.Or(o.Token, "sandbox-token")
	o.ClientSecret = cmp.Or(o.ClientSecret, "sandbox-secret")
	o.AppID = cmp.Or(o.AppID, 5001)
	o.PortalID = cmp.Or(o.PortalID, 62515)
	o.TimeZone = cmp.Or(o.TimeZone, "Europe/Berlin")
	o.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	o.Timeout = cmp.Or(o.Timeout, deliveryTimeout)
	if o.Transport == nil {
		o.Transport = &http.Transport{MaxIdleConnsPerHost: maxConcurrent}
	}
	o.RetryWait = cmp.Or(o.RetryWait, 100*time.Millisecond)
	o.RateLimit = cmp.Or(o.RateLimit, 100)
	o.DailyLimit = cmp.Or(o.DailyLimit, 250_000)
	o.SearchPerSecond = cmp.Or(o.SearchPerSecond, 5)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sent == nil {
		o.Sent = o.Now
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Signatures == nil {
		o.Signatures = []string{"v1", "v3"}
	}
	if o.Subscriptions == nil {
		o.Subscriptions = DefaultSubscriptions()
	}
	if o.Owners == nil {
		o.Owners = []Owner{{ID: 71, UserID: 51, Email: "robin.vale@winnow.example", First: "Robin", LastName: "Vale"}}
	}
	return o
}

// watched are the properties whose changes an app that rates contacts would subscribe to.
var watched = map[string][]string{
	"contacts": {
		"lifecyclestage", "hs_lead_status", "hs_timezone", "hs_email_optout", "country", "hubspot_owner_id",
		"hs_analytics_source", "jobtitle", "industry", "numemployees", "annualrevenue", "hs_buying_role",
		"winnow_override", "winnow_override_until", "winnow_do_not_profile",
	},
	"emails":   {"hs_email_status", "hs_email_direction"},
	"calls":    {"hs_call_status", "hs_call_disposition", "hs_call_direction"},
	"meetings": {"hs_meeting_outcome", "hs_meeting_start_time", "hs_meeting_end_time"},
	"quotes": {
		"hs_status", "hs_quote_amount", "hs_title", "hs_expiration_date", "hs_esign_date",
		"hs_payment_status",
	},
	"tasks":          {"hs_task_status", "hs_timestamp"},
	"deals":          {"dealstage", "amount", "closedate", "hs_next_step"},
	"notes":          {"hs_note_body"},
	"communications": {"hs_communication_channel_type"},
	"line_items":     {"quantity", "price", "amount"},
}

// DefaultSubscriptions are the generic object.* webhooks for every type of record and the properties worth watching,
// the privacy deletion of contacts, and conversations.
func DefaultSubscriptions() []Subscription {
	var subs []Subscription
	for i := range kinds {
		k := kinds[i].name
		for _, t := range []string{"creation", "deletion", "restore", "merge", "associationChange"} {
			subs = append(subs, Subscription{Type: "object." + t, Object: k})
		}
		for _, p := range watched[k] {
			subs = append(subs, Subscription{Type: "object.propertyChange", Object: k, Property: p})
		}
	}
	return append(subs, Subscription{Type: "contact.privacyDeletion"}, Subscription{Type: "conversation.creation"},
		Subscription{Type: "conversation.newMessage"}, Subscription{Type: "conversation.deletion"})
}

// ContactSubscriptions are what an app has without the generic webhooks: contact.* and deal.*, and conversations.
// Mails, calls, meetings and quotes send nothing there and can only be polled.
func ContactSubscriptions() []Subscription {
	var subs []Subscription
	for object, single := range map[string]string{"contacts": "contact", "deals": "deal"} {
		for _, t := range []string{"creation", "deletion", "restore", "merge", "associationChange"} {
			subs = append(subs, Subscription{Type: single + "." + t})
		}
		for _, p := range watched[object] {
			subs = append(subs, Subscription{Type: single + ".propertyChange", Property: p})
		}
	}
	return append(subs, Subscription{Type: "contact.privacyDeletion"}, Subscription{Type: "conversation.creation"},
		Subscription{Type: "conversation.newMessage"})
}
