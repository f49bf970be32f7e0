package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/admin/pagestest"
)

// prints fails where a command leaves something of its answer out, but for some paths.
func prints[A any](t *testing.T, name string, print func(io.Writer, A) error, empty, but string) {
	t.Helper()
	var marks []pagestest.Mark
	var texts []string
	for _, yes := range []bool{true, false} {
		answer, all := pagestest.Fill[A](yes, strings.Fields(empty)...)
		var b bytes.Buffer
		if err := print(&b, answer); err != nil {
			t.Fatal(err)
		}
		marks, texts = append(marks, all...), append(texts, b.String())
	}
	if left := pagestest.Missing(marks, texts, strings.Fields(but)...); len(left) > 0 {
		t.Errorf("winnow %s leaves out %s\n%s", name, strings.Join(left, " "), texts[0])
	}
}

// TestCommandsShowTheirAnswers: what an answer has, its command prints, so that it says what the page does. What it
// leaves out stands here; --json has that too.
func TestCommandsShowTheirAnswers(t *testing.T) {
	const always = "at list.share next "
	prints(t, "owed", printOwed, "", always+"contacts.machine_rating contacts.status contacts.ground contacts.ball "+
		"contacts.pending_until contacts.recheck_on contacts.held contacts.segment contacts.override "+
		"contacts.override_until contacts.score contacts.changed contacts.link")
	prints(t, "contacts", printContacts, "", always+"contacts.link")
	prints(t, "decisions", printDecisions, "breakers.some.status breakers.some.ground breakers.some.ball "+
		"breakers.some.owed breakers.some.owed_since breakers.some.pending_until breakers.some.recheck_on "+
		"breakers.some.held breakers.some.segment breakers.some.override breakers.some.override_until "+
		"breakers.some.score breakers.some.changed breakers.some.machine_rating",
		always+"breakers.released breakers.some.link pending.link held.link disqualified.link overrides.link "+
			"returned.link")
	prints(t, "trends", printTrends, "", always+"letters.rated")
	prints(t, "status", printStatus, "", always+"not_ready problems.page sources.held letters streams unrated.since "+
		"ratings letters_by_day disk")
}
