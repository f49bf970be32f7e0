package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/history"
	"github.com/winnow-crm/winnow/connectors/text"
	"github.com/winnow-crm/winnow/rules/words"
)

func playCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "play <file> ...", Short: "Rate a history through its time", Args: several("file"),
		Long: `Rates a history of one contact through its time and prints a line for each change: when, letter, status, ground, whose move is next, the
advice, and the reasons where they changed. What Winnow would announce counts as shown by the CRM at once.

A history is a JSON object a line, with what happened in "events" and its time in "from" and "to":

  {"id": "anna", "from": "2026-03-02T09:00:00Z", "to": "2026-06-01T00:00:00Z", "events": [
    {"kind": "prop", "name": "time_zone", "value": "Europe/Berlin", "at": "2026-03-02T09:00:00Z"},
    {"at": "2026-03-02T09:00:00Z", "dir": "in", "subject": "Enquiry", "body": "Could you send us a quote for 20 seats?"}]}

or a story (.txtar); docs/stories.md describes both. A dash stands for standard input. WINNOW_RULES_*, WINNOW_PHRASES,
WINNOW_LANGUAGE and WINNOW_TEXTS apply, and WINNOW_RULES_* in the history's own "env" on top of them. It needs neither a CRM nor a store.`,
		Example: `  winnow play anna.jsonl
  WINNOW_RULES_QUOTA_EARLY=30d winnow play --json anna.jsonl
  winnow play rules/signals/testdata/a15_dormant_after_intake.txtar`,
		RunE: func(cmd *cobra.Command, files []string) error {
			w := cmd.OutOrStdout()
			if !asJSON {
				w = folded(w)
			}
			p, err := newPlayer(w, asJSON)
			if err != nil {
				return err
			}
			for _, name := range files {
				var err error
				if name == "-" {
					err = p.play("standard input", cmd.InOrStdin())
				} else {
					err = withFile(name, p.play)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, a line for each change")
	return cmd
}

// player shows histories by the settings of the environment.
type player struct {
	w     io.Writer
	lines *json.Encoder // nil: as tables
	read  *text.Reader
	rules map[string]string // as variables
	say   *words.Catalogue
}

func newPlayer(w io.Writer, asJSON bool) (*player, error) {
	read, err := letterReader()
	if err != nil {
		return nil, err
	}
	_, rules, err := config.Rules(os.Environ())
	if err != nil {
		return nil, err
	}
	say, err := config.Words()
	if err != nil {
		return nil, err
	}
	p := &player{w: w, read: read, rules: rules, say: say}
	if asJSON {
		p.lines = json.NewEncoder(w)
		p.lines.SetEscapeHTML(false)
	}
	return p, nil
}

func (p *player) play(name string, in io.Reader) error {
	for h, err := range history.Scan(p.read, name, in) {
		if err != nil {
			return err
		}
		steps, err := h.Play(p.rules)
		if err != nil {
			return fmt.Errorf("%s: %w", h.ID, err)
		}
		for i := range steps {
			p.say.Fill(&steps[i].Rating)
		}
		if p.lines == nil {
			if err := h.Print(p.w, steps); err != nil {
				return err
			}
			fmt.Fprintln(p.w)
			continue
		}
		for _, c := range h.Changes(steps) {
			if err := p.lines.Encode(c); err != nil {
				return err
			}
		}
	}
	return nil
}
