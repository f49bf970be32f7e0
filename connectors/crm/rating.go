package crm

// Status is where a contact stands with Winnow.
type Status string

// The statuses.
const (
	Open         Status = "open"
	Pending      Status = "pending"
	Disqualified Status = "disqualified"
	Requalified  Status = "requalified"
	Nurture      Status = "nurture"
	Override     Status = "override"
)

// Letters are the ratings, the best first.
var Letters = []string{"A", "B", "C", "D"}

// Ground is why a contact is pending or disqualified: the disqualification reason code.
type Ground string

// The grounds.
const (
	Unresponsive Ground = "unresponsive"
	NoProgress   Ground = "no_progress"
	FactFinding  Ground = "fact_finding"
	SaidNo       Ground = "not_interested"
	SaidLater    Ground = "not_ready"
	Misfit       Ground = "misfit"
	Unprofitable Ground = "unprofitable"
	Difficult    Ground = "difficult"
	ByHuman      Ground = "human"
)

// Ball is who owes the next move.
type Ball string

// The sides.
const (
	Us   Ball = "us"
	Them Ball = "them"
	None Ball = "none"
)

// Owed is what we owe somebody who has the right to wait for it.
type Owed string

// What can be owed.
const (
	OwedAnswer  Owed = "answer"  // they have asked, or said yes
	OwedPromise Owed = "promise" // we have said that we would do something, and its time has come
	OwedDate    Owed = "date"    // we let an agreed date pass
	OwedTask    Owed = "task"    // a task of ours is overdue
)

// Decision is what Winnow announced about a contact. It becomes a fact when the CRM has shown it, timed by the CRM's
// answer, so that a grace never counts from a computed past.
type Decision struct {
	Status Status `cbor:"1,keyasint" json:"status"`
	Ground Ground `cbor:"2,keyasint,omitempty" json:"ground,omitempty"`
	// Hangs is the id of the fact that the decision rests on, mostly the last thing that they did or the question that
	// got no answer. Once a decision would rest on another fact, the episode is over and this decision void.
	Hangs    string `cbor:"3,keyasint,omitempty" json:"hangs,omitempty"`
	Enforced bool   `cbor:"6,keyasint,omitempty" json:"enforced,omitempty"` // the native status was set too
	Replaced string `cbor:"4,keyasint,omitempty" json:"replaced,omitempty"` // the native status that stood there before
	Shadow   bool   `cbor:"5,keyasint,omitempty" json:"shadow,omitempty"`   // announced to nobody: WINNOW_MODE=shadow
}

// Sub names a sub-score.
type Sub string

// The sub-scores, 0 to 100 each, 50 where nothing is known.
const (
	Engagement Sub = "engagement"
	Fit        Sub = "fit"
	Worth      Sub = "worth"
)

// Evidence points at one fact.
type Evidence struct {
	Fact string `cbor:"1,keyasint" json:"fact"`
	At   Millis `cbor:"2,keyasint,omitempty" json:"at,omitempty"`
}

// Reason is one signal's share of a sub-score.
type Reason struct {
	ID       string     `cbor:"1,keyasint" json:"id"`                      // A06
	Name     string     `cbor:"2,keyasint" json:"name"`                    // short_answers
	Sub      Sub        `cbor:"3,keyasint,omitempty" json:"sub,omitempty"` // empty: it explains without points
	Points   int        `cbor:"4,keyasint,omitempty" json:"points"`
	Text     string     `cbor:"5,keyasint,omitempty" json:"text"` // Says, once somebody reads it
	Evidence []Evidence `cbor:"6,keyasint,omitempty" json:"evidence,omitempty"`
	HalfLife int        `cbor:"7,keyasint,omitempty" json:"half_life_days,omitempty"` // days until half is left; 0: no decay
	// Says completes "This contact ...", fit for the contact to read: a list of what it did or is.
	Says []Phrase `cbor:"8,keyasint,omitempty" json:"-"`
}

// Rating is what the rules say of a contact at an instant.
type Rating struct {
	Letter  string `cbor:"1,keyasint,omitempty" json:"rating"` // A to D, the human's where there is an override; empty: not rated
	Machine string `cbor:"2,keyasint,omitempty" json:"machine_rating"`
	// Unrated says why there is no rating: opted_out, do_not_profile, staff, deleted, merged. Fields written before are
	// cleared once.
	Unrated string `cbor:"3,keyasint,omitempty" json:"unrated,omitempty"`

	Score      int      `cbor:"4,keyasint,omitempty" json:"score"`
	Engagement int      `cbor:"5,keyasint,omitempty" json:"engagement"`
	Fit        int      `cbor:"6,keyasint,omitempty" json:"fit"`
	Worth      int      `cbor:"7,keyasint,omitempty" json:"worth"`
	Reasons    []Reason `cbor:"8,keyasint,omitempty" json:"reasons"` // strongest first

	Status       Status `cbor:"9,keyasint,omitempty" json:"status"`
	Disqualified bool   `cbor:"10,keyasint,omitempty" json:"disqualified"`
	Ground       Ground `cbor:"11,keyasint,omitempty" json:"ground,omitempty"`
	PendingUntil Millis `cbor:"12,keyasint,omitempty" json:"pending_until,omitempty"`
	RecheckOn    Millis `cbor:"13,keyasint,omitempty" json:"recheck_on,omitempty"`

	Ball             Ball   `cbor:"14,keyasint,omitempty" json:"ball"`
	OwedSince        Millis `cbor:"15,keyasint,omitempty" json:"owed_reply_since,omitempty"`
	Treatment        string `cbor:"16,keyasint,omitempty" json:"treatment"`                    // intensive to nurture
	Action           string `cbor:"17,keyasint,omitempty" json:"recommended_action,omitempty"` // Advice, once read
	Message          string `cbor:"-" json:"recommended_message,omitempty"`
	MilestoneMissing bool   `cbor:"18,keyasint,omitempty" json:"next_milestone_missing"`
	Model            string `cbor:"19,keyasint,omitempty" json:"model"` // hash of the settings

	// Decide is set when this rating announces something new. It becomes a fact once the CRM shows it; while a decision
	// waits (settle, lag, backfill, breaker) the rating does not carry it and Status stays what it was.
	Decide *Decision `cbor:"20,keyasint,omitempty" json:"decide,omitempty"`
	// Held says what keeps a decision from being announced: settle, lag, backfill, profile. It stands here for explain,
	// not for the CRM.
	Held string `cbor:"21,keyasint,omitempty" json:"held,omitempty"`
	// Overdue says that they have waited for our answer longer than the service level allows.
	Overdue bool `cbor:"23,keyasint,omitempty" json:"overdue,omitempty"`
	// Advice says what to do next, a sentence each, and is Action once somebody reads it; Message is the farewell then.
	// Language is that in which they write, empty where it is not known.
	Advice   []Phrase `cbor:"24,keyasint,omitempty" json:"-"`
	Language string   `cbor:"25,keyasint,omitempty" json:"language,omitempty"`
	// Owes is what they wait for since OwedSince; empty: nothing.
	Owes Owed `cbor:"26,keyasint,omitempty" json:"-"`
	// Due is the next instant at which time alone changes anything above; 0: never.
	Due Millis `cbor:"22,keyasint,omitempty" json:"due,omitempty"`
}

// Field is one thing that Winnow writes to a contact, under its name here; connectors map it to a property.
type Field string

// The fields. Values are text: letters, whole numbers, true or false, 2006-01-02 for dates, RFC 3339 in UTC for
// instants; empty clears.
const (
	FieldRating           Field = "rating"
	FieldMachineRating    Field = "machine_rating"
	FieldScore            Field = "score"
	FieldEngagement       Field = "engagement"
	FieldFit              Field = "fit"
	FieldWorth            Field = "worth"
	FieldReasons          Field = "reasons"
	FieldStatus           Field = "status"
	FieldDisqualified     Field = "disqualified"
	FieldGround           Field = "disqualification_reason"
	FieldPendingUntil     Field = "pending_until"
	FieldRecheckOn        Field = "recheck_on"
	FieldBall             Field = "ball"
	FieldOwedSince        Field = "owed_reply_since"
	FieldTreatment        Field = "treatment"
	FieldAction           Field = "recommended_action"
	FieldMessage          Field = "recommended_message"
	FieldMilestoneMissing Field = "next_milestone_missing"
	FieldRatedAt          Field = "rated_at"
	FieldModel            Field = "model"
	// FieldNativeStatus is the CRM's own lead status, written under enforce only.
	FieldNativeStatus Field = "native_status"
)

// Change is what one contact's fields shall be.
type Change struct {
	Contact string
	Values  map[Field]string // a field that is not in it stays as it is; an empty value clears
}

// UnqualifiedStatus is the value of FieldNativeStatus for a disqualified contact; connectors translate it.
const UnqualifiedStatus = "unqualified"

// Ref names one record of the CRM that has to be fetched before it says anything.
type Ref struct {
	Type string `cbor:"1,keyasint" json:"type"` // the vendor's word: emails, contacts, deals
	ID   string `cbor:"2,keyasint" json:"id"`
	// Contacts, where given, are the contacts for whom it is wanted although the record itself may not name them yet.
	Contacts []string `cbor:"3,keyasint,omitempty" json:"contacts,omitempty"`
	Depth    int      `cbor:"4,keyasint,omitempty" json:"depth,omitempty"` // how many fetches led here: bounds what one notice can set off
	// Noticed is when we first heard of it by the pipeline's clock, which sets it: until it is fetched the source
	// counts as read only up to then.
	Noticed Millis `cbor:"5,keyasint,omitempty" json:"noticed,omitempty"`
	// AsOf is when (ms, the vendor's time, or that of the receipt where the vendor does not say) something happened to
	// the record that its own change time may not show: it was deleted, restored, or came to concern other contacts.
	// What is read of it later is true at that instant at the earliest.
	AsOf int64 `cbor:"6,keyasint,omitempty" json:"as_of,omitempty"`
	// Left are contacts whom the record is said to concern no more.
	Left []string `cbor:"7,keyasint,omitempty" json:"left,omitempty"`
	// Changed is when (ms, the vendor's time) the record changed, as the event says that names it; 0: none says.
	Changed int64 `cbor:"8,keyasint,omitempty" json:"changed,omitempty"`
	// Heard says that a delivery named the record. The pipeline sets it: what anybody who can make a delivery has us
	// fetch is bounded.
	Heard bool `cbor:"9,keyasint,omitempty" json:"heard,omitempty"`
}

// Removal says that a record is no longer there, and so takes back all that was said of it: the fact with its ID, those
// whose ID goes on from there with a slash, and what of it reached other contacts. Who holds such facts need not be
// known: the pipeline finds them.
type Removal struct {
	ID string `cbor:"1,keyasint" json:"id"` // as in Fact.ID: "tasks/123"
	// Version is when it went, by the vendor's clock (ms) or where the vendor does not say, by the receipt of its
	// notice: facts of a higher version stay.
	Version int64 `cbor:"2,keyasint" json:"version"`
	// Contact, where given, is the only one for whom it is gone.
	Contact string `cbor:"3,keyasint,omitempty" json:"contact,omitempty"`
}

// Notice is what a delivery, a poll or a fetch says: a complete fact, a record to fetch, or one that is gone. One of
// the four is set.
type Notice struct {
	Fact    *Fact
	Ref     *Ref
	Removed *Removal
	// Passed is the type, of few, of a record that nobody asked for: an event of it says nothing here, and is counted.
	Passed string
	// Account is the vendor's id of the account it is from, where deliveries tell; another than the token's is refused.
	Account string
}
