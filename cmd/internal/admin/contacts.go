package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// orderWait is how long who orders an erasure waits to be told that it is stored.
const orderWait = 15 * time.Second

// person is the contact that a request names.
func (a *Answers) person(p api.Person) (crm.ContactRef, error) {
	if p.Source == "" || p.Contact == "" {
		return crm.ContactRef{}, badRequest("source and contact are needed")
	}
	ref, err := a.Operate.Person(p.Source, p.Contact)
	if err != nil {
		return ref, badRequest(err.Error())
	}
	return ref, nil
}

func (a *Answers) explain(ctx context.Context, p api.Person) (out api.Explained, err error) {
	ref, err := a.person(p)
	if err != nil {
		return out, err
	}
	out.Explanation, err = a.Operate.Explain(ctx, ref)
	if errors.Is(err, operate.ErrUnknownContact) {
		err = cmp.Or(a.Operate.Known(p.Source), err)
	}
	if err != nil || out.MergedTo != "" || out.Rating.Unrated != "" {
		return out, err
	}
	if out.Letters, err = a.People.Letters(ctx, ref); err != nil {
		return out, err
	}
	answered, err := a.People.IfAnswered(ctx, ref)
	out.Answered = &answered
	return out, err
}

func (a *Answers) forget(ctx context.Context, o api.ForgetOrder) (api.ForgetAccepted, error) {
	ref, err := a.person(o.Person)
	if err != nil {
		return api.ForgetAccepted{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, orderWait)
	defer cancel()
	if err := a.canRate(); err != nil { // it would be accepted and not carried out
		return api.ForgetAccepted{}, err
	}
	known, err := a.Operate.Knows(ctx, ref)
	if err == nil && !known {
		err = a.Operate.Known(ref.Source)
		if err == nil && !o.Unknown { // an order to erase that hits nobody must not look done
			err = fmt.Errorf("%s: %w, so there is nothing to erase: is the id right?", ref, operate.ErrUnknownContact)
		}
	}
	if err != nil {
		return api.ForgetAccepted{}, err
	}
	done, err := a.did(
		ctx,
		a.Operate.Forget(ctx, ref),
		stored.Act{What: stored.ActForget, Source: ref.Source, Note: o.Note},
	)
	return api.ForgetAccepted{Accepted: done.Done, Known: known}, err
}

// canRate says whether ratings, and erasures with them, find room to be stored.
func (a *Answers) canRate() error { return a.Queue.Contacts.Room(1) }

func (a *Answers) forgotten(ctx context.Context, p api.Person) (api.Forgotten, error) {
	ref, err := a.person(p)
	if err != nil {
		return api.Forgotten{}, err
	}
	gone, err := a.Operate.Forgotten(ctx, ref)
	if err == nil && !gone {
		err = a.canRate() // why it is not carried out
	}
	return api.Forgotten{Forgotten: gone}, err
}

func (a *Answers) eraseTraces(ctx context.Context, t api.Traces) (api.TracesLeft, error) {
	ref, err := a.person(t.Person)
	if err != nil {
		return api.TracesLeft{}, err
	}
	left, err := a.Operate.Eraser.EraseTraces(ctx, ref, t.Addresses)
	return api.TracesLeft{Left: left}, err
}

func (a *Answers) compact(ctx context.Context, _ api.Nothing) (api.Compacted, error) {
	if err := a.Trim(ctx, 0); err != nil {
		return api.Compacted{}, err
	}
	n, err := a.Queue.Contacts.Compact(ctx, queue.CompactOptions{All: true, Rate: -1})
	return api.Compacted{Rewritten: n}, err
}
