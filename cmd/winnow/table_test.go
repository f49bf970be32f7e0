package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
)

// TestTablesFold: nothing of a table is wider than the terminal, and what has no room in a row stands below it.
func TestTablesFold(t *testing.T) {
	rows := newTable("PERSON", "OWED", "SINCE", "OVER", "OWNER")
	rows.add("Zoë Ångström", "answer", "2026-03-02", "163 business days", "71")
	rows.add("hubspot/4711", "date", "2026-03-03", "", "")
	for width, want := range map[int]string{
		0: `PERSON        OWED    SINCE       OVER               OWNER
Zoë Ångström  answer  2026-03-02  163 business days  71
hubspot/4711  date    2026-03-03
`,
		40: `PERSON        OWED    SINCE
Zoë Ångström  answer  2026-03-02
    over 163 business days, owner 71
hubspot/4711  date    2026-03-03
`,
		15: `PERSON
Zoë Ångström
    owed
    answer,
    since
    2026-03-02,
    over 163
    business
    days, owner
    71
hubspot/4711
    owed date,
    since
    2026-03-03
`,
	} {
		var b bytes.Buffer
		if err := rows.print(&b, width); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d wide (-want +got):\n%s", width, diff)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 0 && n > width {
				t.Errorf("%q is %d wide, want %d", line, n, width)
			}
		}
	}
}

// TestLinesFold: a line that is too long goes on below, between its words, and below its last column where it has one.
func TestLinesFold(t *testing.T) {
	var b bytes.Buffer
	f := &folding{w: &b, width: 30}
	for _, part := range []string{
		"process 50163: receive, read, fe", "tch,rate\n", "ok\n",
		"  advice  Please send the quote today.\n", "                      far to the right\n",
		"  https://crm.example/contacts/4711/wide\n",
		"\x1b[1;31mnow:\x1b[0m nobody is told of anything\n",
	} {
		if _, err := f.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	want := `process 50163: receive, read,
    fetch,rate
ok
  advice  Please send the
          quote today.
        far to the right
  https://crm.example/contacts/4711/wide
` + "\x1b[1;31mnow:\x1b[0m nobody is told of\n    anything\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text := "A word of two lines,\nof which one is short.\n\n  as it is"
	if diff := cmp.Diff("A word of two lines, of which\none is short.\n\n  as it is", reflowed(text, 30)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCodes: how a command ended can be told by its code.
func TestCodes(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		code int
		say  bool
	}{
		{t.Context(), nil, 0, false},
		{t.Context(), errors.New("no room"), exitFailed, true},
		{t.Context(), errShown, exitFailed, false},
		{t.Context(), needsPerson(true), exitPerson, false},
		{t.Context(), needsPerson(false), 0, false},
		{t.Context(), fmt.Errorf("%w, %w", errPerson, errors.New("grant a scope")), exitPerson, true},
		{t.Context(), misuse("want %d", 1), exitUsage, true},
		{t.Context(), &api.Refused{Status: http.StatusBadRequest, Message: "sort"}, exitUsage, true},
		{t.Context(), &api.Refused{Status: http.StatusNotFound, Message: "nobody"}, exitFailed, true},
		{ended, fmt.Errorf("ask: %w", context.Canceled), exitSignal, false},
	} {
		if code, say := codeOf(c.ctx, c.err); code != c.code || say != c.say {
			t.Errorf("%v: %d, said %t; want %d, %t", c.err, code, say, c.code, c.say)
		}
	}
}

// TestEveryCommandHasAnExample: each says how it is called, and no example is of a command that is not there.
func TestEveryCommandHasAnExample(t *testing.T) {
	known := map[string]bool{}
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "winnow"), " ")
		known[path] = true
		if !cmd.Hidden && !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has no example of itself: %q", cmd.CommandPath(), cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look(rootCommand())
	for path := range examples {
		if !known[path] {
			t.Errorf("there is an example of %s, which is no command", path)
		}
	}
}
