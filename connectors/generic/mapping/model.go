// Package mapping is what a file says of a CRM: how its deliveries prove themselves and what they name, how records are
// read and what they mean, where ratings go. A mapping is read whole at the start, and everything that is wrong in it
// is said at once, by line and column.
package mapping

import (
	"slices"
	"time"
)

// Mapping is one file.
type Mapping struct {
	Version  int               `yaml:"version" desc:"of this format: 1"`
	Title    string            `yaml:"title" desc:"the CRM's name, for people"`
	Advice   string            `yaml:"advice" desc:"what remains to be clicked in the CRM, as winnow setup shows it; {url} is where deliveries go"`
	Settings map[string]string `yaml:"settings" desc:"values that WINNOW_<S>_SETTINGS may replace, with their defaults; expressions see them as $settings.name"`

	API     API                `yaml:"api" desc:"how the CRM's API is called"`
	Me      *Me                `yaml:"me" in:"read" desc:"who we are to the CRM: asked once, remembered, and seen by every expression as $me"`
	Account *Account           `yaml:"account" in:"read" desc:"which account the credential is for"`
	Users   *Users             `yaml:"users" in:"users" desc:"the addresses of the CRM's users: our own people are no prospects, and what they write is ours"`
	Hooks   *Hooks             `yaml:"hooks" in:"hook" desc:"deliveries; without it the CRM is polled alone"`
	Records map[string]*Record `yaml:"records" in:"record" desc:"what is read, by the name that references and fact ids have: Lead, Email"`
	Fields  Fields             `yaml:"fields" in:"field" desc:"how Winnow's fields are spelt and written"`
	Write   *Write             `yaml:"write" in:"write" desc:"how ratings are written; without it they show in the console alone"`
	Show    *Show              `yaml:"show" in:"show" desc:"whom people are, for pages that somebody looks at; it is never kept"`
	Setup   *Setup             `yaml:"setup" in:"make" desc:"how the fields are made, where the API lets a program do so"`
}

// API is how the CRM's API is called.
type API struct {
	Base    string              `yaml:"base" desc:"a path between WINNOW_<S>_API_URL and every other: /api/v1"`
	Auth    string              `yaml:"auth" desc:"bearer, basic, header, oauth or none; bearer and header take WINNOW_<S>_TOKEN, basic _USER and _PASSWORD, oauth _CLIENT_ID and _CLIENT_SECRET"`
	Header  string              `yaml:"header" desc:"the name of the header, for auth: header"`
	Value   string              `yaml:"value" desc:"its value, in which {token} stands for the token; default {token} alone"`
	Token   string              `yaml:"token" desc:"the path where OAuth tokens are got by client credentials, below _LOGIN_URL or else _API_URL"`
	Scope   []string            `yaml:"scope" desc:"OAuth scopes"`
	Headers map[string]Template `yaml:"headers" in:"none" desc:"headers of every request"`
	Limits  []Limit             `yaml:"limits" desc:"what the CRM allows; default 100 calls in 10s"`
	Calls   int                 `yaml:"calls" desc:"calls at once; default 4"`
	Tick    time.Duration       `yaml:"tick" desc:"how fine the CRM's change times are; default 1s"`
	Gone    []int               `yaml:"gone" desc:"the statuses of the answer for one record that say that it is not there; default 404 and 410"`
	Success Expr                `yaml:"success" in:"answer" desc:"whether a 2xx answer is a success, for CRMs that say errors with 200: true, false, or what kind of refusal it is, as api.kind has them"`
	Kind    Expr                `yaml:"kind" in:"answer" desc:"what a refusal means, where its status does not tell: unauthenticated, not_found, conflict, rate_limited, unavailable, rejected, misconfigured or null"`
	Reason  Expr                `yaml:"reason" in:"answer" desc:"the CRM's code for a refusal, one word, which errors show; its own sentences may hold what was sent"`
}

// Limit is so many calls in so much time.
type Limit struct {
	Calls int           `yaml:"calls" desc:"how many"`
	Per   time.Duration `yaml:"per" desc:"in what time"`
}

// Me is who we are to the CRM.
type Me struct {
	Request `yaml:",inline"`
	Item    Expr `yaml:"item" desc:"what of the answer is $me"`
}

// Account is which account the credential is for.
type Account struct {
	Request `yaml:",inline"`
	ID      Expr `yaml:"id" desc:"its id in the answer"`
}

// Users are the CRM's users.
type Users struct {
	Request `yaml:",inline"`
	Emails  Expr `yaml:"emails" desc:"the addresses in the answer"`
	Page    int  `yaml:"page" desc:"how many a page, seen as $page; default 100"`
	Next    Expr `yaml:"next" desc:"the mark of the next page, seen as $after; null: the last page"`
}

// Hooks are deliveries.
type Hooks struct {
	Proof   []Proof          `yaml:"proof" desc:"what proves a delivery: one of these is enough"`
	Body    string           `yaml:"body" desc:"json (default), xml, form or cloudevents; what the header says of it does not count"`
	Secret  []string         `yaml:"secret" desc:"keys in a body that is JSON, as token or a.b, that are taken out before it is stored"`
	Keep    Keep             `yaml:"keep" desc:"what else of a delivery expressions look at: only this is stored beside the body"`
	Texts   bool             `yaml:"texts" desc:"whether bodies may hold words of messages: then they leave the store soon after they are read"`
	Settle  time.Duration    `yaml:"settle" desc:"how long after its notice a record is not read, because the CRM tells of it before it shows it; default 0"`
	Account Expr             `yaml:"account" in:"hook" desc:"the id of the account that a body is from, as account.id has it"`
	Each    Expr             `yaml:"each" in:"hook" desc:"the events in a body; default: the elements of a list, or the body itself"`
	Event   Expr             `yaml:"event" in:"hook" desc:"the name of an event, of the element that each gives: $path, .type"`
	Key     Expr             `yaml:"key" in:"event" desc:"what is the same in two copies of an event within one delivery"`
	Ignore  Expr             `yaml:"ignore" in:"event" desc:"why an event says nothing here, as a text, or null: our own echo, noise"`
	Rules   []Rule           `yaml:"rules" in:"event" desc:"what events lead to: the first rule that fits"`
	Replies map[string]Reply `yaml:"replies" desc:"the answer for stored, not_verified, full, unreadable or too_large, where the CRM wants another than 204, 401, 503, 401 and 413"`
	Shake   *Handshake       `yaml:"handshake" in:"hook" desc:"the answer to a request that delivers nothing"`
	Manage  *Manage          `yaml:"manage" in:"webhook" desc:"how webhooks are made and looked after, where the API lets a program do so"`
}

// Keep is what of a delivery is stored beside its body.
type Keep struct {
	Headers []string `yaml:"headers" desc:"headers, seen as $header[\"name\"] in lower case"`
	Query   []string `yaml:"query" desc:"parameters of the query, seen as $query.name"`
}

// Proof is one way in which a delivery proves itself. One of its keys says which.
type Proof struct {
	HMAC     *HMAC     `yaml:"hmac" desc:"a signature with WINNOW_<S>_HOOK_SECRET, of which there may be several"`
	Standard *Standard `yaml:"standard" desc:"Standard Webhooks: v1 with secrets whsec_..., v1a with public keys whpk_..."`
	Key      *Key      `yaml:"key" desc:"WINNOW_<S>_HOOK_KEY somewhere in the delivery"`
	Basic    bool      `yaml:"basic" desc:"true: HTTP Basic, whose password is WINNOW_<S>_HOOK_KEY, or the whole user:password"`

	pos
}

// HMAC is the layout of a signature.
type HMAC struct {
	Hash      string        `yaml:"hash" desc:"sha256 (default), sha1 or sha512"`
	Over      string        `yaml:"over" desc:"what is signed, in which {method}, {path}, {url}, {query.name}, {header.name}, {time} and {body} are filled in; default {body}"`
	Secret    string        `yaml:"secret" desc:"how the secret is written: text (default), base64 or hex; a prefix such as whsec_ is taken off by strip"`
	Strip     string        `yaml:"strip" desc:"what stands before the secret's key"`
	Header    string        `yaml:"header" desc:"the header that has the signature"`
	Query     string        `yaml:"query" desc:"or the parameter of the query"`
	Value     string        `yaml:"value" desc:"the layout of what stands there: {hex}, {base64} and {base64url} are the signature, {any} is anything up to the next sign of the layout; sha256={hex}. Default {hex}"`
	Inside    string        `yaml:"inside" desc:"base64 or hex where the whole value is written so once more: EspoCRM's base64 of id:signature"`
	Separator string        `yaml:"separator" desc:"what stands between several signatures"`
	Time      string        `yaml:"time" desc:"where the time stands: header.name, query.name or value.name, the latter being {name} in the layout"`
	Unit      string        `yaml:"unit" desc:"s (default) or ms"`
	Tolerance time.Duration `yaml:"tolerance" desc:"how old, or how far ahead, a delivery may be; default 5m"`
}

// Standard is Standard Webhooks.
type Standard struct {
	Tolerance time.Duration `yaml:"tolerance" desc:"how old, or how far ahead, a delivery may be; default 5m"`
}

// Key is where the key stands. One of them.
type Key struct {
	Header string `yaml:"header" desc:"in a header"`
	Scheme string `yaml:"scheme" desc:"behind a word in that header: Bearer"`
	Query  string `yaml:"query" desc:"in a parameter of the query"`
	Path   int    `yaml:"path" desc:"in the n-th segment of the path below /hooks/<source>/"`
	Body   string `yaml:"body" desc:"in a key of a body that is JSON, as token or a.b; it is taken out before the body is stored"`
}

// Rule is what some events lead to.
type Rule struct {
	On     []string `yaml:"on" desc:"names of events, in which * is anything: Lead.*"`
	When   Expr     `yaml:"when" desc:"and a condition"`
	Read   Template `yaml:"read" desc:"the record is read over the API: its type, Lead or {...}"`
	Take   Template `yaml:"take" desc:"the event is the record, whole, and nothing has to be read: its type"`
	Gone   Template `yaml:"gone" desc:"the record is deleted: its type"`
	Merged *Merged  `yaml:"merged" desc:"two people became one"`
	Ignore string   `yaml:"ignore" desc:"it says nothing here: why"`
	ID     Expr     `yaml:"id" desc:"the record's id, one or several; default .id"`
	At     Expr     `yaml:"at" desc:"when it happened, of gone and merged, and of people and left; default: the receipt"`
	People Expr     `yaml:"people" desc:"whom it concerns newly, as kind/id"`
	Left   Expr     `yaml:"left" desc:"whom it concerns no more"`

	pos
}

// Merged says who became whom.
type Merged struct {
	From Expr `yaml:"from" desc:"who is no more, as kind/id"`
	Into Expr `yaml:"into" desc:"who lives on, as kind/id"`
}

// Reply is an answer to a delivery.
type Reply struct {
	Status int    `yaml:"status" desc:"of HTTP"`
	Type   string `yaml:"type" desc:"Content-Type"`
	Body   string `yaml:"body" desc:"as it is"`
}

// Handshake is the answer to a request that delivers nothing.
type Handshake struct {
	When    Expr                `yaml:"when" desc:"whether the request is one"`
	Status  int                 `yaml:"status" desc:"default 200"`
	Headers map[string]Template `yaml:"headers" desc:"of the answer"`
	Body    Expr                `yaml:"body" desc:"of the answer, a text"`
}

// Manage is how webhooks are looked after.
type Manage struct {
	Events []string `yaml:"events" desc:"for which there is one each"`
	Path   Template `yaml:"path" desc:"below /hooks/<source>/, of the address that an event is sent to: {$event}"`
	List   struct {
		Request `yaml:",inline"`
		Items   Expr `yaml:"items" desc:"the webhooks in the answer"`
		ID      Expr `yaml:"id" desc:"the id of one"`
		Event   Expr `yaml:"event" desc:"its event"`
		URL     Expr `yaml:"url" desc:"its address"`
		Active  Expr `yaml:"active" desc:"whether the CRM still sends; default yes"`
	} `yaml:"list" desc:"those that are there"`
	Make struct {
		Request `yaml:",inline"`
		ID      Expr `yaml:"id" desc:"the new one's id in the answer"`
		Secret  Expr `yaml:"secret" desc:"its secret, which many CRMs show this once: it is kept sealed in the store"`
	} `yaml:"make" desc:"make one for $event at $url"`
	Drop *Request `yaml:"drop" desc:"take one away, $id, that is ours and off, or whose secret is not known"`
}

// Record is one type of records. One of person, message, call, meeting, task, deal, quote and note says what it is.
type Record struct {
	Person  *Person  `yaml:"person" desc:"somebody who is rated"`
	Message *Message `yaml:"message" desc:"a mail, a chat, a form, a text message"`
	Call    *Call    `yaml:"call" desc:"a telephone call"`
	Meeting *Meeting `yaml:"meeting" desc:"an appointment"`
	Task    *Task    `yaml:"task" desc:"something one of us has to do"`
	Deal    *Deal    `yaml:"deal" desc:"an opportunity"`
	Quote   *Quote   `yaml:"quote" desc:"an offer"`
	Note    bool     `yaml:"note" desc:"true: a note of one of us, of which its being there is all that is known"`

	Optional bool            `yaml:"optional" desc:"not every account has these: then they are nothing"`
	Read     *Read           `yaml:"read" in:"read" desc:"how records are read"`
	With     map[string]With `yaml:"with" in:"read" desc:"what is read beside each record, seen as $with.name"`
	List     *List           `yaml:"list" in:"list" desc:"how changed records are found: polls and backfill"`

	ID      Expr `yaml:"id" desc:"default .id"`
	Changed Expr `yaml:"changed" desc:"when it changed last; without it the receipt stands in"`
	Created Expr `yaml:"created" desc:"when it was made"`
	When    Expr `yaml:"when" desc:"false: it says nothing, as a draft does"`
	Deleted Expr `yaml:"deleted" desc:"whether the record says that it is deleted"`
	Merged  Expr `yaml:"merged" desc:"of a person: who it lives on in, as kind/id"`
	People  Expr `yaml:"people" desc:"whom it is filed with, as kind/id, or id alone where there is one kind"`
	Deals   Expr `yaml:"deals" desc:"the ids of the deals that it belongs to"`
	Through bool `yaml:"through" desc:"true: a record that is filed with nobody concerns the people of its deals"`

	pos
}

// Read is how records of a type are read.
type Read struct {
	Request `yaml:",inline"`
	Batch   int  `yaml:"batch" desc:"how many a call: with more than one $ids has them all, and item gives many"`
	Item    Expr `yaml:"item" desc:"the record in the answer; default the answer itself. None is one that is gone"`
}

// With is what is read beside a record.
type With struct {
	Request `yaml:",inline"`
	When    Expr `yaml:"when" in:"record" desc:"whether it is read for this record"`
	Item    Expr `yaml:"item" desc:"what of the answer is seen; default all"`
}

// List is how changed records are found.
type List struct {
	Request `yaml:",inline"`
	Items   Expr          `yaml:"items" desc:"the records in the answer, in the order of their change times; with $instant, those of that one time in the order of ids beyond $after"`
	Page    int           `yaml:"page" desc:"how many a page, seen as $page; default 100"`
	Next    Expr          `yaml:"next" desc:"the mark of the next page, where the CRM cannot ask by id within an instant; seen as $after; null: the last page"`
	Lag     time.Duration `yaml:"lag" desc:"how long the CRM's index may take to show a change; default 5m"`
	Whole   bool          `yaml:"whole" desc:"true: of people the list shows all that read does, so that our own writes are told from others'"`
	Notice  string        `yaml:"notice" desc:"the type that the items name, where it is another"`
}

// Person is somebody who is rated.
type Person struct {
	Kind       string          `yaml:"kind" desc:"where there are several kinds: lead, contact"`
	Text       int             `yaml:"text" desc:"how many characters a long text may have; default 4000"`
	Emails     Expr            `yaml:"emails" desc:"all addresses of the person"`
	Properties map[string]Expr `yaml:"properties" desc:"what is known of the person, by Winnow's names: opt_out, country, owner, time_zone, lead_status, customer, origin, industry, company_size, role ..."`
	Deals      *struct {
		Request `yaml:",inline"`
		IDs     Expr `yaml:"ids" desc:"their ids in the answer, the newest first"`
	} `yaml:"deals" in:"read" desc:"how the person's deals are found, where people share deals"`
	Status *Status `yaml:"status" desc:"the CRM's own status, which WINNOW_MODE=enforce sets"`
}

// Status is the CRM's own status of a person.
type Status struct {
	Field  string   `yaml:"field" desc:"its field"`
	Closed string   `yaml:"closed" desc:"the value of a disqualified person"`
	Open   []string `yaml:"open" desc:"the values that mean that somebody works on the person"`
	Values []string `yaml:"values" desc:"all values, where they are fixed"`
}

// Message is a mail or another message.
type Message struct {
	Channel   string `yaml:"channel" desc:"email (default), chat, form or sms"`
	Direction Expr   `yaml:"direction" desc:"in or out; where it is null the sender's address tells"`
	From      Expr   `yaml:"from" desc:"the sender's address"`
	To        Expr   `yaml:"to" desc:"the receivers' addresses"`
	Copy      Expr   `yaml:"copy" desc:"who had a copy"`
	Subject   Expr   `yaml:"subject" desc:"the subject"`
	Text      Expr   `yaml:"text" desc:"the words, plain"`
	HTML      Expr   `yaml:"html" desc:"the words as HTML, where there are no plain ones"`
	Headers   Expr   `yaml:"headers" desc:"raw headers, an object, by which machines show themselves"`
	At        Expr   `yaml:"at" desc:"when it was sent; default created"`
	Thread    Expr   `yaml:"thread" desc:"the id of the conversation"`
	Failed    Expr   `yaml:"failed" desc:"whether it did not arrive"`
	Mass      Expr   `yaml:"mass" desc:"whether nobody wrote it to them, as a newsletter"`
	Files     Expr   `yaml:"files" desc:"attachments of ours, a text each: name and size"`
}

// Call is a telephone call.
type Call struct {
	Direction Expr `yaml:"direction" desc:"in or out"`
	Outcome   Expr `yaml:"outcome" desc:"connected, no_answer, voicemail, call_off or null"`
	Seconds   Expr `yaml:"seconds" desc:"how long it took"`
	At        Expr `yaml:"at" desc:"when it was; default created"`
}

// Meeting is an appointment.
type Meeting struct {
	Start Expr `yaml:"start" desc:"when it begins"`
	End   Expr `yaml:"end" desc:"when it ends"`
	State Expr `yaml:"state" desc:"scheduled, held, rescheduled, no_show or cancelled; null is scheduled"`
	By    Expr `yaml:"by" desc:"who moved or called it off: in is the prospect, out is us, null is not known"`
	Moved Expr `yaml:"moved" desc:"the times at which its begin was changed"`
	At    Expr `yaml:"at" desc:"when it was made; default created"`
}

// Task is something one of us has to do.
type Task struct {
	Due  Expr `yaml:"due" desc:"until when"`
	Done Expr `yaml:"done" desc:"when it was done, or true"`
}

// Deal is an opportunity.
type Deal struct {
	Stage    Expr `yaml:"stage" desc:"how far it is"`
	Amount   Expr `yaml:"amount" desc:"in whole units of its currency"`
	Won      Expr `yaml:"won" desc:"when it was won, or true"`
	Lost     Expr `yaml:"lost" desc:"when it was lost, or true"`
	Moves    Expr `yaml:"moves" desc:"the stages it went through, oldest first, each {at, stage, probability}"`
	NextStep Expr `yaml:"next_step" desc:"whether a next step is on file"`
	Contract Expr `yaml:"contract" desc:"whether a contract is on file"`
}

// Quote is an offer.
type Quote struct {
	Lines    Expr `yaml:"lines" desc:"what it offers, a value each: quotes with the same lines and amount are the same offer"`
	Amount   Expr `yaml:"amount" desc:"in whole units of its currency"`
	Discount Expr `yaml:"discount" desc:"what is taken off the list price, in the same units"`
	Sent     Expr `yaml:"sent" desc:"the times at which it came to them, or true"`
	Accepted Expr `yaml:"accepted" desc:"when they accepted it, or true"`
	Expires  Expr `yaml:"expires" desc:"until when it holds"`
	Link     Expr `yaml:"link" desc:"its public address"`
	Margin   Expr `yaml:"margin" desc:"expected margin, per cent"`
}

// Fields is how Winnow's fields are spelt and written.
type Fields struct {
	Name    Expr   `yaml:"name" desc:"the CRM's name of a field, made of its own, . being winnow_rating; default the same"`
	Ours    string `yaml:"ours" desc:"a regular expression that a name fits which is no field of the CRM's own"`
	Flag    Expr   `yaml:"flag" desc:"true or false as the CRM wants it; . is a boolean"`
	Number  Expr   `yaml:"number" desc:"a whole number; . is a number"`
	Day     Expr   `yaml:"day" desc:"a day; . is 2026-03-02"`
	Instant Expr   `yaml:"instant" desc:"an instant; . is 2026-03-02T09:30:00Z"`
	Choice  Expr   `yaml:"choice" desc:"one of the options; . is a text"`
	Line    Expr   `yaml:"line" desc:"a short text"`
	Prose   Expr   `yaml:"prose" desc:"a long text"`
	Empty   Expr   `yaml:"empty" desc:"what clears a field; . is its type: flag, number, day, instant, choice, line or prose. Default null"`
}

// Write is how ratings are written.
type Write struct {
	Request  `yaml:",inline"`
	Batch    int      `yaml:"batch" desc:"how many people a call; default 1"`
	Together []string `yaml:"together" desc:"what those of one call have in common: kind, values"`
	Result   Expr     `yaml:"result" desc:"of a batch: a value for each of $changes in their order, true where it was written, or {ok, kind, reason}"`
}

// Setup is how fields are made.
type Setup struct {
	Have struct {
		Request `yaml:",inline"`
		Names   Expr `yaml:"names" desc:"the names of the fields in the answer"`
	} `yaml:"have" desc:"the fields that a type of records has"`
	Make   *Request `yaml:"make" desc:"make one; without it they are made by hand, and set-up shows which are missing"`
	After  *Request `yaml:"after" desc:"what is called once a field was made, as to rebuild"`
	Exists Expr     `yaml:"exists" desc:"whether a refusal of make says that the field is there by now"`
}

// Show is whom people are.
type Show struct {
	Card *Card                 `yaml:"card" in:"record" desc:"what people are called, by the record that read gives"`
	Find *Find                 `yaml:"find" desc:"how the people of a kind are found who have the address $email"`
	Link map[string]Template   `yaml:"link" desc:"the page of the record $id, by its type: a path below WINNOW_<S>_WEB_URL or else _API_URL. What has none is shown on the person's page"`
	Also map[string][]Template `yaml:"also" desc:"other addresses under which people see the page of a person, by its type, as link: whoever pastes one finds the person"`
}

// Pages are the addresses of the page of a record, by its type.
func (s *Show) Pages(typ string) []Template {
	pages := slices.Clone(s.Also[typ])
	if link, there := s.Link[typ]; there {
		pages = append(pages, link)
	}
	return pages
}

// Card is what people are called.
type Card struct {
	Name  Expr `yaml:"name" desc:"the name"`
	Email Expr `yaml:"email" desc:"the address; default the first of person.emails"`
}

// Find is how people are found.
type Find struct {
	Request `yaml:",inline"`
	IDs     Expr `yaml:"ids" desc:"their ids in the answer"`
}
