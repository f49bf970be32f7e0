// Package bench measures Winnow on the machine at hand: how fast deliveries are acknowledged durably, how fast facts
// become ratings in the CRM, how long one of them takes, and what many contacts cost. What is measured runs as a
// child process of its own, the very program that serve runs, so that neither the sandbox CRM nor the senders of the
// load stand in its memory or its profile. Beside every figure stands that of a bare handler, or a bare client, that
// does the least with the same bytes in the same run, by turns: on a busy machine the ratio means more than the
// figure.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Sections are what can be measured, in the order in which it is.
var Sections = []string{"receive", "flow", "mail", "delay", "size"}

// Options say what is measured, and for how long.
type Options struct {
	Command  []string // runs Work in a process of its own, with the kind of worker as its last argument
	Against  []string // the same of another build, measured by turns with this one; none: this one alone
	Sections []string // none: all
	Row      string   // only rows whose name contains it; empty: all
	Dir      string   // where the stores are made, and removed again; empty: the system's directory for such
	Profile  string   // directory for CPU and heap profiles of the workers; empty: none

	Rounds      int           // of each comparison
	Duration    time.Duration // of one round, at the rates that are aimed at
	Connections int           // that send at once
	Contacts    int           // in the store, in all sections but size
	Sizes       []int         // contacts in the store, in the section size
	Settings    []string      // WINNOW_X=value for the workers, on top of the benchmark's own

	Progress func(format string, args ...any) // nil: nowhere
}

// The defaults of what Options leave open.
const (
	defaultRounds      = 3
	defaultDuration    = 2 * time.Second
	defaultConnections = 16
	defaultContacts    = 10_000
)

func (o Options) settled() (Options, error) {
	if len(o.Sections) == 0 {
		o.Sections = Sections
	}
	for _, s := range o.Sections {
		if !slices.Contains(Sections, s) {
			return o, fmt.Errorf("there is no section %q: want some of %s", s, strings.Join(Sections, ", "))
		}
	}
	def(&o.Rounds, defaultRounds)
	def(&o.Duration, defaultDuration)
	def(&o.Connections, defaultConnections)
	def(&o.Contacts, defaultContacts)
	if len(o.Sizes) == 0 {
		o.Sizes = []int{10_000, 100_000}
	}
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	if o.Rounds < 1 || o.Duration < 0 || o.Connections < 1 || o.Contacts < 100 || slices.Min(o.Sizes) < 100 {
		return o, errors.New("want at least one round and connection, and 100 contacts")
	}
	return o, nil
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// run is one run of the benchmark.
type run struct {
	Options
	report *Report
	stores int
}

// Run measures what o says and returns what came out, as far as it got.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	o, err = o.settled()
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	if o.Dir, err = os.MkdirTemp(o.Dir, "winnow-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if o.Profile != "" {
		if o.Profile, err = filepath.Abs(o.Profile); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(o.Profile, 0o755); err != nil {
			return nil, err
		}
	}
	r := &run{Options: o, report: &Report{Connections: o.Connections, Rounds: o.Rounds, Compared: len(o.Against) > 0}}
	if r.report.Machine, err = machine(o.Dir); err != nil {
		return r.report, err
	}
	sections := map[string]func(context.Context) error{
		"receive": r.receive, "flow": r.flow, "mail": r.mail, "delay": r.delay, "size": r.size,
	}
	for _, name := range Sections {
		if !slices.Contains(o.Sections, name) {
			continue
		}
		if err := sections[name](ctx); err != nil {
			return r.report, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.report, nil
}

// row measures a row that is wanted. What there is of one that fails is reported too.
func (r *run) row(row Row, measure func(*Row) error) error {
	if !strings.Contains(row.Name, r.Row) {
		return nil
	}
	err := measure(&row)
	r.add(row)
	return err
}

// store names a directory for one more store.
func (r *run) store() string {
	r.stores++
	return filepath.Join(r.Dir, fmt.Sprintf("store-%d", r.stores))
}
