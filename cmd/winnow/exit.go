package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
)

// The codes with which a command ends, beside 0: scripts may rely on them.
const (
	exitFailed = 1
	exitPerson = 2   // it was done, and what it found needs a person
	exitUsage  = 64  // it was called in a wrong way; EX_USAGE of sysexits.h
	exitSignal = 130 // Ctrl-C, as shells have it
)

// codeOf is the code for the error with which a command ended, and whether there is something to be said of it.
func codeOf(ctx context.Context, err error) (code int, say bool) {
	refused, told := errors.AsType[*api.Refused](err)
	_, misused := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return 0, false
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitSignal, false
	case misused, told && refused.Status == http.StatusBadRequest:
		return exitUsage, !errors.Is(err, errShown)
	case errors.Is(err, errPerson):
		return exitPerson, !errors.Is(err, errShown)
	}
	return exitFailed, !errors.Is(err, errShown)
}

// errShown ends a command that has already said what is wrong.
var errShown = errors.New("shown")

// errPerson ends a command that was carried out where what it found needs a person.
var errPerson = errors.New("a person is needed")

// needsPerson ends a command that has shown for what it needs a person, where it does.
func needsPerson(needed bool) error {
	if !needed {
		return nil
	}
	return fmt.Errorf("%w: %w", errPerson, errShown)
}

// usageError is the caller's: they asked in a way in which nothing can be asked.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// checked has what a command refuses of its arguments count as wrong use, and its subcommands' too.
func checked(cmd *cobra.Command) {
	if args := cmd.Args; args != nil {
		cmd.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checked(sub)
	}
}

// sure asks whether what cannot be undone is meant, unless --yes says so. Where nobody can be asked it has to be said.
func sure(yes bool, what string) error {
	if yes {
		return nil
	}
	if width, _ := terminalSize(os.Stdin)(); width == 0 {
		return misuse("%s cannot be undone: --yes says that it is meant", what)
	}
	fmt.Fprintf(os.Stderr, "%s cannot be undone. Go on? [y/N] ", what)
	var answer string
	if _, err := fmt.Scanln(&answer); err != nil || answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
