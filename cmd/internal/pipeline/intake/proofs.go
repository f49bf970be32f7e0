package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// proofs knows the best proof that the deliveries of one source have brought, which stands in the store, and what this
// process has stored of them lately.
type proofs struct {
	q      *queue.Queue
	source string
	stored *lru.Cache[[sha256.Size]byte, struct{}]
	look   func(context.Context) (stored.Proven, error) // what stands in the store

	noting sync.Mutex // one of several that prove themselves better than before notes it

	mu   sync.Mutex // is held for no call of the store's
	best stored.Proven
	read time.Time // when it was looked what stands in the store, in machine time
}

func newProofs(q *queue.Queue, source string) *proofs {
	seen, _ := lru.New[[sha256.Size]byte, struct{}](timing.SameDeliveries) // it refuses a size below 1 alone
	look := func(ctx context.Context) (stored.Proven, error) {
		best, _, err := stored.ProvenState(source).Get(ctx, q)
		return best, err
	}
	return &proofs{q: q, source: source, stored: seen, look: look}
}

// proofOf is what a delivery brings as its proof.
func proofOf(s watermark.Source, d connectors.Delivery) connectors.Proof {
	if s.CRM.Prove == nil {
		return connectors.Proof{}
	}
	return s.CRM.Prove.Proof(d)
}

// errNotKnown refuses a delivery while it is not known whether the source has brought a better proof.
var errNotKnown = errors.New("the store does not say how the source has proved itself")

// weaker returns an error where the source has brought a better proof before.
func (p *proofs) weaker(ctx context.Context, proof connectors.Proof) error {
	if proof.Rank == 0 {
		return nil
	}
	if ever, again := p.due(); again {
		switch found, err := p.look(ctx); {
		case err == nil:
			p.learned(found)
		case !ever:
			return fmt.Errorf("%w: %w", errNotKnown, err)
		}
	}
	best := p.known()
	if proof.Rank >= best.Rank {
		return nil
	}
	return fmt.Errorf("it is signed with %s alone, and the source has signed with %s before, which does not let "+
		"others make deliveries of one they saw: "+
		"where the CRM sends no %[2]s any more, set %s", proof.Name, best.Name, proof.Back)
}

// known is the best proof that this process knows of.
func (p *proofs) known() stored.Proven {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.best
}

// due reports whether it was ever looked what stands in the store, and whether the caller is to look again. While it
// does, the others go by what is known.
func (p *proofs) due() (ever, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ever, again = !p.read.IsZero(), time.Since(p.read) >= timing.ProofAgain
	if ever && again {
		p.read = time.Now()
	}
	return ever, again
}

// learned takes over what stands in the store, where proofs only get better.
func (p *proofs) learned(best stored.Proven) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = time.Now()
	if best.Rank > p.best.Rank {
		p.best = best
	}
}

// verified notes that a proof was right.
func (p *proofs) verified(ctx context.Context, proof connectors.Proof, t *watermark.Troubles) {
	source := zap.String("source", p.source)
	if proof.Weak != "" {
		t.Daily(p.source+" weak proof", "deliveries carry no better proof than an old one", fmt.Errorf(
			"signed with %s alone: anyone who has seen one can %s; have the CRM sign with its newest signature",
			proof.Name, proof.Weak), source)
	}
	if proof.Rank <= p.known().Rank {
		return
	}
	p.noting.Lock()
	defer p.noting.Unlock()
	if proof.Rank <= p.known().Rank {
		return // another noted it meanwhile
	}
	state := stored.ProvenState(p.source)
	best, rev, err := state.Get(ctx, p.q)
	if err == nil && best.Rank < proof.Rank {
		best = stored.Proven{Rank: proof.Rank, Name: proof.Name}
		err = state.Put(ctx, p.q, best, rev)
	}
	if err != nil { // the next one notes it
		t.Warns(p.source+" proof", "it is not kept how the source proves itself", err, source)
		return
	}
	p.learned(best)
}

// print is a hash of everything stored of a delivery except its time of receipt.
func print(d stored.Delivery) [sha256.Size]byte {
	d.Received = 0
	return sha256.Sum256(stored.Encode(d))
}
