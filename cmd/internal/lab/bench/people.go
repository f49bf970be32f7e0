package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// filling is the contacts that a worker of kind fill puts into a new store.
type filling struct {
	IDs   []string // that the CRM calls them by
	Mails int      // of each
}

// fill has a build fill the store in dir with the contacts of p, as they are after some months with Winnow: a profile
// and their mails each, rated, and shown by the CRM. Each build fills its own, because another may keep records in a
// format that it cannot read.
func (r *run) fill(ctx context.Context, command []string, p *portal, dir string, sc scene) error {
	said := &tail{}
	cmd := exec.CommandContext(ctx, command[0], append(slices.Clone(command[1:]), fill)...)
	cmd.Env = r.environ(dir, p.url, sc.env...)
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	told := json.NewEncoder(in).Encode(filling{p.ids, max(sc.mails, 4)})
	if err := cmd.Wait(); err != nil { // it closes in, so a build that is waiting for its end has it
		return fmt.Errorf("fill a store: %w; the last words of %s: %s", errors.Join(err, told), command[0], said)
	}
	return nil
}

// workFill puts the contacts that in names into a new store.
func workFill(ctx context.Context, cfg *config.Config, in io.Reader) (err error) {
	var f filling
	if err := json.NewDecoder(in).Decode(&f); err != nil {
		return fmt.Errorf("whom to put into the store: %w", err)
	}
	a, err := app.New(ctx, cfg, zap.NewNop(), app.Options{Quiet: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	now := time.Now()
	return a.Pipeline.Seed(ctx, source, len(f.IDs), func(i int) (string, []crm.Fact) {
		return f.IDs[i], person(i, f.Mails, now)
	})
}

// person is what is known of the i-th contact: nine properties and so many mails, by fours of which the last is a
// thank-you of ours, so that nobody owes the next move and nothing falls due while we measure.
func person(i, mails int, now time.Time) []crm.Fact {
	at := func(hours int) crm.Millis {
		return crm.At(now.Add(time.Duration(i%1440)*time.Minute - time.Duration(hours)*time.Hour))
	}
	created := at(90 * 24)
	var facts []crm.Fact
	for _, p := range []crm.Property{
		{Name: crm.PropCreated, Value: created.Time().Format(time.RFC3339)},
		{Name: crm.PropProfiled, Value: "true"},
		{Name: crm.PropLifecycle, Value: "lead"},
		{Name: crm.PropCustomer, Value: "false"},
		{Name: crm.PropStaff, Value: "false"},
		{Name: crm.PropCountry, Value: []string{"DE", "FR", "GB", "US", "ES"}[i%5]},
		{Name: crm.PropTimeZone, Value: []string{
			"Europe/Berlin", "Europe/Paris", "Europe/London", "America/New_York", "Europe/Madrid",
		}[i%5]},
		{Name: crm.PropOwner, Value: "71"},
		{Name: crm.PropLeadStatus, Value: "IN_PROGRESS"},
	} {
		facts = append(facts, crm.Fact{
			ID: "property/" + p.Name, Version: int64(created), At: created, Kind: crm.KindProperty, Property: &p,
		})
	}
	thread := strconv.Itoa(900_000_000 + i)
	every := 70 * 24 * 4 / mails // hours from four mails to the next four
	for n := range mails {
		m := talk[n%len(talk)]
		m.Channel, m.Thread, m.Text.Key = crm.Email, thread, uint64(i)<<16|uint64(n)
		ago := 12*24 - 3*24*(n%4) - n%4 // of the newest four, hours
		if older := (mails - 1 - n) / len(talk); older > 0 {
			ago = 12*24 + older*every - n%4
		}
		sent := at(ago)
		facts = append(facts, crm.Fact{
			ID: "emails/" + strconv.Itoa(500_000_000+mails*i+n), Version: int64(sent), At: sent, Kind: crm.KindMessage,
			Message: &m,
		})
	}
	return facts
}

// talk are four mails that lead to nothing owed.
var talk = []crm.Message{
	{Direction: crm.In, Text: crm.Text{Units: 24, Asks: 1, Intents: crm.Asks | crm.QuoteRequest}},
	{Direction: crm.Out, Text: crm.Text{Units: 80, Asks: 1, Intents: crm.Asks | crm.Answers}},
	{Direction: crm.In, Text: crm.Text{Units: 31, Intents: crm.Answers | crm.Informs}},
	{Direction: crm.Out, Text: crm.Text{Units: 12, Intents: crm.Thanks}},
}
