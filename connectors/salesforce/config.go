package salesforce

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/people"
)

// Config is what WINNOW_<SOURCE>_* sets for a Salesforce org.
type Config struct {
	API              API
	Login            Login
	ClientID         string            `split_words:"true" desc:"consumer key of the connected app"`
	ClientSecret     connectors.Secret `split_words:"true" desc:"consumer secret of the connected app, for the client credentials flow"`
	Username         string            `desc:"instead of a secret, for the JWT bearer flow: the user that Winnow runs as"`
	PrivateKey       connectors.Secret `split_words:"true" desc:"instead of a secret, for the JWT bearer flow: the private key (PEM) whose certificate the connected app has"`
	HookKey          connectors.Secret `split_words:"true" desc:"what outbound messages carry in their address, ?key=...; comma-separated while it is changed, any of them is taken"`
	OrgID            string            `split_words:"true" desc:"the organization's id, 15 or 18 characters, which every outbound message names"`
	Webhooks         string            `default:"on" desc:"on, or off for an org without outbound messages, which is then polled alone"`
	Objects          []string          `default:"Contact,Lead,EmailMessage,Task,Event,Opportunity,Quote" desc:"which objects are read; what the running user may not see, or the org does not have, is left out"`
	Fields           string            `desc:"another field for one of Winnow's, or none: rating=Lead_Grade__c,score="`
	Properties       string            `desc:"Salesforce's field for a name that the rules know, where it is another than the default: role=Role__c,industry=; role is Title, industry and company_size are the account's or the lead's, any other has the same name"`
	StaffDomains     []string          `split_words:"true" desc:"e-mail domains of our own people, who are not rated: example.com,example.de"`
	CustomerTypes    []string          `split_words:"true" default:"Customer,Customer - Direct,Customer - Channel" desc:"types of an account whose contacts are customers"`
	Unqualified      string            `default:"Closed - Not Converted" desc:"Lead.Status of a disqualified lead, written under WINNOW_MODE=enforce only; contacts have no status of Salesforce's own"`
	SegmentField     string            `split_words:"true" desc:"field of contacts and leads that says which segment's profile applies"`
	FollowupField    string            `split_words:"true" desc:"field of contacts and leads with an agreed follow-up date"`
	ContractField    string            `split_words:"true" desc:"field of opportunities that is set where a contract or an agreed scope is on file"`
	MarginField      string            `split_words:"true" desc:"field of quotes with the expected margin in per cent"`
	MeetingOutcome   string            `split_words:"true" desc:"field of events that says what became of a meeting: Salesforce has none of its own"`
	MeetingOutcomes  string            `split_words:"true" default:"held=held,completed=held,no show=no_show,cancelled=cancelled,canceled=cancelled,rescheduled=rescheduled" desc:"meaning of the values of MEETING_OUTCOME: <value>=held|no_show|rescheduled|cancelled|scheduled,..."`
	CallDispositions string            `split_words:"true" default:"connected=connected,no answer=no_answer,busy=no_answer,left voicemail=voicemail,voicemail=voicemail,left message=voicemail,wrong number=call_off" desc:"meaning of CallDisposition: <value>=connected|no_answer|voicemail|call_off,..."`
	QuoteSent        []string          `split_words:"true" default:"Presented,Accepted,Denied" desc:"statuses of a quote that the buyer has got"`
	LinkHosts        []string          `split_words:"true" desc:"hosts whose links in our mails may be quotes; empty: every link is compared with the quotes' own"`
	RateLimit        int               `split_words:"true" default:"100" desc:"requests per 10 seconds; the day's limit is Salesforce's own, as its answers tell it"`
	Timeout          time.Duration     `default:"60s" desc:"time-out of one request"`
}

// API is where the org's REST API is.
type API struct {
	URL       string `desc:"the org's own address: https://company.my.salesforce.com"`
	PlainHTTP bool   `split_words:"true" default:"false" desc:"true allows http in API_URL and LOGIN_URL beyond this machine and link-local addresses, where whoever is on the way reads the credential"`
}

// Login is where tokens are got.
type Login struct {
	URL string `desc:"where the JWT bearer flow logs in (default https://login.salesforce.com, of a sandbox https://test.salesforce.com); the client credentials flow uses API_URL"`
}

const defaultLogin = "https://login.salesforce.com"

// objects are those that can be read.
var objects = []string{"Contact", "Lead", "EmailMessage", "Task", "Event", "Opportunity", "Quote"}

// withDefaults fills what is empty, so that a Config made by hand means the same as one read from the environment.
func (c Config) withDefaults() Config {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Webhooks, "on")
	set(&c.Login.URL, defaultLogin)
	set(&c.Unqualified, "Closed - Not Converted")
	set(&c.MeetingOutcomes,
		"held=held,completed=held,no show=no_show,cancelled=cancelled,canceled=cancelled,rescheduled=rescheduled")
	set(&c.CallDispositions, "connected=connected,no answer=no_answer,busy=no_answer,left voicemail=voicemail,"+
		"voicemail=voicemail,left message=voicemail,wrong number=call_off")
	list := func(l *[]string, v ...string) {
		if len(*l) == 0 {
			*l = v
		}
	}
	list(&c.Objects, objects...)
	list(&c.CustomerTypes, "Customer", "Customer - Direct", "Customer - Channel")
	list(&c.QuoteSent, "Presented", "Accepted", "Denied")
	if c.RateLimit == 0 {
		c.RateLimit = 100
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	return c
}

// PolledAlone reports whether polls are all that is heard of the org.
func (c *Config) PolledAlone() bool { return c.Webhooks == "off" }

// Mapping stands for where our fields go: when it changes, every rating is written again.
func (c *Config) Mapping() string { return c.Fields }

// apiName is what Salesforce allows as a field's name, those of a related record among them: Account.Industry.
var apiName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}(\.[A-Za-z][A-Za-z0-9_]{0,79})?$`)

// spelling is how Salesforce names our fields.
var spelling = fields.Spelling{
	Own: func(f crm.Field) string {
		words := strings.Split("winnow_"+string(f), "_")
		for i, w := range words {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
		return strings.Join(words, "_") + "__c"
	},
	Valid: func(name string) error {
		if !apiName.MatchString(name) {
			return fmt.Errorf("%q is not the API name of a field", name)
		}
		return nil
	},
	Theirs: func(name string) bool { return !strings.HasSuffix(name, "__c") }, // what an org adds ends so
}

// neutral are Salesforce's names for what the rules look at, on a contact; leads have the account's fields themselves.
var neutral = map[string]string{
	"role": "Title", "industry": "Account.Industry", "company_size": "Account.NumberOfEmployees",
}

// ofLead is the field of a lead that stands for one of a contact.
func ofLead(name string) string { return strings.TrimPrefix(name, "Account.") }

// Validate reports everything wrong with the settings in one error, each line with the variable and what to do.
func (c *Config) Validate(prefix string) error {
	v, p := c.withDefaults(), connectors.Problems{Prefix: prefix}
	v.checkCredentials(&p)
	p.WantOnOff("WEBHOOKS", v.Webhooks)
	if v.Webhooks != "off" {
		if len(v.HookKey.Each()) == 0 {
			p.Add("HOOK_KEY",
				"not set: without it anybody could send outbound messages; set it, or %s_WEBHOOKS=off to poll only",
				prefix)
		}
		if !isOrg(v.OrgID) {
			p.Add("ORG_ID",
				"want the organization's id, 15 or 18 characters that begin with 00D (Setup, Company Information)")
		}
	}
	p.WantURL("API_URL", v.API.URL, "https://company.my.salesforce.com", v.API.PlainHTTP)
	p.WantURL("LOGIN_URL", v.Login.URL, defaultLogin, v.API.PlainHTTP)
	for _, o := range v.Objects {
		if !slices.Contains(objects, o) {
			p.Add("OBJECTS", "%q is not known: want some of %s", o, strings.Join(objects, ", "))
		}
	}
	if !slices.Contains(v.Objects, "Contact") && !slices.Contains(v.Objects, "Lead") {
		p.Add("OBJECTS", "Contact or Lead must be among them")
	}
	v.checkNames(&p)
	p.WantPace(v.RateLimit, v.Timeout)
	return p.Err()
}

func (c Config) checkCredentials(p *connectors.Problems) {
	jwt := c.Username != "" || c.PrivateKey != ""
	switch {
	case c.ClientID == "":
		p.Add("CLIENT_ID", "not set: the consumer key of the connected app")
	case c.ClientSecret == "" && !jwt:
		p.Add("CLIENT_SECRET",
			"not set: the consumer secret of the connected app; or set %[1]s_USERNAME and %[1]s_PRIVATE_KEY", p.Prefix)
	case c.ClientSecret != "" && jwt:
		p.Add("CLIENT_SECRET", "set together with %[1]s_USERNAME or %[1]s_PRIVATE_KEY: use one flow", p.Prefix)
	case jwt && (c.Username == "" || c.PrivateKey == ""):
		p.Add("USERNAME", "the JWT bearer flow needs %[1]s_USERNAME and %[1]s_PRIVATE_KEY together", p.Prefix)
	case jwt && !strings.Contains(c.PrivateKey.Reveal(), "PRIVATE KEY-----"):
		p.Add("PRIVATE_KEY",
			"want a private key in PEM: -----BEGIN PRIVATE KEY----- ...; a file is best given as %s_PRIVATE_KEY_FILE",
			p.Prefix)
	}
}

// checkNames checks what names fields of the org's own, and words of it.
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
	for name, field := range map[string]string{
		"SEGMENT_FIELD": c.SegmentField, "FOLLOWUP_FIELD": c.FollowupField, "CONTRACT_FIELD": c.ContractField,
		"MARGIN_FIELD": c.MarginField, "MEETING_OUTCOME": c.MeetingOutcome,
	} {
		if field != "" {
			p.AddAll(name, spelling.Valid(field))
		}
	}
}
