package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// lettersAtOnce is how many dead letters one answer lists.
const lettersAtOnce = 500

func (a *Answers) letters(ctx context.Context, q api.LetterQuery) ([]api.Letter, error) {
	if q.Stage != "" && !slices.Contains(watermark.Stages(), q.Stage) {
		return nil, badRequest(fmt.Sprintf("stage %q: want one of %s", q.Stage, strings.Join(watermark.Stages(), ", ")))
	}
	letters, err := a.Queue.DeadLetters.List(ctx, q.After, lettersAtOnce, q.Stage, q.Source)
	if err == nil && len(letters) == 0 && q.After == 0 &&
		q.Source != "" { // a source that was removed may have some still
		err = a.Operate.Known(q.Source)
	}
	list := make([]api.Letter, len(letters))
	for i := range letters {
		list[i] = api.LetterOf(letters[i])
	}
	return list, err
}

func (a *Answers) showLetter(ctx context.Context, o api.LetterOrder) (api.Letter, error) {
	d, err := a.Queue.DeadLetters.Get(ctx, o.Number)
	if err != nil {
		return api.Letter{}, err
	}
	l := api.LetterOf(d)
	l.Payload = d.Payload
	return l, nil
}

func (a *Answers) resend(ctx context.Context, o api.LetterOrder) (api.Done, error) {
	return a.settleLetter(ctx, o, stored.ActResend, a.Operate.Resend)
}

func (a *Answers) discard(ctx context.Context, o api.LetterOrder) (api.Done, error) {
	return a.settleLetter(ctx, o, stored.ActDiscard, a.Queue.DeadLetters.Discard)
}

// settleLetter does something about a letter, and notes who did.
func (a *Answers) settleLetter(
	ctx context.Context, o api.LetterOrder, what string, do func(context.Context, uint64) error,
) (api.Done, error) {
	d, err := a.Queue.DeadLetters.Get(ctx, o.Number)
	if err != nil && !errors.Is(err, queue.ErrDamaged) {
		return api.Done{}, err
	}
	return a.did(ctx, do(ctx, o.Number), stored.Act{
		What: what, Source: d.Source, On: []string{"letter " + strconv.FormatUint(o.Number, 10)}, Note: o.Note,
	})
}
