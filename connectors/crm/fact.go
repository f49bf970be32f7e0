package crm

import (
	"cmp"
	"strings"
)

// Kind says which part of a Fact is set.
type Kind uint8

// The kinds of facts. Numbers are stored: never reuse one.
const (
	KindMessage   Kind = 1 // mail, chat, form, text message
	KindCall      Kind = 2
	KindMeeting   Kind = 3
	KindQuote     Kind = 4
	KindTask      Kind = 5
	KindDeal      Kind = 6
	KindProperty  Kind = 7  // one property of the contact, latest value
	KindDecision  Kind = 8  // what Winnow announced and the CRM showed
	KindExistence Kind = 9  // deleted from the CRM, or restored
	KindMerge     Kind = 10 // merged into another contact, or the other contact's side of it
	KindForget    Kind = 11 // erase this contact everywhere
	KindReferral  Kind = 12 // this contact sent us another one, or came through one
	KindLasting   Kind = 13 // what a bounded record would forget but a rule needs
	// KindNote is a note that one of us wrote about the contact. It has no part of its own: that somebody took the time
	// is all that is known. It is no message, in neither direction, and its words are ours, so nothing in it may count
	// against them.
	KindNote Kind = 14
)

// Fact is one small thing known about one contact. Facts form a set: of two with the same ID the higher Version counts,
// of equal versions the higher Seq, then the one that is Gone, and then the greater encoding, so that order, repetition
// and splitting of deliveries make no difference.
type Fact struct {
	// whom it is about, as Person.String writes it
	Contact string `cbor:"1,keyasint,omitempty" json:"contact,omitempty"`
	// "emails/123", "property/lifecycle_stage": unique within the contact
	ID      string `cbor:"2,keyasint" json:"id"`
	Version int64  `cbor:"3,keyasint,omitempty" json:"version,omitempty"` // the vendor's change time, ms; see Ours
	Kind    Kind   `cbor:"4,keyasint" json:"kind"`
	// At is when the thing came about (sent, created, called). It is the same in every version of a fact, because the
	// record keeps the newest facts by At; what may move (a meeting's start, a task's due date) has a field of its own.
	At Millis `cbor:"5,keyasint,omitempty" json:"at,omitempty"`
	// Peer is set when the fact is another contact's that reaches this one through a shared deal or account: it can
	// clear what we wait for, but it is nobody else's conduct.
	Peer string `cbor:"6,keyasint,omitempty" json:"peer,omitempty"`
	// Gone is set in a version which says that the CRM no longer has this fact, or no longer associates it with this
	// contact. The fact then counts for nothing, until a higher version brings it back. Such a version has the Kind,
	// the At and the Peer of what it takes back, so that it takes its place. Of the fields below it keeps a Task or a
	// Meeting only: while that was open or booked, nothing was owed.
	Gone bool `cbor:"7,keyasint,omitempty" json:"gone,omitempty"`

	// Seq orders versions of one time: two changes within one tick of the vendor's clock. It is the vendor's own count
	// where there is one, else, of a record that was read, the instant of the reading in ms: what is read later is
	// later. 0: not known.
	Seq int64 `cbor:"8,keyasint,omitempty" json:"seq,omitempty"`
	// Ours says that Version is when we received the fact, because the vendor gives no time. Any version with the
	// vendor's own time beats it.
	Ours bool `cbor:"9,keyasint,omitempty" json:"ours,omitempty"`

	Message   *Message   `cbor:"10,keyasint,omitempty" json:"message,omitempty"`
	Call      *Call      `cbor:"11,keyasint,omitempty" json:"call,omitempty"`
	Meeting   *Meeting   `cbor:"12,keyasint,omitempty" json:"meeting,omitempty"`
	Quote     *Quote     `cbor:"13,keyasint,omitempty" json:"quote,omitempty"`
	Task      *Task      `cbor:"14,keyasint,omitempty" json:"task,omitempty"`
	Deal      *Deal      `cbor:"15,keyasint,omitempty" json:"deal,omitempty"`
	Property  *Property  `cbor:"16,keyasint,omitempty" json:"property,omitempty"`
	Decision  *Decision  `cbor:"17,keyasint,omitempty" json:"decision,omitempty"`
	Existence *Existence `cbor:"18,keyasint,omitempty" json:"existence,omitempty"`
	Merge     *Merge     `cbor:"19,keyasint,omitempty" json:"merge,omitempty"`
	Referral  *Referral  `cbor:"20,keyasint,omitempty" json:"referral,omitempty"`
	Lasting   *Lasting   `cbor:"21,keyasint,omitempty" json:"lasting,omitempty"`
}

// Compare orders versions of one fact: negative where f is the older one, 0 where neither time nor count tells them
// apart.
func (f *Fact) Compare(g *Fact) int {
	if f.Ours != g.Ours {
		if f.Ours {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(f.Version, g.Version), cmp.Compare(f.Seq, g.Seq))
}

// PeerPrefix begins the ID of a fact that reaches a contact as another one's; the rest is the other's own ID of it.
const PeerPrefix = "peer/"

// Stranger is the Peer of a fact that came from somebody who is no contact in the CRM.
const Stranger = "stranger"

// Direction is seen from us: In comes from the prospect, Out goes to them.
type Direction uint8

// The directions; the zero one is not known.
const (
	In  Direction = 1
	Out Direction = 2
)

// Channel is how a message travelled.
type Channel uint8

// The channels.
const (
	Email Channel = 1
	Chat  Channel = 2
	Form  Channel = 3
	SMS   Channel = 4 // text messages and messengers
)

// Message is one message in or out.
type Message struct {
	Direction Direction `cbor:"1,keyasint" json:"direction"`
	Channel   Channel   `cbor:"2,keyasint" json:"channel"`
	Thread    string    `cbor:"3,keyasint,omitempty" json:"thread,omitempty"` // the vendor's id of the conversation
	Failed    bool      `cbor:"4,keyasint,omitempty" json:"failed,omitempty"` // not delivered: bounced, refused
	// newsletter or sequence step: nobody wrote it to them
	Mass bool `cbor:"5,keyasint,omitempty" json:"mass,omitempty"`
	// of ours, to somebody else: they had only a copy
	Copied bool `cbor:"8,keyasint,omitempty" json:"copied,omitempty"`
	Text   Text `cbor:"6,keyasint" json:"text"`
	// Hash of each link in an out message: finds resent quotes
	Links []uint64 `cbor:"7,keyasint,omitempty" json:"links,omitempty"`
	// Files has a keyed hash of each attachment of an out message (name and size, or content): a quote may be a file.
	Files []uint64 `cbor:"9,keyasint,omitempty" json:"files,omitempty"`
	// Lines has a keyed hash of each line of substance of an out message: a reply that quotes it is told from their own
	// words.
	Lines []uint64 `cbor:"10,keyasint,omitempty" json:"lines,omitempty"`
}

// Class is what sort of message a text is.
type Class uint8

// The classes; the zero one is a person writing.
const (
	Human       Class = 0
	AutoReply   Class = 1 // acknowledgement by a machine
	OutOfOffice Class = 2 // absence, with Text.Return where it is stated
	Gone        Class = 3 // no longer with the company
	Bounce      Class = 4
	Receipt     Class = 5 // delivery or read receipt
	Calendar    Class = 6 // invitation accepted, declined or tentative, by the calendar
	Bulk        Class = 7 // mass mail, list traffic
)

// Intents is the set of what a text does.
type Intents uint32

// The intents. Bits are stored: never reuse one.
const (
	QuoteRequest   Intents = 1 << iota // asks for a quote, a price, an offer
	QuoteAgain                         // asks for one that was sent before
	Discount                           // asks for a better price
	FutureBusiness                     // promises later business
	ProposesTime                       // offers or asks for a time to talk
	AcceptsTime                        // agrees to a time
	RefusesTime                        // refuses a proposed time without offering another
	DefersTime                         // "later", "next month", "I will let you know"
	Asks                               // asks a question
	AsksYesNo                          // at least one of the questions can be answered with yes or no
	Answers                            // answers a question: explains, gives facts
	ClearYes                           // a clear yes or agreement
	ClearNo                            // a clear no to a question, which is an answer too
	Informs                            // holds a date, a time, a number or an address: short but informative
	Vague                              // maybe, not sure, a shrug
	Accepts                            // accepts an offer or quote
	NotInterested                      // says they do not want it
	NotReady                           // says not now, come back at some time
	OptOut                             // wants no more messages
	Thanks                             // thanks or a goodbye with nothing to answer
	Urgent                             // presses for speed
	ChangeRequest                      // wants the scope or the order changed
	CarriesQuote                       // of ours: hands over a quote or offer
	// promises to do something ("I will send it tomorrow"); theirs: to come back to us, or send something
	Promises
	// asks for something to be sent or done, in the form of a request rather than a question
	Requests
	Refers // names another person as the right one to ask
	// of ours: a confirmation, notice or stock reminder, which neither asks nor answers
	Confirms
	OurFault // says that our link did not open, or that our file was missing, wrong, or never came
)

var intentNames = []string{
	"quote_request", "quote_again", "discount", "future_business", "proposes_time", "accepts_time", "refuses_time",
	"defers_time", "asks", "asks_yes_no", "answers", "clear_yes", "clear_no", "informs", "vague", "accepts",
	"not_interested", "not_ready", "opt_out", "thanks", "urgent", "change_request", "carries_quote", "promises",
	"requests", "refers", "confirms", "our_fault",
}

// Has reports whether all of the intents in j are in i.
func (i Intents) Has(j Intents) bool { return i&j == j }

// Any reports whether one of the intents in j is in i.
func (i Intents) Any(j Intents) bool { return i&j != 0 }

func (i Intents) String() string {
	var names []string
	for n, name := range intentNames {
		if i&(1<<n) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// Text is what is kept of a message: features, never words.
type Text struct {
	Class Class `cbor:"1,keyasint,omitempty" json:"class,omitempty"`
	// length in units of its script, quoted text and signature stripped
	Units   int     `cbor:"2,keyasint,omitempty" json:"units,omitempty"`
	Asks    int     `cbor:"3,keyasint,omitempty" json:"asks,omitempty"` // questions in it
	Intents Intents `cbor:"4,keyasint,omitempty" json:"intents,omitempty"`
	// the start of the day on which an absence ends, where stated
	Return Millis `cbor:"5,keyasint,omitempty" json:"return,omitempty"`
	// by when something is promised or "not before", where stated
	Horizon Millis `cbor:"6,keyasint,omitempty" json:"horizon,omitempty"`
	// keyed hash of the normalised text: equal texts, equal keys
	Key uint64 `cbor:"7,keyasint,omitempty" json:"key,omitempty"`
	// Unread is set where the CRM would not show the text: the direction and time still count, nothing is read into it.
	Unread bool `cbor:"8,keyasint,omitempty" json:"unread,omitempty"`
	// Weak are readings that could harm (refusal, opt-out, deferral) and are not certain enough to act on: advice,
	// never a ground.
	Weak Intents `cbor:"9,keyasint,omitempty" json:"weak,omitempty"`
	// Loose is set where Horizon was said without a day: "next week", "soon".
	Loose bool `cbor:"10,keyasint,omitempty" json:"loose,omitempty"`
	// Language is that in which a message of theirs is plainly written (ISO 639-1), of those whose lexicon tells it;
	// empty where it is not plain. We answer in it and judge nobody by it.
	Language string `cbor:"11,keyasint,omitempty" json:"language,omitempty"`
}

// Outcome is how a call ended.
type Outcome uint8

// The outcomes of calls.
const (
	Connected Outcome = 1
	NoAnswer  Outcome = 2 // rang, or busy
	Voicemail Outcome = 3
	CallOff   Outcome = 4 // cancelled, or failed before it rang: it never happened for them
)

// Call is one telephone call.
type Call struct {
	Direction Direction `cbor:"1,keyasint" json:"direction"`
	Outcome   Outcome   `cbor:"2,keyasint,omitempty" json:"outcome,omitempty"`
	Seconds   int       `cbor:"3,keyasint,omitempty" json:"seconds,omitempty"`
}

// MeetingState is what became of a meeting.
type MeetingState uint8

// The states of meetings. Scheduled with an end in the past counts as held when nothing says otherwise.
const (
	Scheduled   MeetingState = 0
	Held        MeetingState = 1
	Rescheduled MeetingState = 2
	NoShow      MeetingState = 3 // they did not come
	Cancelled   MeetingState = 4
)

// Meeting is one meeting or call appointment with them.
type Meeting struct {
	Start Millis       `cbor:"1,keyasint,omitempty" json:"start,omitempty"`
	End   Millis       `cbor:"2,keyasint,omitempty" json:"end,omitempty"`
	State MeetingState `cbor:"3,keyasint,omitempty" json:"state,omitempty"`
	Moved []Millis     `cbor:"4,keyasint,omitempty" json:"moved,omitempty"` // when its start was changed, oldest first
	// who moved or cancelled it; zero: not known, held against nobody
	By Direction `cbor:"5,keyasint,omitempty" json:"by,omitempty"`
}

// Quote is one quote document.
type Quote struct {
	// of its content: lines, total, terms; not number, date, validity
	Key string `cbor:"1,keyasint,omitempty" json:"key,omitempty"`
	// Hash of its public link, as in Message.Links
	Link uint64 `cbor:"2,keyasint,omitempty" json:"link,omitempty"`
	// each time it was published, oldest first
	Sent     []Millis `cbor:"3,keyasint,omitempty" json:"sent,omitempty"`
	Accepted Millis   `cbor:"4,keyasint,omitempty" json:"accepted,omitempty"` // signed, paid or accepted
	Amount   int64    `cbor:"5,keyasint,omitempty" json:"amount,omitempty"`   // minor units (cents)
	Discount int64    `cbor:"6,keyasint,omitempty" json:"discount,omitempty"` // minor units taken off the list price
	Expires  Millis   `cbor:"7,keyasint,omitempty" json:"expires,omitempty"`
	// expected margin after discount, per cent, where the CRM knows it
	Margin *int `cbor:"8,keyasint,omitempty" json:"margin,omitempty"`
}

// Task is something one of us has to do.
type Task struct {
	Due  Millis `cbor:"1,keyasint,omitempty" json:"due,omitempty"`
	Done Millis `cbor:"2,keyasint,omitempty" json:"done,omitempty"` // 0: still open
}

// StageMove is one change of a deal's stage.
type StageMove struct {
	At    Millis `cbor:"1,keyasint" json:"at"`
	Stage string `cbor:"2,keyasint" json:"stage"`
	// per cent, as the pipeline has it: a rise is progress
	Probability int `cbor:"3,keyasint,omitempty" json:"probability,omitempty"`
}

// Deal is one opportunity that the contact is part of.
type Deal struct {
	Stage    string      `cbor:"1,keyasint,omitempty" json:"stage,omitempty"`
	Moves    []StageMove `cbor:"2,keyasint,omitempty" json:"moves,omitempty"` // oldest first
	Won      Millis      `cbor:"3,keyasint,omitempty" json:"won,omitempty"`
	Lost     Millis      `cbor:"4,keyasint,omitempty" json:"lost,omitempty"`
	Amount   int64       `cbor:"5,keyasint,omitempty" json:"amount,omitempty"`    // minor units
	NextStep bool        `cbor:"6,keyasint,omitempty" json:"next_step,omitempty"` // a next milestone is on file
	// a contract or agreed scope is on file
	Contract bool `cbor:"7,keyasint,omitempty" json:"contract,omitempty"`
}

// Property is one property of the contact under its name here (the Prop constants) or, for fit, the vendor's own.
type Property struct {
	Name  string `cbor:"1,keyasint" json:"name"`
	Value string `cbor:"2,keyasint,omitempty" json:"value"` // empty: cleared
	// OfRecord says that the fact's Version is when anything of the person's record changed, because the vendor gives
	// no time of the property's own. The record then finds out from all versions when this property changed, as far as
	// that was seen: At.
	OfRecord bool `cbor:"3,keyasint,omitempty" json:"of_record,omitempty"`
	// Other is the last Version in which an OfRecord property had another value; the record keeps it.
	Other int64 `cbor:"4,keyasint,omitempty" json:"other,omitempty"`
}

// Unrates reports whether nobody with this property is rated: of such a person a connector says whether fields of ours
// show something (PropShown).
func (p Property) Unrates() bool {
	return p.Value == "true" && (p.Name == PropOptOut || p.Name == PropDoNotProfile || p.Name == PropStaff)
}

// The properties that rules know by name; connectors translate the vendor's.
const (
	PropCreated       = "created"         // RFC 3339: when the CRM got to know the contact
	PropCustomer      = "customer"        // "true" for a customer by lifecycle stage
	PropStaff         = "staff"           // "true" for one of our own
	PropLifecycle     = "lifecycle_stage" // the vendor's value
	PropLeadStatus    = "lead_status"     // the vendor's native status
	PropTimeZone      = "time_zone"       // IANA name
	PropCountry       = "country"         // ISO 3166-1 alpha-2
	PropOptOut        = "opt_out"         // "true": wants no mail
	PropDoNotProfile  = "do_not_profile"  // "true": must not be scored
	PropNextActivity  = "next_activity"   // RFC 3339: agreed next activity
	PropOwner         = "owner"           // the CRM's id of the person of ours who answers for them
	PropOwnerTimeZone = "owner_time_zone" // IANA name
	PropOverride      = "override"        // A, B, C, D, keep or disqualified, set by a human
	PropOverrideUntil = "override_until"  // RFC 3339 or a date
	PropOverrideOdd   = "override_odd"    // "true" as of when the override was given a word that is none
	// "true" where fields of ours show something, of a contact who must not be rated
	PropShown   = "shown"
	PropOrigin  = "origin"  // "inbound" where they came to us, "outbound" where we went to them
	PropSegment = "segment" // which profile of the settings applies
	// "true" once the person's own record was read: nothing is written of anybody before
	PropProfiled = "profiled"
)

// Reserved reports whether a property's name is one of those above: a property of the vendor's own by such a name is
// not taken for it.
func Reserved(name string) bool {
	switch name {
	case PropCreated, PropCustomer, PropStaff, PropLifecycle, PropLeadStatus, PropTimeZone, PropCountry, PropOptOut,
		PropDoNotProfile,
		PropNextActivity, PropOwner, PropOwnerTimeZone, PropOverride, PropOverrideUntil, PropOverrideOdd, PropShown,
		PropOrigin, PropSegment, PropProfiled:
		return true
	}
	return false
}

// Storable reports whether a property's value may become a fact: no fact holds an address, or a text of more than 256
// bytes.
func Storable(value string) bool { return !strings.Contains(value, "@") && len(value) <= 256 }

// Existence is whether the contact is there in the CRM.
type Existence struct {
	Deleted bool `cbor:"1,keyasint" json:"deleted"`
}

// Merge stands in the record of each contact concerned. In a loser's, Into is the winner; in the winner's, From are all
// the losers whose facts have to come before anything is decided.
type Merge struct {
	Into string   `cbor:"1,keyasint,omitempty" json:"into,omitempty"`
	From []string `cbor:"2,keyasint,omitempty" json:"from,omitempty"`
	// in the winner's: the loser whose facts have all come
	Done string `cbor:"3,keyasint,omitempty" json:"done,omitempty"`
}

// Referral is one contact sent by another.
type Referral struct {
	// Out: this contact sent us Other; In: it came through Other
	Direction Direction `cbor:"1,keyasint" json:"direction"`
	Other     string    `cbor:"2,keyasint" json:"other"`
	Level     int       `cbor:"3,keyasint,omitempty" json:"level,omitempty"` // 1 to 3
}

// Lasting keeps what must survive when old facts leave a full record. It holds minima and maxima only, never counts, so
// that two of them join in any order and a union counts once. Unlike other facts, versions of it are joined, not
// replaced.
type Lasting struct {
	// earliest message or call in either direction
	First   Millis `cbor:"1,keyasint,omitempty" json:"first,omitempty"`
	FirstIn Millis `cbor:"2,keyasint,omitempty" json:"first_in,omitempty"` // earliest of theirs
	Quoted  Millis `cbor:"3,keyasint,omitempty" json:"quoted,omitempty"`   // earliest quote sent
	Met     Millis `cbor:"4,keyasint,omitempty" json:"met,omitempty"`      // earliest meeting held
	LastMet Millis `cbor:"5,keyasint,omitempty" json:"last_met,omitempty"` // latest meeting held
	Won     Millis `cbor:"6,keyasint,omitempty" json:"won,omitempty"`      // earliest deal won
	LastWon Millis `cbor:"7,keyasint,omitempty" json:"last_won,omitempty"` // latest deal won
}
