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

	mu   sync.Mutex
	best stored.Proven
	read time.Time // when it was looked what stands in the store, in machine time
}

func newProofs(q *queue.Queue, source string) *proofs {
	seen, _ := lru.New[[sha256.Size]byte, struct{}](timing.SameDeliveries) // it refuses a size below 1 alone
	return &proofs{q: q, source: source, stored: seen}
}

// proofOf is what a delivery brings as its proof.
func proofOf(s watermark.Source, d connectors.Delivery) connectors.Proof {
	if s.CRM.Prove == nil {
		return connectors.Proof{}
	}
	return s.CRM.Prove.Proof(d)
}

// errNotKnown is of a delivery of which it cannot be told whether better ones have come.
var errNotKnown = errors.New("the store does not say how the source has proved itself")

// weaker is an error where a proof is not as good as one that the source has brought before.
func (p *proofs) weaker(ctx context.Context, proof connectors.Proof) error {
	if proof.Rank == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.read) >= timing.ProofAgain {
		best, _, err := stored.ProvenState(p.source).Get(ctx, p.q)
		switch {
		case err == nil:
			p.best, p.read = best, time.Now()
		case p.read.IsZero():
			return fmt.Errorf("%w: %w", errNotKnown, err)
		}
	}
	if proof.Rank >= p.best.Rank {
		return nil
	}
	return fmt.Errorf("it is signed with %s alone, and the source has signed with %s before, which does not let "+
		"others make deliveries of one they saw: "+
		"where the CRM sends no %[2]s any more, set %s", proof.Name, p.best.Name, proof.Back)
}

// verified notes that a proof was right.
func (p *proofs) verified(ctx context.Context, proof connectors.Proof, t *watermark.Troubles) {
	source := zap.String("source", p.source)
	if proof.Weak != "" {
		t.Daily(p.source+" weak proof", "deliveries carry no better proof than an old one", fmt.Errorf(
			"signed with %s alone: anyone who has seen one can %s; have the CRM sign with its newest signature",
			proof.Name, proof.Weak), source)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if proof.Rank <= p.best.Rank {
		return
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
	p.best = best
}

// print stands for all that is stored of a delivery but when it came.
func print(d stored.Delivery) [sha256.Size]byte {
	d.Received = 0
	return sha256.Sum256(stored.Encode(d))
}
