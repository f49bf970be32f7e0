// Package connectors is the contract between Winnow and the CRMs. A vendor is a folder beside this file that implements it;
// connectortest holds every vendor to it.
package connectors

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Delivery is one webhook request exactly as received. Trust nothing in it before Verify.
type Delivery struct {
	Method string
	URL    *url.URL // as the vendor addressed us, query included: some sign it, some put their key in it
	Header http.Header
	Body   []byte // raw bytes; a signature is over these, never over re-encoded JSON
}

// Receiver turns deliveries into notices. It is pure and safe for concurrent use: no network, no clock.
type Receiver interface {
	// Verify reports whether d is the vendor's and fresh at the instant now; if not, the error is Unauthenticated.
	Verify(d Delivery, now time.Time) error

	// Decode returns what a verified delivery says, in any order: complete facts, or references to what must be fetched. None is
	// normal: d may hold nothing we rate, or the echo of our own Write. Of a body that it can read in part it returns the
	// readable part and a Malformed error. Only Body is sure to be set: deliveries are decoded long after they came.
	Decode(d Delivery) ([]crm.Notice, error)
}

// Fetcher completes notices over the vendor's API, as many in one call as the vendor allows.
type Fetcher interface {
	// MaxFetch is how many references one Fetch may carry. Source: the vendor's documented limit.
	MaxFetch() int

	// Fetch returns what the references, all of one Type, stand for: facts, and references to what has to be fetched next. A
	// record that is gone gives none. It makes one attempt a request; the queue retries, guided by the error's Kind. Beside an
	// error nothing is returned.
	Fetch(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error)
}

// Writer puts ratings into the CRM.
type Writer interface {
	// MaxBatch is how many changes one Write may carry. Source: the vendor's documented limit.
	MaxBatch() int

	// Write sets the fields in each change and returns one error per change, nil where it was written. Writing the same change
	// twice is the same as writing it once. No two changes name the same contact. An answer that names no record stands for
	// the whole batch: the caller splits it.
	Write(ctx context.Context, chs []crm.Change) []error
}

// Poller is the role of a vendor whose webhooks miss something, or that can do without them.
type Poller interface {
	// Poll returns what changed since the cursor, a page at a time: the notices, the next cursor, and whether more is waiting
	// now. The empty cursor starts at since. Pages overlap rather than leave a gap: the same record may come twice.
	Poll(ctx context.Context, cursor string, since time.Time) (notices []crm.Notice, next string, more bool, err error)
}

// Backfiller is the role of a vendor whose history can be read back.
type Backfiller interface {
	// Backfill is Poll for what was there before Winnow: it starts at since and ends at until, resumes from its cursor, and
	// tells how many records it has read and, as far as the vendor says, will read (0: not known).
	Backfill(ctx context.Context, cursor string, since, until time.Time) (BackfillPage, error)
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
	// Account returns the vendor's id of the account that the credential is for.
	Account(ctx context.Context) (string, error)
}

// Relater is the role of a vendor that can tell whom a record concerns without reading the record.
type Relater interface {
	// Concerned returns the contacts that facts of the record could reach, none where there are none. It is asked when the record
	// itself cannot be read, so that no decision falls while what they may have answered lies there.
	Concerned(ctx context.Context, ref crm.Ref) ([]string, error)
}

// Replier is the role of a vendor that wants more than an empty 2xx.
type Replier interface {
	// Reply is the body and its content type that acknowledge d once it is durable.
	Reply(d Delivery) (contentType string, body []byte)
}

// Installer is the role of a vendor whose fields `winnow setup` can create.
type Installer interface {
	// Plan returns what is missing, as steps a person can read; Apply carries one out.
	Plan(ctx context.Context) ([]Step, error)
	Apply(ctx context.Context, s Step) error
	// Advice is what remains to be done by hand: the subscriptions to paste, the scopes to grant.
	Advice(publicURL string) string
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

// Budgeter is the role of a vendor that knows how many calls are left.
type Budgeter interface {
	// Budget returns the calls left in the current interval and in the day; negative: not known.
	Budget() (interval, day int)
}
