package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/history"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
	"github.com/winnow-crm/winnow/rules/story"
)

func testCommand() *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use: "test <story.txtar> ...", Short: "Try the rules on stories with what is expected of them",
		Args: several("story.txtar"),
		Long: `Plays stories under the settings that are to be rolled out and says where they do not come about as they are written: the file, the
line, and what came about instead. It ends with 1 where one fails. WINNOW_RULES_* and WINNOW_PHRASES apply, and a story's own
settings.env on top of them. It needs neither a CRM nor a store. docs/stories.md describes the format.`,
		Example: `  winnow test stories/*.txtar
  WINNOW_RULES_QUOTA_EARLY=30d winnow test stories/*.txtar`,
		RunE: func(cmd *cobra.Command, files []string) error {
			return testStories(folded(cmd.OutOrStdout()), files, update)
		},
	}
	cmd.Flags().BoolVar(&update, "update", false,
		"write what came about into the parts want.json and want.txt of the files")
	return cmd
}

func testStories(w io.Writer, files []string, update bool) error {
	r, err := letterReader()
	if err != nil {
		return err
	}
	_, env, err := config.Rules(os.Environ())
	if err != nil {
		return err
	}
	failed := 0
	for _, name := range files {
		faults, err := testStory(r, env, name, update)
		switch {
		case err != nil:
			fmt.Fprintf(w, "%s: %v\n", name, err)
		case len(faults) == 0:
			fmt.Fprintf(w, "%s: ok\n", name)
			continue
		}
		failed++
		for _, f := range faults {
			fmt.Fprintf(w, "%s:%d: %s\n", name, f.Line, strings.ReplaceAll(strings.TrimRight(f.Text, "\n"), "\n",
				"\n    "))
		}
	}
	fmt.Fprintf(w, "\n%d of %d stories come about as they are written\n", len(files)-failed, len(files))
	if failed > 0 {
		return errShown
	}
	return nil
}

func testStory(r *text.Reader, env map[string]string, name string, update bool) ([]story.Fault, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	st, err := story.Parse(data, func(lines []byte) ([]crm.Fact, error) { return history.Facts(r, lines) })
	if err != nil {
		return nil, err
	}
	s, err := st.Settings(env)
	if err != nil {
		return nil, err
	}
	got, err := st.Run(s)
	if err != nil {
		return nil, err
	}
	if updated := st.Updated(got); update {
		if err := os.WriteFile(name, updated, 0o600); err != nil {
			return nil, err
		}
		if st, err = story.Parse(updated, func(lines []byte) ([]crm.Fact, error) {
			return history.Facts(r, lines)
		}); err != nil {
			return nil, err
		}
	}
	return st.Check(got), nil
}
