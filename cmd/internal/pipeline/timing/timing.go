// Package timing is every wait, interval and bound of the pipeline in one table, with its reason, and the few
// functions that wait.
package timing

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Two clocks run here. Domain time is what Options.Now says: it dates facts, decisions and ratings, a test or the
// sandbox may stand it still or move it, and everything that a contact or an operator reads is in it. Machine time is
// time.Now and its timers: it paces work, retries and the log, and nothing that is stored depends on it.

// Defaults of Options.
const (
	Grace    = 20 * time.Second       // for work in hand when the process ends
	LeaseTTL = 10 * time.Second       // after this another process takes over what a dead one held
	Tick     = 250 * time.Millisecond // how often domain time and the sources are looked at
	// FirstWrite bounds, in machine time, how long a first write waits for what is on its way about the contact: a
	// source that is behind for longer, by one record that its CRM does not give perhaps, has its contacts written with
	// what is known.
	FirstWrite = 10 * time.Second
)

// Waits that all steps share, in machine time.
const (
	// StoreAgain is how long work waits that the queue could not take or give: it heals by itself, mostly within a
	// second.
	StoreAgain = time.Second
	// PullWait is how long a step waits for its first message before it looks again whether it is to end.
	PullWait = time.Second
	// LeaveWithin bounds what a process that ends tells the others; what it cannot say runs out by itself.
	LeaveWithin = time.Second
	// ScrapeWithin bounds each look-up of a scrape of the metrics. They are made side by side, and Prometheus waits for
	// ten seconds.
	ScrapeWithin = 5 * time.Second
	// LookFor is for how long a look that costs something serves all who ask: page, probe, metric and log.
	LookFor = time.Second
)

// The clock: how far it is believed, in domain time; its waits in machine time.
const (
	// ClockBound is how far the machine's clock may be from the CRMs' before nothing is announced any more. HubSpot
	// calls a signature stale after five minutes.
	ClockBound = 3 * time.Minute
	// ClockCall is how long a call may take whose answer tells the time.
	ClockCall = 10 * time.Second
	// ClockEarly is how long nothing is announced after the start while no CRM has told the time: mostly it has within
	// a second, and where it does not answer nothing can be announced anyway.
	ClockEarly = 30 * time.Second
	// ClockAsk and ClockAskMost are how often a CRM is asked that has not told the time yet.
	ClockAsk     = time.Second
	ClockAskMost = time.Minute
	// StaleLook is how often the signature of a stale delivery is checked all the same: where it is right, our clock is
	// wrong.
	StaleLook = 5 * time.Second
)

// What the store has lost, in machine time but for HistoryAgain.
const (
	// MendEvery is how often the queue is asked whether anything is damaged: it costs nothing.
	MendEvery = time.Second
	// ReleaseEvery is how often to check whether what was lost has been read again; a backfill takes minutes.
	ReleaseEvery = 2 * time.Second
	// HistoryAgain is how far back a record is read again that was lost, in domain time: as far as winnow backfill
	// does.
	HistoryAgain = 365 * 24 * time.Hour
)

// Receive, in machine time.
const (
	// ReceiveShare is how full DELIVERIES may be before receiving stops; the rest belongs to what is under way.
	ReceiveShare = 0.80
	// GroupBytes bounds what one group of deliveries may hold; a message may be up to queue.MaxBundle.
	GroupBytes = 2 << 20
	// BodyBytes bounds what the bodies hold together that are being read or wait for the store: until a signature is
	// verified anybody can send, over as many connections as they like. HubSpot's 100 events take 30 to 50 KB.
	BodyBytes = 64 << 20
	// SmallBody is up to where a body may use the quarter of that which is kept free of larger ones.
	SmallBody = 64 << 10
	// BodyRate is the least number of bytes a second at which a body must arrive, once BodyGrace is over. A CRM sends
	// what it has at once; nobody with a genuine delivery has a line slower than a modem's.
	BodyGrace = 3 * time.Second
	BodyRate  = 8 << 10
	// SenderBodies is how many bodies of one address are read at the same time: a CRM has some tens under way.
	SenderBodies = 256
	// BodyYoung is how old a body must be before it can be called slow.
	BodyYoung = 500 * time.Millisecond
)

// Refetch is how long a record is not fetched again because a delivery names it, unless it says that the record has
// changed since. A variable, so that a process that a test starts need not take that minute.
var Refetch = time.Minute

// What a verified delivery may set off, in machine time.
const (
	// SameDeliveries is how many deliveries of a source are remembered, so that the same one is not stored twice: some
	// hours' worth, in 5 MB.
	SameDeliveries = 1 << 16
	// RefetchMost is of how many records it is remembered when they were fetched: as many as a busy minute has.
	RefetchMost = 1 << 16
	// ProofAgain is how often to check whether another process has seen a better proof.
	ProofAgain = time.Minute
)

// Read, in machine time but for ClocksApart.
const (
	ReadMessages = 64       // messages of DELIVERIES taken together
	ReadBytes    = 64 << 10 // with this much at hand there is no waiting for more
	// Patience is how long after a round a step waits for more while it has little, because a small round costs as much
	// as a large one, and MostPatience how long where the disk is slow.
	Patience     = 10 * time.Millisecond
	MostPatience = 50 * time.Millisecond
	// EmptyShare is how full FACTS and FETCHES may be before reading stops: the rest belongs to the rating's own facts.
	EmptyShare = 0.90
	// ErasureAgain is how long an erasure waits while it is not known which account the credential is for, and
	// ErasureTries how often it is looked at before it ends in the dead letters: together some ten minutes, in which a
	// CRM that answers has told.
	ErasureAgain = 10 * time.Second
	ErasureTries = 60
	// ForeignAgain is how often to check whether the letter of another account is still there, in machine time: a
	// person may have discarded it.
	ForeignAgain = time.Hour
	// ClocksApart is how far ahead of the arrival of its delivery an event may be dated, in domain time.
	ClocksApart = time.Hour
)

// Fetch and write, in machine time.
const (
	// MaxDepth bounds what one notice can set off: contact, deal, the deal's other contacts, their messages.
	MaxDepth = 5
	// FetchSlow is how long a record waits whose kind is refused for want of a scope or a valid token.
	FetchSlow = time.Minute
	// FetchTurn is how long fetching waits for calls to end where half of FetchMost wait for theirs, or calls for the
	// CRM's budget.
	FetchTurn = 5 * time.Millisecond
	// FetchMost is how many references of a source wait for a call, to be divided by their types.
	FetchMost = 400
	// Together is within how long what one delivery or one commit holds is there. A call for the first of it alone would
	// be one more of those that the vendor counts.
	Together = 2 * time.Millisecond
	// WriteLinger is how long after another a batch goes that is not full.
	WriteLinger = 20 * time.Millisecond
	// WriteAgain bounds how long it waits for the calls that are under way: their vendor counts calls, not records.
	WriteAgain = 200 * time.Millisecond
	// TrialFirst is the wait after a record's first failure of its own; HubSpot asks for this much after a 423.
	TrialFirst = 2 * time.Second
	TrialMost  = 5 * time.Minute
	Conflicts  = 10 // tries, over a quarter of an hour, before a record that is busy is a dead letter
	Garbles    = 6  // tries before a record whose answer is never one is a dead letter
	Outages    = 20 // tries, over an hour, before a record at which the CRM fails while it answers others of its kind is one
	// BackoffFirst and BackoffMost are the wait of what failed because the CRM did.
	BackoffFirst = time.Second
	BackoffMost  = time.Minute
	// RestMost bounds how long the whole CRM is left alone because one call failed: a call shows when it is back.
	RestMost = 5 * time.Second
	// RecallEvery is how often a process takes over what another one has remembered of a source.
	RecallEvery = time.Minute
	// MaintainMost is the longest pause between two calls of Maintain, whatever it asks for: a CRM may have ended what
	// it had granted.
	MaintainMost = 6 * time.Hour
	// AccountMost bounds the wait between two questions whose account the credential is for.
	AccountMost = 5 * time.Minute
	// QuietMost is how long a CRM may go without a call before one is made only to see whether the credential holds: an
	// alert that looks at the last five minutes fires within them. It makes 480 calls a day in an account where nothing
	// happens.
	QuietMost = 3 * time.Minute
	// FillAgain is how long a backfill waits at least after the CRM refused a page.
	FillAgain = 2 * time.Second
	// HeldAgain is how long an announcement waits that the breaker holds; the owner rates it again meanwhile.
	HeldAgain = time.Minute
	Doubtful  = 2 // deliveries after which one record may be why the CRM fails at all of a call
)

// Poll and backfill, in domain time.
const (
	// PollLate is after how many intervals without a finished poll the source counts as read only up to that poll.
	PollLate = 3
	// BackfillIdle is how long a backfill may stand still, nobody knows why, before it no longer holds decisions back.
	BackfillIdle = 10 * time.Minute
)

// Retract: SweepAgain in domain time, SweepRest in machine time.
const (
	// MaxRemovals bounds the list of one source, which is stored as one value.
	MaxRemovals = 10_000
	// SweepRest is how long no sweep follows another, for each record that it read, so that reading all of them again
	// and again takes little of a process's time: ten thousand contacts have twenty seconds, a million have half an
	// hour.
	SweepRest = 2 * time.Millisecond
	// SweepBases is how many bases of long records whoever goes through all of them has in memory at once.
	SweepBases = 200
	// SweepAgain is after how long a sweep looks once more for what one has looked for. What was fetched before it was
	// gone may have been published only after the first one, and a merge may have carried it past that: both are over
	// long before.
	SweepAgain = 10 * time.Minute
)

// Rate: sizes of a step.
const (
	RateFacts    = 4000     // facts a commit takes together: large batches are what makes them cheap
	RateMessages = 512      // bundles pulled together
	RateEnough   = 200      // with this many at hand there is no waiting for more
	RateDue      = 1000     // contacts rated together because their time has come
	RatePaced    = 100      // contacts rated again, a step, because the settings changed
	RateBytes    = 16 << 20 // records that a batch holds; where a step has more it takes several, and the last one moves on
	ScansAtOnce  = 2        // take-overs that read their records at the same time: all at once crowd out the renewal of leases
	SeedBatch    = 4000     // contacts that one commit of Seed holds
)

// RateLate is for how long facts may wait to be rated, in machine time, before the process is not ready: a busy hour
// is rated within seconds, and a history as fast as the CRM gives it.
const RateLate = 30 * time.Minute

// Rate, in domain time: when a contact is looked at again.
const (
	// AskAgain is how long a profile may take to come before it is asked for again.
	AskAgain = time.Hour
	// Outstanding is how often a contact is looked at whose decision waits to be written: the CRM may be away, or the
	// breaker open.
	Outstanding = 10 * time.Minute
	// Lagging is how often a contact is looked at that waits for time to pass while its source is behind.
	Lagging = time.Hour
	// EffectAgain is how long an effect of a review waits that could not be carried out.
	EffectAgain = time.Minute
	// EffectWithin bounds, in machine time, how long the effects of one step may take.
	EffectWithin = 10 * time.Second
	// ReleasedFor is how long the release of the mass-change breaker lets everything through.
	ReleasedFor = 24 * time.Hour
)

// Upkeep, in machine time.
const (
	// KeepDeliveries is how long a delivery that was read stays for inspection.
	KeepDeliveries = time.Hour
	TrimEvery      = time.Minute
	TrimTight      = time.Second // where room is short, which stops receiving
	CompactEvery   = 24 * time.Hour
	// ReviewEvery and ReviewLeast say how often the share of flagged contacts is looked at, and of how many rated ones
	// at least.
	ReviewEvery = 24 * time.Hour
	CountEvery  = time.Hour // how often it is counted how contacts stand; of a day the last count stays
	ReviewLeast = 100
)

// The log, in machine time.
const (
	WarnEvery   = time.Minute      // what heals by itself is said again after this while it lasts
	ErrorEvery  = 10 * time.Minute // and what needs a person after this
	DailyEvery  = 24 * time.Hour   // what is as it is until somebody changes it
	RemindEvery = 6 * time.Hour    // how often the log says that dead letters hold decisions back
)

// Patient is until when a step waits for more whose last round has just ended, given when that began: on a slow or busy
// disk a round is expensive, and what arrives meanwhile costs the next one little more. A step that has rested for
// longer waits for nobody.
func Patient(began time.Time) time.Time {
	now := time.Now()
	return now.Add(min(max(4*now.Sub(began), Patience), MostPatience))
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Backoff is the wait after an attempt, counted from 1: base, doubled each time, up to most.
func Backoff(attempt int, base, most time.Duration) time.Duration {
	return min(most, base<<min(max(attempt-1, 0), 16))
}

// Jitter spreads d over 75 to 125 per cent, so that what failed together does not come back together.
func Jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// Finish returns a context for work in hand: it outlives ctx by the grace.
func Finish(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	hold, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(grace, cancel)
		context.AfterFunc(hold, func() { t.Stop() })
	})
	return hold, func() { stop(); cancel() }
}

// IgnoreDone is err, unless it only says that ctx ended.
func IgnoreDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}
