package connectors

import (
	"errors"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Kind is what a program does about an error.
type Kind uint8

// The kinds. The pipeline's table says what each leads to.
const (
	Internal        Kind = iota // a fault here, or not classified: dead letter
	Malformed                   // bytes neither side can use: dead letter
	Unauthenticated             // signature or credential refused: retry slowly and tell the operator
	NotFound                    // record gone: nothing to do, or the write is parked
	Conflict                    // record busy or changed under us: retry it, slower each time
	RateLimited                 // retry after Error.After
	Unavailable                 // network, timeout or vendor 5xx: retry with backoff
	// the vendor understood and will not: a validation rule, a missing property; park with the reason
	Rejected
	Misconfigured // set-up is missing (properties, scopes): wait, and say what to run
	Garbled       // a 2xx that is not the vendor's answer: something stands between; retry with backoff
)

var kindNames = [...]string{
	"internal", "malformed", "unauthenticated", "not_found", "conflict", "rate_limited", "unavailable", "rejected",
	"misconfigured", "garbled",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// Error is the only error type a connector returns. Err holds no secret, no payload, no address and no URL query.
type Error struct {
	Vendor crm.Vendor
	Op     string        // "verify", "decode", "fetch", "poll", "write", "setup" or "account"
	Kind   Kind          // the zero Kind is Internal, so forgetting to classify is safe
	After  time.Duration // the wait the vendor asked for; 0 if it named none
	Whole  bool          // in a Write: the vendor named no record, the error stands for the whole batch
	// Unasked says that the request was held back because others had gone wrong: the CRM has not seen it, and the error
	// tells nothing of the records that it is about.
	Unasked bool
	// Stale says that by our clock the delivery is too old, or of a time to come, and that nothing else is wrong with
	// it: in a Verify its proof is right, in a Screen it was not looked at.
	Stale bool
	// Beside is set in a Write where all of our own fields were written, and only the CRM's own status was refused.
	Beside bool
	// Into is the person into whom the one of a Write was merged, where the CRM's answer tells: it may have written to
	// that one.
	Into string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Vendor, e.Op, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// About adds to an error of a connector what was being done; nil stays nil.
func About(err error, doing string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	own := *e // the error may be another's too
	own.Err = fmt.Errorf("%s: %w", doing, e.Err)
	return &own
}

// KindOf returns the Kind of the first *Error in err's chain, Internal where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// IsUnasked reports whether the CRM has not seen the request: see Error.
func IsUnasked(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Unasked
}

// IntoOf returns the person into whom the one of a Write was merged, empty where that is not known.
func IntoOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Into
	}
	return ""
}

// IsStale reports whether a delivery was refused for its time alone.
func IsStale(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Stale
}

// WroteOurs reports whether a Write set all of our own fields: it went well, or the CRM's own status alone was refused.
func WroteOurs(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return err == nil || ok && e.Beside
}

// AfterOf returns the wait that the vendor asked for, 0 if none.
func AfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.After
	}
	return 0
}

// KindOfStatus is the Kind of an HTTP status, where a vendor documents nothing else.
func KindOfStatus(status int) Kind {
	switch {
	case status == 401 || status == 403:
		return Unauthenticated
	case status == 404 || status == 410:
		return NotFound
	case status == 409 || status == 412 || status == 423:
		return Conflict
	case status == 429:
		return RateLimited
	case status == 408 || status == 425 || status >= 500:
		return Unavailable
	case status >= 400:
		return Rejected
	}
	return Internal
}
