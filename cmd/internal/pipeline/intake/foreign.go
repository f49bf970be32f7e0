package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// KindForeign is the kind of the letter that stands for an account that is not the source's.
const KindForeign = "foreign"

// foreign knows which accounts other than the source's own send to it. One app serves many accounts with one secret, so
// their deliveries are genuine, but they concern nobody whom this source rates, whatever ids they name. They are
// counted, and each account gets one dead letter, without what it sent.
type foreign struct {
	at       time.Time // when it was looked which letters stand, in machine time
	standing map[string]bool
}

// mostForeign is how many accounts get a letter each. The next one's says that there are more.
const mostForeign = 100

// strange reports whether a notice is another account's.
func (r *Reader) strange(n crm.Notice) bool {
	account := r.Accounts.Account(r.s.Name)
	return n.Account != "" && account != "" && n.Account != account
}

// ours leaves out of a delivery what another account sent. Where nothing else in it can be read, what cannot be is
// theirs too, and not ours to keep.
func (r *Reader) ours(notices []crm.Notice, unread error) ([]crm.Notice, error) {
	left := slices.DeleteFunc(slices.Clone(notices), r.strange)
	if len(left) == 0 && unread != nil {
		r.Metrics.foreign.WithLabelValues(r.s.Name).Inc()
		return nil, nil
	}
	return left, unread
}

// note counts an event of an account, and sees to it that its letter stands.
func (f *foreign) note(ctx context.Context, r *Reader, account string) error {
	r.Metrics.foreign.WithLabelValues(r.s.Name).Inc()
	if time.Since(f.at) >= timing.ForeignAgain {
		if err := f.look(ctx, r); err != nil {
			return err
		}
	}
	if f.standing[account] || len(f.standing) > mostForeign {
		return nil
	}
	f.standing[account] = true
	if len(f.standing) > mostForeign {
		account = "and more"
	}
	d := queue.DeadLetter{
		Stage: watermark.StageRead, Source: r.s.Name, Kind: KindForeign, Nobody: true,
		Header: map[string]string{"account": account},
		Reason: fmt.Sprintf("account %s sends events to this source, whose token is of account %s: they are dropped",
			account, r.Accounts.Account(r.s.Name)),
		Fix: "take the source's address out of that account's app, or give the source the token of the account " +
			"that is meant; then discard the letter",
	}
	return r.Letters.BuryAs(ctx, "foreign."+account, d)
}

// look finds out which letters stand.
func (f *foreign) look(ctx context.Context, r *Reader) error {
	standing := map[string]bool{}
	err := r.Queue.DeadLetters.Each(ctx, 0, watermark.StageRead, r.s.Name, func(d queue.DeadLetter) error {
		if d.Kind == KindForeign {
			standing[d.Header["account"]] = true
		}
		return nil
	})
	if err == nil {
		f.standing, f.at = standing, time.Now()
	}
	return err
}
