package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
)

func forgetCommand() *cobra.Command {
	var now, unknown, yes bool
	var note string
	var addresses []string
	cmd := &cobra.Command{
		Use: "forget <source> <contact>", Short: "Erase a contact everywhere", Args: needs("source", "contact"),
		Long: `Erases everything known of a contact: record, rating, what waits to be fetched, dead letters, deliveries
that were read. What cannot be decoded is searched for the id, and for the addresses that --address names.
A keyed hash stays behind, so that what still comes about the contact does not bring it back. The store's files hold old copies until the daily compaction; --now compacts at once.
A contact of whom nothing is known is refused, because its id may be misspelt; --unknown leaves a hash of it all the same.
The fields in the CRM are the CRM's: delete the contact there, or clear them.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sure(yes, "erasing "+args[0]+"/"+args[1]+" everywhere"); err != nil {
				return err
			}
			return withClient(cmd.Context(), []pipeline.Role{pipeline.RoleRate}, func(ctx context.Context, c *client) error {
				who := api.Person{Source: args[0], Contact: args[1]}
				order, err := api.Forget.Ask(ctx, c, api.ForgetOrder{Person: who, Unknown: unknown, Note: note})
				if err != nil {
					return err
				}
				for wait := time.Now().Add(time.Minute); ; {
					state, err := api.IsForgotten.Ask(ctx, c, who)
					if err != nil {
						return err
					}
					if state.Forgotten {
						break
					}
					if time.Now().After(wait) {
						return fmt.Errorf("the erasure is accepted but not carried out after a minute: does a process with the role rate run?")
					}
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(100 * time.Millisecond):
					}
				}
				if err := eraseTraces(ctx, c, api.Traces{Person: who, Addresses: addresses}); err != nil {
					return err
				}
				if !order.Known {
					fmt.Printf("%s/%s was not known; what may still come of it is kept out\n", args[0], args[1])
					return nil
				}
				fmt.Printf("%s/%s is forgotten\n", args[0], args[1])
				if !now {
					fmt.Println("old copies leave the store's files with the next daily compaction; --now does it at once")
					return nil
				}
				done, err := api.Compact.Ask(ctx, c, api.Nothing{})
				if err != nil {
					return err
				}
				fmt.Printf("compacted: %s rewritten\n", english.Plural(done.Rewritten, "message", ""))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask whether it is meant")
	cmd.Flags().StringVar(&note, "note", "", "why, which is kept")
	cmd.Flags().BoolVar(&now, "now", false, "take old copies out of the files at once")
	cmd.Flags().StringSliceVar(&addresses, "address", nil, "an e-mail address of theirs, looked for in what cannot be decoded")
	cmd.Flags().BoolVar(&unknown, "unknown", false, "also where nothing is known of the contact")
	return cmd
}

// eraseTraces has what is no part of the record erased, and says what is left.
func eraseTraces(ctx context.Context, c *client, t api.Traces) error {
	found, err := api.EraseTraces.Ask(ctx, c, t)
	if err != nil {
		return err
	}
	for _, what := range found.Left {
		fmt.Println("not complete:", what)
	}
	return nil
}
