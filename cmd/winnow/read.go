package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/letter"
	"github.com/winnow-crm/winnow/connectors/text"
)

func readCommand() *cobra.Command {
	var asJSON, out bool
	cmd := &cobra.Command{
		Use: "read [file ...]", Short: "Show what is read of a message",
		Long: `Reads messages and shows what Winnow makes of each: whether a person wrote it, what it asks, wants or refuses, how long it is without quoted
history, signature and footers, and which phrases decided. It takes mails as mail programs save them (.eml), or JSON lines:

  {"id","direction","subject","from","to","body","html","at","headers","ours"}

All but the text may be left out. direction is in, a message of theirs, or out; at is RFC 3339, and relative days count from it; ours are
earlier messages of ours in the conversation. Without a file it reads standard input. With --json it prints

  {"id","class","intents","weak","units","kept","return","horizon","why","language"}

a line for each. It needs neither a CRM nor a store and keeps nothing; of the settings WINNOW_PHRASES applies.`,
		Example: `  winnow read mail.eml
  echo '{"body": "Please take us off your list."}' | winnow read
  winnow read --json < messages.jsonl`,
		RunE: func(cmd *cobra.Command, files []string) error {
			r, err := letterReader()
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if !asJSON {
				w = folded(w)
			}
			show := showLetters(w, r, asJSON, out)
			if len(files) == 0 {
				return show("standard input", cmd.InOrStdin())
			}
			for _, name := range files {
				if err := withFile(name, show); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, a line for each message")
	cmd.Flags().BoolVar(&out, "out", false, "messages that do not say whose they are, are ours")
	return cmd
}

// letterReader reads as serve does. Hashes are shown nowhere, so no salt is needed.
func letterReader() (*text.Reader, error) {
	var phrases text.Lexicon
	if err := config.DecodeValue("WINNOW_PHRASES", &phrases); err != nil {
		return nil, err
	}
	return text.NewReader(nil, phrases), nil
}

func withFile(name string, do func(name string, in io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return do(name, f)
}

// showLetters returns what shows the messages of one file.
func showLetters(w io.Writer, r *text.Reader, asJSON, out bool) func(name string, in io.Reader) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	shown := 0
	return func(name string, in io.Reader) error {
		for l, err := range letter.Scan(in, time.Now().UTC()) {
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if l.Direction == "" && out {
				l.Direction = "out"
			}
			got, err := l.Read(r)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if asJSON {
				err = enc.Encode(got)
			} else {
				if shown > 0 {
					fmt.Fprint(w, "\n--\n")
				}
				err = got.Print(w, &l)
			}
			if err != nil {
				return err
			}
			shown++
		}
		return nil
	}
}
