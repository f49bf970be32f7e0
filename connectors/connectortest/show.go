package connectortest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// shows: a card is of somebody who was asked for, their address finds them, and their page is theirs alone.
func shows(h Harness, t *testing.T) {
	v := h.serve(t, h.API(t))
	links := map[string]string{}
	for _, ref := range h.Profiles {
		person, _ := v.PersonOf(ref)
		cards, err := v.Show.Cards(t.Context(), []string{person})
		if err != nil {
			t.Fatalf("the card of %s: %v", person, err)
		}
		card, ok := cards[person]
		if !ok || len(cards) != 1 {
			t.Errorf("asked for the card of %s, it gives %d, theirs among them: %t", person, len(cards), ok)
		}
		if who, err := v.Show.Find(t.Context(), card.Email); err != nil || !slices.Contains(who, person) {
			t.Errorf("the address on the card of %s finds %v, %v", person, who, err)
		}
		link := hasPage(t, v, person)
		if other, taken := links[link]; taken {
			t.Errorf("%s and %s have the same page", person, other)
		}
		links[link] = person
		if holds(link, secrets(h)...) != "" {
			t.Errorf("the address of a page holds a secret")
		}
	}
	if who := v.Show.Whose("acc0unt", &url.URL{Scheme: "https", Host: "crm.example", Path: "/"}); who != "" {
		t.Errorf("the CRM's first page is found to be that of %q", who)
	}
	if who, err := v.Show.Find(t.Context(), "nobody@nowhere.example"); err != nil || len(who) > 0 {
		t.Errorf("an address that nobody has finds %v, %v", who, err)
	}
}

// hasPage: a person's page has an address that names them, and by which they are found.
func hasPage(t *testing.T, v connectors.Vendor, person string) (link string) {
	t.Helper()
	link = v.Show.Link("acc0unt", person, "")
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || !strings.Contains(link, crm.ParsePerson(person).ID) {
		t.Errorf("the page of %s is %q, want an address that names them", person, link)
		return link
	}
	if who := v.Show.Whose("acc0unt", u); who != person {
		t.Errorf("the page %s of %s is found to be that of %q", link, person, who)
	}
	return link
}

// counts: a call does not leave more calls than there were.
func counts(h Harness, t *testing.T) {
	v := h.serve(t, h.API(t))
	interval, day := v.Budget.Budget()
	if _, err := fetch(t.Context(), v, h.Refs); err != nil {
		t.Fatal(err)
	}
	if now, today := v.Budget.Budget(); now > interval && interval >= 0 || today > day && day >= 0 {
		t.Errorf("%d calls are left now and %d today, and after one more %d and %d", interval, day, now, today)
	}
}

// greets: the CRM answers, whoever asks. A refusal is an answer.
func greets(h Harness, t *testing.T) {
	if err := h.serve(t, h.API(t)).Greet(t.Context()); connectors.KindOf(err) == connectors.Unavailable {
		t.Errorf("a CRM in good health does not answer a greeting: %v", err)
	}
}

// natives: the CRM's own status is there, or it is said what is missing.
func natives(h Harness, t *testing.T) {
	err := h.serve(t, h.API(t)).CheckNative(t.Context())
	if err != nil && connectors.KindOf(err) != connectors.Misconfigured {
		t.Errorf("the CRM's own status is looked up: %v, want none or misconfigured", err)
	}
}

// looks are the calls that a page makes.
func looks(h Harness, v connectors.Vendor) []operation {
	if v.Show == nil {
		return nil
	}
	return []operation{
		{"cards", func(ctx context.Context, v connectors.Vendor) error {
			person, _ := v.PersonOf(h.Profiles[0])
			_, err := v.Show.Cards(ctx, []string{person})
			return err
		}},
		{"find", func(ctx context.Context, v connectors.Vendor) error {
			_, err := v.Show.Find(ctx, "ada@quill.example")
			return err
		}},
	}
}
