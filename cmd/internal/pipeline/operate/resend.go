package operate

import (
	"cmp"
	"context"
	"fmt"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Resend puts a dead letter back where it came from and takes it off the list.
func (p *Operate) Resend(ctx context.Context, seq uint64) error {
	d, err := p.Queue.DeadLetters.Get(ctx, seq)
	if err != nil {
		return err
	}
	if d.Count > 0 {
		return fmt.Errorf("dead letter %d stands for %d that came beyond its source's share of the room: nothing of them is kept that could be sent again", seq, d.Count)
	}
	if d.Kind == watermark.KindDamaged && len(d.Contacts) == 0 {
		return fmt.Errorf("dead letter %d stands for what the store has lost: it is read again by itself, or by winnow backfill", seq)
	}
	switch d.Stage {
	case watermark.StageRead:
		again := stored.Enveloped(d)
		again.Came = cmp.Or(again.Came, again.Received)
		again.Received = crm.At(p.Now())
		err = stored.PublishDeliveries(ctx, p.Queue, d.Source, []stored.Delivery{again}, nil)
	case watermark.StageFetch:
		ref, e := stored.Decode[crm.Ref](d.Payload)
		if e != nil {
			return e
		}
		err = p.Queue.Fetches.Publish(ctx, []queue.FetchMsg{stored.ToFetch(d.Source, ref)}, stored.SinceEarlier)
	case watermark.StageWrite, watermark.StageRate:
		key, e := stored.Decode[queue.Key](d.Payload)
		if e != nil {
			return e
		}
		if d.Stage == watermark.StageWrite {
			err = p.Queue.Ratings.Touch(ctx, p.Queue.PartitionOf(key.Source, key.Contact), key)
		} else { // no facts are needed: any bundle that names the contact has it rated again
			err = p.Queue.Facts.Publish(ctx, []queue.Bundle{{Partition: p.Queue.PartitionOf(key.Source, key.Contact), Data: stored.Encode(stored.Bundle{
				Source: key.Source, Facts: []crm.Fact{{Contact: key.Contact, ID: "again", Kind: crm.KindLasting, Lasting: &crm.Lasting{}}},
			})}})
		}
	default:
		return fmt.Errorf("dead letter %d is of stage %q, which nothing can be sent to", seq, d.Stage)
	}
	if err != nil {
		return fmt.Errorf("send dead letter %d again: %w", seq, err)
	}
	return p.Queue.DeadLetters.Discard(ctx, seq)
}
