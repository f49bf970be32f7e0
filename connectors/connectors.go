// Package connectors is the contract between Winnow and the CRMs. A vendor is a folder beside this file that implements
// it; connectortest holds every vendor to it.
package connectors

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Receiver turns deliveries into notices. It is pure and safe for concurrent use: no network, no clock.
type Receiver interface {
	// Verify reports whether d is the vendor's and fresh at the instant now. If not, the error is Unauthenticated, or
	// Malformed where the proof stands in a body that cannot be read.
	Verify(d Delivery, now time.Time) error

	// Keep returns what of a verified delivery is stored, which is all that Decode will see: of its query and headers
	// what Decode looks at, never the proof, and the body without the secrets that the vendor puts there. text says
	// that words of a message are left in it: then it leaves the store soon after it was read. Keeping what was kept
	// changes nothing.
	Keep(d Delivery) (kept Delivery, text bool)

	// Decode returns what a kept delivery says, in any order: complete facts, or references to what must be fetched.
	// None is normal: d may hold nothing we rate, or the echo of our own Write. Of a body that it can read in part it
	// returns the readable part and a Malformed error. Of a fact whose time the vendor does not tell, d.Received is the
	// Version, marked Ours.
	Decode(d Delivery) ([]crm.Notice, error)
}

// Screener is the role of a vendor whose deliveries carry their proof in the headers. It is pure: no network, no clock.
type Screener interface {
	// Screen refuses what Verify would refuse whatever the body is: a missing proof, a malformed one, one that is long
	// stale. The Body of d is not read yet. What it lets through still has to be verified.
	Screen(d Delivery, now time.Time) error
}

// Prover is the role of a vendor that says how good the proof of a delivery is. It is pure: no network, no clock.
type Prover interface {
	// Proof tells from the method, address and headers of d which kind of proof it brings, right or wrong.
	Proof(d Delivery) Proof
}

// Proof is the kind of proof that a delivery brings. The zero one is accepted, and nothing is known about it.
type Proof struct {
	Name string // for people: v3
	// Rank orders the proofs of one vendor: once a delivery of one rank is verified, those of a lower rank are refused,
	// or an attacker could strip the better proof to get the weaker check. 0: accepted whatever came before.
	Rank int
	// Weak says what anyone who has captured one such delivery can do with it, where the vendor has a better proof. It
	// completes "anyone who has seen one can".
	Weak string
	Back string // how such deliveries are taken again once they are refused: the setting
	// Unique says that the bytes of a delivery hold an id or a time of each event, so that the same bytes twice are one
	// delivery.
	Unique bool
}

// Dater is the role of a vendor that signs the time along with a delivery. It is pure: no network, no clock.
type Dater interface {
	// Dated returns when d was signed, zero where that is not part of its proof. It is asked of deliveries that Verify
	// accepts, or refuses as Stale.
	Dated(d Delivery) time.Time
}

// Replier is the role of a vendor that wants to hear something of its own. It is pure: no network, no clock.
type Replier interface {
	// Reply is the answer to d for what became of it. Whether it is durable is not the vendor's to say: Stored comes
	// only after it is.
	Reply(d Delivery, o Outcome) Reply

	// Handshake is the answer to a request that delivers nothing, as when the vendor asks whether somebody listens
	// here, by GET, OPTIONS or POST; false where d is none. It is asked before Verify.
	Handshake(d Delivery) (Reply, bool)
}

// Limits bound the calls of one kind.
type Limits struct {
	Batch int // how many records go into one call, at least 1. Source: the vendor's documented limit.
	Calls int // how many calls may be under way at once, at least 1
}

// Fetcher completes notices over the vendor's API, as many in one call as the vendor allows.
type Fetcher interface {
	// FetchLimits bound the fetches of records of one type. A type that is not known has limits too.
	FetchLimits(recordType string) Limits

	// Fetch returns what the references, all of one Type, stand for: a result for each, in their order. It makes one
	// attempt a request; the queue retries, guided by the error's Kind.
	Fetch(ctx context.Context, refs []crm.Ref) []Result
}

// Result is what one reference stands for: facts, and references to what has to be fetched next. A record that is gone
// gives none, or a removal. Beside an error there are no notices. A Whole error does not say whether this reference is
// at fault: the caller splits the call.
type Result struct {
	Notices []crm.Notice
	Err     error
}

// Together is the answer where one call stands for all of n references: their notices, which need not be told apart, or
// the error, which is Whole where there are several.
func Together(n int, notices []crm.Notice, err error) []Result {
	if n == 0 {
		return nil
	}
	results := make([]Result, n)
	if err == nil {
		results[0].Notices = notices
		return results
	}
	if e, ok := errors.AsType[*Error](err); ok {
		whole := *e // the error may be another's too
		whole.Whole = n > 1
		err = &whole
	}
	for i := range results {
		results[i].Err = err
	}
	return results
}

// Writer puts ratings into the CRM.
type Writer interface {
	// WriteLimits say how many changes are worth gathering before Split divides them, and how many Writes may be under
	// way at once.
	WriteLimits() Limits

	// Split divides changes into those of one Write each, by whatever the vendor's calls are apart: the kind of person,
	// equal values, the size. It loses none and doubles none. It is pure.
	Split(chs []crm.Change) [][]crm.Change

	// Write sets the fields in each change, all of one part that Split made or of a piece of it, and returns one error
	// per change, nil where it was written. Writing the same change twice is the same as writing it once. No two
	// changes name the same person. An answer that names no record stands for the whole call and is marked Whole: the
	// caller splits it.
	Write(ctx context.Context, chs []crm.Change) []error
}

// InBatches is Split for a vendor whose calls take any changes, up to batch of them.
func InBatches(chs []crm.Change, batch int) [][]crm.Change {
	return slices.Collect(slices.Chunk(chs, batch))
}

// Poller is the role of a vendor whose webhooks miss something, or that can do without them.
type Poller interface {
	// Poll returns what changed since the cursor, a page at a time: the notices, the next cursor, and whether more is
	// waiting now. The empty cursor starts at since. Pages overlap rather than leave a gap: the same record may come
	// twice.
	Poll(ctx context.Context, cursor string, since time.Time) (notices []crm.Notice, next string, more bool, err error)
}

// Backfiller is the role of a vendor whose history can be read back.
type Backfiller interface {
	// Backfill is Poll for what was there before Winnow: it starts at since and ends at until, resumes from its cursor,
	// and tells how many records it has read and, as far as the vendor says, will read (0: not known).
	Backfill(ctx context.Context, cursor string, since, until time.Time) (BackfillPage, error)
}

// Historian is the role of a vendor that finds the records of one person. It is pure: no network, no clock.
type Historian interface {
	// Past names all that there is of a person: its Fetch returns references to the person's own record and to every
	// record whose facts could reach that person. Its type is that of no record, and its ID is the person.
	Past(person string) crm.Ref
}

// BackfillPage is one step of a backfill.
type BackfillPage struct {
	Notices []crm.Notice
	Next    string // "" when it is finished
	Read    int    // records so far
	Total   int
	Stage   string // which kind of record is being read, for people
}

// Accounter is the role of a vendor whose credential belongs to one account.
type Accounter interface {
	// Account returns the vendor's id of the account that the credential is for. It asks the CRM each time, so that it
	// also tells whether the credential still holds.
	Account(ctx context.Context) (string, error)
}

// Relater is the role of a vendor that can tell whom a record concerns without reading the record.
type Relater interface {
	// Concerned returns the contacts that facts of the record could reach, none where there are none. It is asked when
	// the record itself cannot be read, so that no decision falls while what they may have answered lies there.
	Concerned(ctx context.Context, ref crm.Ref) ([]string, error)
}

// Installer is the role of a vendor whose fields `winnow setup` can create.
type Installer interface {
	// Plan returns what is missing, as steps a person can read; Apply carries one out.
	Plan(ctx context.Context) ([]Step, error)
	Apply(ctx context.Context, s Step) error
	// Lists is Plan for the lists that people work through; none where Winnow makes no lists in this CRM.
	Lists(ctx context.Context) ([]Step, error)
	// Advice is what remains to be done by hand: the subscriptions to make, the scopes to grant. What is to be pasted
	// into the CRM stands apart, as the file that it belongs into; nil where there is none.
	Advice(publicURL string) (text string, paste []byte)
}

// Step is one thing that set-up does in the CRM.
type Step struct {
	Name   string // property winnow_rating
	Detail string // enumeration A, B, C, D
	Have   bool   // it is there already
	Right  bool   // a permission of the credential, granted or missing
	Hand   string // what a person has to do where it is missing and Apply cannot make it
	Data   any    // the connector's own
}

// Maintainer is the role of a vendor that has something to keep alive, or to remember: keys that it shows once, tokens
// that rotate, channels that expire, names that it gave to fields. What it remembers is in Options.State.
type Maintainer interface {
	// Recall takes over what State holds. Every process calls it at the start and now and then, so that a key which one
	// process was given verifies in all of them.
	Recall(ctx context.Context) error

	// Maintain renews what is about to end and says when it wants to be called next. It is called by the one process
	// that speaks with the CRM, first at the start, and after an error again with a growing pause.
	Maintain(ctx context.Context) (next time.Time, err error)
}

// State is a small sealed memory of one source.
type State interface {
	// Get returns what was put under name, nil where there is nothing.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put keeps a value of a few kilobytes under name, durably; nil takes it out.
	Put(ctx context.Context, name string, value []byte) error
}

// Budgeter is the role of a vendor that knows how many calls are left.
type Budgeter interface {
	// Budget returns the calls left in the current interval and in the day; negative: not known.
	Budget() (interval, day int)

	// Queued says whether calls that read or write wait for the budget now. Another one would only wait behind them:
	// what it is to ask for had better grow meanwhile.
	Queued() bool
}
