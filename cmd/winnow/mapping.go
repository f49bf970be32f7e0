package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/connectors/generic"
)

func mappingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mapping", Short: "Look at, check and try a mapping, by which a file connects a CRM",
		Args: cobra.ArbitraryArgs, RunE: onlyParts,
		Long: `A mapping is a file that connects a CRM: how its deliveries prove themselves, what they name,
how records are read, where ratings go. connectors/generic/README.md is its reference. These commands need
neither a CRM nor a store.`,
	}
	cmd.AddCommand(mappingShowCommand(), mappingCheckCommand(), mappingTryCommand())
	return cmd
}

func mappingShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show [preset]", Short: "Print a preset, or the names of all", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), strings.Join(generic.Presets(), "\n"))
				return nil
			}
			source, err := generic.Source(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(source)
			return err
		},
	}
}

func mappingCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check <preset or file> ...", Short: "Say what is wrong in a mapping, by line and column",
		Args: several("preset or file"),
		RunE: func(cmd *cobra.Command, names []string) error {
			wrong := false
			for _, name := range names {
				source, err := generic.Source(name)
				if err != nil {
					return err
				}
				err = generic.Check(source)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing is wrong\n", name)
					continue
				}
				wrong = true
				for line := range strings.SplitSeq(err.Error(), "\n") {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s:%s\n", name, line)
				}
			}
			if wrong {
				return errShown
			}
			return nil
		},
	}
}

func mappingTryCommand() *cobra.Command {
	var secrets, keys []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "try <preset or file> <request> ...",
		Short: "Say what recorded requests become, and why nothing where it is nothing",
		Long: `Takes recorded requests and says what a mapping makes of each: which records are read for it,
which facts it has, and of an event that says nothing why. A request is a file: the request line with the
path below /hooks/<source>, headers, an empty line, and the body byte for byte.

Without --secret and --key nothing is verified. A recorded request may be of any age. Where one is not
verified, or cannot be read, the command ends with code 2. With --json it prints

  {"file","verified","notices":[{"what","type","id","person","why"}],"error"}

a line for each; what is fact, ref, removed or ignored, and verified is null where no secret was given.`,
		Example: `  winnow mapping try espocrm lead.http --secret 7f3a...
  winnow mapping try my-crm.yaml requests/*.http --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf(
					"%s: want <preset or file> <request> ..., got %d arguments",
					cmd.CommandPath(),
					len(args),
				)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := generic.Source(args[0])
			if err != nil {
				return err
			}
			trial, err := generic.NewTrial(source, secrets, keys)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			refused := false
			for _, file := range args[1:] {
				taken, err := tryRequest(cmd.OutOrStdout(), trial, file, asJSON)
				if err != nil {
					return err
				}
				refused = refused || !taken
			}
			return needsPerson(refused)
		},
	}
	cmd.Flags().
		StringArrayVar(&secrets, "secret", nil, "a secret that requests are signed with; may be given several times")
	cmd.Flags().StringArrayVar(&keys, "key", nil, "a key that requests carry; may be given several times")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, a line for each request")
	return cmd
}

// maxRequest is how large a recorded request may be, in bytes.
const maxRequest = 16 << 20

// tryRequest prints what a request becomes, and reports whether it would be taken and understood.
func tryRequest(out io.Writer, trial *generic.Trial, file string, asJSON bool) (taken bool, err error) {
	raw, err := readBounded(file)
	if err != nil {
		return false, err
	}
	var tried generic.Tried
	if d, err := generic.Request(raw, time.Now()); err != nil {
		tried = generic.Tried{Outcomes: []generic.Found{}, Error: err.Error()}
	} else {
		tried = trial.Try(d)
	}
	taken = tried.Error == "" && (tried.Verified == nil || *tried.Verified)
	if asJSON {
		return taken, json.NewEncoder(out).Encode(struct {
			File string `json:"file"`
			generic.Tried
		}{file, tried})
	}
	fmt.Fprintf(out, "%s\n", file)
	if v := tried.Verified; v != nil {
		fmt.Fprintf(out, "  %s\n", map[bool]string{true: "verified", false: "NOT verified"}[*v])
	}
	for _, f := range tried.Outcomes {
		fmt.Fprintf(out, "  %s\n", shownFinding(f))
	}
	if tried.Error != "" {
		fmt.Fprintf(out, "  error: %s\n", tried.Error)
	}
	return taken, nil
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRequest+1))
	if err == nil && len(raw) > maxRequest {
		err = errors.New("larger than 16 MiB, which no delivery is")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return raw, nil
}

// shownFinding is a finding as a line for people.
func shownFinding(f generic.Found) string {
	words := []string{f.What}
	if record := strings.Trim(f.Type+"/"+f.ID, "/"); record != "" {
		words = append(words, record)
	}
	if f.Person != "" {
		words = append(words, "of "+f.Person)
	}
	if f.Why != "" {
		words = append(words, "because "+f.Why)
	}
	return strings.Join(words, " ")
}
