package people

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

func TestAddress(t *testing.T) {
	for given, want := range map[string]string{
		"Ada <ADA@Mill.example>": "ada@mill.example", "ada+orders@mill.example": "ada@mill.example",
		"a.d.a@googlemail.com": "ada@gmail.com",
		" ada@mill.example. ":  "ada@mill.example", "+48@mill.example": "+48@mill.example", "": "", "ada": "",
		"@mill.example": "", "ada@": "", "a da@x.example": "",
	} {
		if got := Address(given); got != want {
			t.Errorf("Address(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestFreeMail(t *testing.T) {
	for domain, want := range map[string]bool{
		"gmail.com": true, "yahoo.co.uk": true, "hotmail.fr": true, "web.de": true, "mill.example": false,
		"outlook.mill.example": false,
		"live.sportsarena.com": false,
	} {
		if FreeMail(domain) != want {
			t.Errorf("FreeMail(%q) = %t", domain, !want)
		}
	}
}

// TestStaffAtFreeMail: a domain at which anybody can have an address is nobody's own.
func TestStaffAtFreeMail(t *testing.T) {
	for domain, want := range map[string]bool{
		"gmail.com": true, "@GMX.de": true, " web.de": true, "example.com": false,
	} {
		if err := CheckDomains([]string{"example.org", domain}); (err != nil) != want {
			t.Errorf("%q: %v", domain, err)
		}
	}
}

func TestSender(t *testing.T) {
	book := Book{}
	book.Add("ada", "Ada <ada@mill.example>", "ada.mill@gmail.com;ada@old-job.example")
	book.Add("guest", "guest@dairy.example")
	staff := NewStaff([]string{"@contractor.example"}, []string{
		"rita@looms.example", "left@looms.example", "boss@gmail.com", "seat@dairy.example",
	})
	unknown := NewStaff(nil, nil)
	unknown.unknown = true
	for _, c := range []struct {
		why   string
		staff *Staff
		from  string
		among []string
		want  Sender
		who   string
	}{
		{"a user", staff, "Rita <Rita@looms.example>", []string{"ada"}, Ours, ""},
		{"a user with a tag", staff, "rita+crm@looms.example", []string{"ada"}, Ours, ""},
		{"a colleague of ours without an account", staff, "tom@looms.example", []string{"ada"}, Ours, ""},
		{"the same from a part of our domain", staff, "tom@mail.looms.example", []string{"ada"}, Ours, ""},
		{"a domain of the settings", staff, "x@eu.contractor.example", []string{"ada"}, Ours, ""},
		{"a user's free mail makes nobody else ours", staff, "somebody@gmail.com", []string{"ada"}, Stranger, ""},
		{"the user's own free mail", staff, "boss@gmail.com", []string{"ada"}, Ours, ""},
		{
			"a prospect with an account in our CRM makes no colleague ours", staff, "desk@dairy.example",
			[]string{"guest"},
			Colleague, "",
		},
		{"nor the prospect", staff, "guest@dairy.example", []string{"guest"}, Theirs, "guest"},
		{"their own address", staff, "ADA@mill.example", []string{"ada", "guest"}, Theirs, "ada"},
		{"their private address", staff, "ada.mill@gmail.com", []string{"ada"}, Theirs, "ada"},
		{"an address that they had before", staff, "ada@old-job.example", []string{"ada"}, Theirs, "ada"},
		{"the front desk", staff, "desk@mill.example", []string{"ada"}, Colleague, ""},
		{"a desk at a part of the domain", staff, "desk@nord.mill.example", []string{"ada"}, Colleague, ""},
		{"somebody with the same provider of mail", staff, "other@gmail.com", []string{"ada"}, Stranger, ""},
		{"a carrier", staff, "plans@carrier.example", []string{"ada"}, Stranger, ""},
		{"nobody named", staff, "", []string{"ada"}, Unnamed, ""},
		{
			"users that may not be read: somebody else is one of them", unknown, "rita@looms.example",
			[]string{"ada"},
			Ours, "",
		},
		{"but not their colleague", unknown, "desk@mill.example", []string{"ada"}, Colleague, ""},
		{"nor who writes from anywhere", unknown, "x@gmail.com", []string{"ada"}, Stranger, ""},
	} {
		if got, who := c.staff.Sender(c.from, book, c.among); got != c.want || who != c.who {
			t.Errorf("%s: %d %q, want %d %q", c.why, got, who, c.want, c.who)
		}
	}
	if staff.Has("tom@looms.example") {
		t.Error("a user's domain alone makes a prospect one of our own people, who is then not rated")
	}
}

func TestRoster(t *testing.T) {
	var r Roster
	now, reads, fail := time.Unix(1_800_000_000, 0), 0, error(nil)
	ask := func() (*Staff, error) {
		return r.Staff(t.Context(), now, nil, func(context.Context) ([]string, error) {
			reads++
			return []string{"rita@looms.example"}, fail
		})
	}
	for range 3 {
		if s, err := ask(); err != nil || !s.Has("rita@looms.example") {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	if reads != 1 {
		t.Errorf("the users were read %d times within the hour", reads)
	}
	now = now.Add(rosterLasts)
	fail = &connectors.Error{Kind: connectors.Unavailable, Err: errors.New("away")}
	if _, err := ask(); err == nil {
		t.Error("a CRM that is away has no users")
	}
	fail = &connectors.Error{Kind: connectors.Unauthenticated, Err: errors.New("no scope")}
	if s, err := ask(); err != nil || !s.unknown || r.Refused() == nil {
		t.Errorf("a missing scope: %+v, %v, said: %v", s, err, r.Refused())
	}
	now, fail = now.Add(refusedLasts), nil
	if s, err := ask(); err != nil || s.unknown || r.Refused() != nil {
		t.Errorf("the scope was granted: %+v, %v, said: %v", s, err, r.Refused())
	}
}
