package hubspot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/people"
)

// Config is what WINNOW_<SOURCE>_* sets for a HubSpot account.
type Config struct {
	ClientSecret     connectors.Secret `split_words:"true" desc:"client secret of the app whose webhooks come in; comma-separated while it is rotated, any of them verifies"`
	Webhooks         string            `default:"on" desc:"on, or off for an account without webhooks, which is then polled alone"`
	RequireV3        string            `split_words:"true" default:"auto" desc:"auto: from the first v3 signature on, deliveries that carry only the older v1 or v2 are refused; true: always; false: never, for an app that sends no v3 any more"`
	Token            connectors.Secret `desc:"bearer token: service key, private app or project app"`
	OAuth            OAuth
	API              API
	AppID            string        `split_words:"true" desc:"id of the app that writes, when it is another than the one that sends the webhooks; its changes are our own echo"`
	Fields           string        `desc:"another property for a field, or none: rating=lead_grade,score="`
	Objects          []string      `default:"contacts,emails,calls,meetings,communications,notes,tasks,deals,quotes" desc:"which kinds of records are read; conversations can be added, and what the token has no scope for left out"`
	StaffDomains     []string      `split_words:"true" desc:"e-mail domains of our own people, who are not rated: example.com,example.de"`
	Owners           string        `default:"on" desc:"on: the account's users count as our own people too; off: only STAFF_DOMAINS"`
	CustomerStages   []string      `split_words:"true" default:"customer,evangelist" desc:"lifecycle stages that make a contact a customer"`
	Unqualified      string        `default:"UNQUALIFIED" desc:"value of hs_lead_status for a disqualified contact, written under WINNOW_MODE=enforce only"`
	Properties       string        `desc:"HubSpot's property for a name that the rules know, where it is another than the default: role=job_role,industry=; role is jobtitle, company_size numemployees, any other has the same name"`
	FitProperties    []string      `split_words:"true" desc:"further contact properties to read, beside those that the rules name: region,plan"`
	SegmentProperty  string        `split_words:"true" desc:"contact property that says which segment's profile applies"`
	FollowupProperty string        `split_words:"true" desc:"contact property with an agreed follow-up date, instead of HubSpot's next activity"`
	ContractProperty string        `split_words:"true" desc:"deal property that is set where a contract or an agreed scope is on file"`
	MarginProperty   string        `split_words:"true" desc:"quote property with the expected margin in per cent"`
	CallDispositions string        `split_words:"true" desc:"outcome of the account's own call dispositions: <guid>=connected|no_answer|voicemail|call_off,..."`
	MeetingOutcomes  string        `split_words:"true" desc:"meaning of the account's own meeting outcomes: <value>=held|no_show|rescheduled|cancelled|scheduled,..."`
	Forms            []string      `desc:"words in the names of web forms that ask for an answer: contact,demo,quote; any other form ends a silence, and nobody owes an answer to it"`
	ReferralLabels   []string      `split_words:"true" desc:"labels of the association between contacts that leads to the one through whom a contact came: Referred by; empty: referrals are not read"`
	LinkHosts        []string      `split_words:"true" desc:"hosts whose links in our mails may be quotes; empty: every link is compared with the quotes' own"`
	RateLimit        int           `split_words:"true" default:"100" desc:"requests per 10 seconds until HubSpot's answers tell the account's own limit"`
	Timeout          time.Duration `default:"20s" desc:"time-out of one request"`
}

// OAuth is the credential of an app that was installed by OAuth. Its access tokens last half an hour and are renewed by
// themselves.
type OAuth struct {
	ClientID     string            `split_words:"true" desc:"OAuth instead of a token: client id"`
	ClientSecret connectors.Secret `split_words:"true" desc:"OAuth instead of a token: client secret"`
	RefreshToken connectors.Secret `split_words:"true" desc:"OAuth instead of a token: refresh token"`
}

// API is where HubSpot's REST API is.
type API struct {
	URL       string `default:"https://api.hubapi.com" desc:"HubSpot's API, for a proxy or a sandbox"`
	PlainHTTP bool   `split_words:"true" default:"false" desc:"true allows http in API_URL beyond this machine and link-local addresses, where whoever is on the way reads the credential"`
}

const (
	defaultURL     = "https://api.hubapi.com"
	defaultTimeout = 20 * time.Second
	// defaultRate is the lowest limit of any plan, in requests per 10 seconds. Source: HubSpot docs, "API usage
	// guidelines".
	defaultRate = 100
)

// defaultObjects are the kinds that an account is read for when nothing is said.
var defaultObjects = []string{
	"contacts", "emails", "calls", "meetings", "communications", "notes", "tasks", "deals", "quotes",
}

// withDefaults fills what is empty, so that a Config made by hand means the same as one read from the environment.
func (c Config) withDefaults() Config {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Webhooks, "on")
	set(&c.Owners, "on")
	set(&c.RequireV3, "auto")
	if yes, err := strconv.ParseBool(c.RequireV3); err == nil {
		c.RequireV3 = strconv.FormatBool(yes)
	}
	set(&c.API.URL, defaultURL)
	set(&c.Unqualified, "UNQUALIFIED")
	if len(c.Objects) == 0 {
		c.Objects = defaultObjects
	}
	if len(c.CustomerStages) == 0 {
		c.CustomerStages = []string{"customer", "evangelist"}
	}
	if c.RateLimit == 0 {
		c.RateLimit = defaultRate
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	return c
}

// PolledAlone reports whether polls are all that is heard of the account.
func (c *Config) PolledAlone() bool { return c.Webhooks == "off" }

// propertyName is what HubSpot allows as a property's internal name. Source: HubSpot docs, "Properties".
var propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// Validate reports everything wrong with the settings in one error, each line with the variable and what to do.
func (c *Config) Validate(prefix string) error {
	v, p := c.withDefaults(), connectors.Problems{Prefix: prefix}
	p.WantOnOff("WEBHOOKS", v.Webhooks)
	p.WantOnOff("OWNERS", v.Owners)
	if v.Webhooks != "off" && len(v.ClientSecret.Each()) == 0 {
		p.Add("CLIENT_SECRET",
			"not set: without it no webhook can be verified; set it, or %s_WEBHOOKS=off to poll only", prefix)
	}
	v.checkCredentials(&p)
	p.WantURL("API_URL", v.API.URL, "https://host", v.API.PlainHTTP)
	if v.AppID != "" {
		if _, err := strconv.ParseInt(v.AppID, 10, 64); err != nil {
			p.Add("APP_ID", "want a number")
		}
	}
	if !slices.Contains([]string{"auto", "true", "false"}, v.RequireV3) {
		p.Add("REQUIRE_V3", "want auto, true or false")
	}
	v.checkObjects(&p)
	v.checkNames(&p)
	p.WantPace(v.RateLimit, v.Timeout)
	return p.Err()
}

func (c Config) checkCredentials(p *connectors.Problems) {
	oauth := 0
	for _, s := range []string{c.OAuth.ClientID, c.OAuth.ClientSecret.Reveal(), c.OAuth.RefreshToken.Reveal()} {
		if s != "" {
			oauth++
		}
	}
	const all = "%[1]s_OAUTH_CLIENT_ID, %[1]s_OAUTH_CLIENT_SECRET and %[1]s_OAUTH_REFRESH_TOKEN"
	switch {
	case c.Token == "" && oauth == 0:
		p.Add("TOKEN", "not set: needed to read and write; or set "+all, p.Prefix)
	case c.Token != "" && oauth > 0:
		p.Add("TOKEN", "set together with %s_OAUTH_*: use one of them", p.Prefix)
	case oauth > 0 && oauth < 3:
		p.Add("OAUTH_CLIENT_ID", "OAuth needs "+all+" together", p.Prefix)
	}
}

func (c Config) checkObjects(p *connectors.Problems) {
	for _, o := range c.Objects {
		if o != conversations && !slices.Contains(defaultObjects, o) {
			p.Add("OBJECTS", "%q is not known: want some of %s, %s", o, strings.Join(defaultObjects, ", "),
				conversations)
		}
	}
	if !slices.Contains(c.Objects, "contacts") {
		p.Add("OBJECTS", "contacts must be among them")
	}
}

// checkNames checks what names properties of the account's own, and words of it.
func (c Config) checkNames(p *connectors.Problems) {
	_, err := fields.Parse(c.Fields, spelling)
	p.AddAll("FIELDS", err)
	_, err = fields.ParseProperties(c.Properties, neutral, spelling)
	p.AddAll("PROPERTIES", err)
	p.AddAll("STAFF_DOMAINS", people.CheckDomains(c.StaffDomains))
	_, err = fields.Meanings[crm.Outcome](c.CallDispositions)
	p.AddAll("CALL_DISPOSITIONS", err)
	_, err = fields.Meanings[crm.MeetingState](c.MeetingOutcomes)
	p.AddAll("MEETING_OUTCOMES", err)
	for name, values := range map[string][]string{
		"FIT_PROPERTIES": c.FitProperties, "SEGMENT_PROPERTY": {c.SegmentProperty},
		"FOLLOWUP_PROPERTY": {c.FollowupProperty},
		"CONTRACT_PROPERTY": {c.ContractProperty}, "MARGIN_PROPERTY": {c.MarginProperty},
	} {
		for _, property := range values {
			if property != "" {
				p.AddAll(name, spelling.Valid(property))
			}
		}
	}
}

// Mapping stands for where our fields go: when it changes, every rating is written again.
func (v *Config) Mapping() string { return v.Fields }

// theirs are properties of HubSpot's own, beside those that begin with hs_. Source: HubSpot docs, "Default contact
// properties".
var theirs = []string{
	"lifecyclestage", "email", "firstname", "lastname", "phone", "company", "createdate", "lastmodifieddate",
	"hubspot_owner_id",
}

// spelling is how HubSpot names properties.
var spelling = fields.Spelling{
	Own: func(f crm.Field) string { return "winnow_" + string(f) },
	Valid: func(name string) error {
		if !propertyName.MatchString(name) {
			return fmt.Errorf("%q is not a property's internal name (lower-case letters, digits and _)", name)
		}
		return nil
	},
	Theirs: func(name string) bool {
		return strings.HasPrefix(name, "hs_") && name != nativeStatus || slices.Contains(theirs, name)
	},
}

// neutral are HubSpot's contact properties for what rules look at under a name of ours. Source: HubSpot docs, "Default
// contact properties".
var neutral = map[string]string{"role": "jobtitle", "company_size": "numemployees"}
