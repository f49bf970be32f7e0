package toy

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// fault is a way to break a rule, the check that has to catch it, and what its failure says.
type fault struct {
	rule  string
	plant func(*connectors.Vendor)
	check string
	says  string
}

// planted is what plants the fault of a name; nil where it names none.
func planted(rule string) func(*connectors.Vendor) {
	for _, f := range faults {
		if f.rule == rule {
			return f.plant
		}
	}
	return nil
}

func verifies(how func(d connectors.Delivery, at time.Time, err error) error) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Receive = receiver{Receiver: v.Receive, verify: how} }
}

func keeps(how func(d, kept connectors.Delivery) connectors.Delivery) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Receive = receiver{Receiver: v.Receive, keep: how} }
}

func decodes(how func(ns []crm.Notice, err error) ([]crm.Notice, error)) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Receive = receiver{Receiver: v.Receive, decode: how} }
}

// says spoils each notice of a delivery.
func says(how func(n *crm.Notice)) func(*connectors.Vendor) {
	return decodes(func(ns []crm.Notice, err error) ([]crm.Notice, error) {
		for i := range ns {
			how(&ns[i])
		}
		return ns, err
	})
}

// tells spoils each fact of a delivery.
func tells(how func(f *crm.Fact)) func(*connectors.Vendor) {
	return says(func(n *crm.Notice) {
		if n.Fact != nil {
			how(n.Fact)
		}
	})
}

// fetches has each result spoiled.
func fetches(how func(ref crm.Ref, r *connectors.Result)) func(*connectors.Vendor) {
	return fetchesAll(func(_ context.Context, refs []crm.Ref, results []connectors.Result) []connectors.Result {
		for i := range results {
			how(refs[i], &results[i])
		}
		return results
	})
}

func fetchesAll(
	how func(ctx context.Context, refs []crm.Ref, results []connectors.Result) []connectors.Result,
) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Fetch = fetcher{Fetcher: v.Fetch, fetch: how} }
}

// fails has each error of a fetch spoiled.
func fails(how func(e *connectors.Error) error) func(*connectors.Vendor) {
	return fetches(func(_ crm.Ref, r *connectors.Result) {
		if e, ok := r.Err.(*connectors.Error); ok {
			r.Err = how(e)
		}
	})
}

func splits(how func(calls [][]crm.Change) [][]crm.Change) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Write = writer{Writer: v.Write, split: how} }
}

func writes(how func(chs []crm.Change, errs []error) []error) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Write = writer{Writer: v.Write, write: how} }
}

func polls(how func(cursor string, a answered) answered) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Poll = poller{v.Poll, how} }
}

func fillsBack(how func(cursor string, p connectors.BackfillPage) connectors.BackfillPage) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Backfill = backfiller{v.Backfill, how} }
}

func plans(
	how func(i connectors.Installer, steps []connectors.Step, err error) ([]connectors.Step, error),
) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Setup = installer{Installer: v.Setup, plan: how} }
}

func applies(how func() error) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Setup = installer{Installer: v.Setup, apply: how} }
}

func answers(how func(o connectors.Outcome, r connectors.Reply) connectors.Reply) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Reply = replier{Replier: v.Reply, reply: how} }
}

func shakes(how func(ok bool) bool) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Reply = replier{Replier: v.Reply, handshake: how} }
}

func recalls(how func() error) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Maintain = maintainer{Maintainer: v.Maintain, recall: how} }
}

func isDueAt(how func(at time.Time) time.Time) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) { v.Maintain = maintainer{Maintainer: v.Maintain, next: how} }
}

func shows(s shower) func(*connectors.Vendor) {
	return func(v *connectors.Vendor) {
		s.Shower = v.Show
		v.Show = s
	}
}

// native gives leads a status of the CRM's own.
func native(n connectors.Native) func(*connectors.Vendor) {
	n.Disqualify = connectors.ByStatus
	return func(v *connectors.Vendor) { v.People[1].Native = n }
}

// nthTime returns a function that counts how often it was called.
func nthTime() func() int {
	n := 0
	return func() int { n++; return n }
}

// maintained counts across all vendors that are made.
var maintained = nthTime()

var faults = slices.Concat(receiving, fetching, writing, listing, settingUp, answering, showing)

var receiving = []fault{
	{
		"refuses what is genuine", verifies(func(connectors.Delivery, time.Time, error) error {
			return failed("verify", connectors.Unauthenticated)
		}), "Verify", "a genuine delivery is refused",
	},
	{
		"refuses what is a minute old", verifies(func(_ connectors.Delivery, at time.Time, err error) error {
			if at.After(now) {
				return failed("verify", connectors.Unauthenticated)
			}
			return err
		}), "Verify", "a delivery is refused after a minute on the way",
	},
	{
		"takes any secret", verifies(func(connectors.Delivery, time.Time, error) error { return nil }),
		"Verify", "signed with another secret, but accepted",
	},
	{
		"takes a wrong secret for a wrong form", verifies(func(_ connectors.Delivery, _ time.Time, err error) error {
			if err != nil {
				return failed("verify", connectors.Malformed)
			}
			return nil
		}), "Verify", `refused as malformed in "verify", want unauthenticated in verify`,
	},
	{
		"stores the proof", keeps(func(d, _ connectors.Delivery) connectors.Delivery { return d.Kept(nil, nil) }),
		"Decode", "what is stored of a delivery holds a secret",
	},
	{
		"loses the path", keeps(func(_, kept connectors.Delivery) connectors.Delivery {
			kept.Path = ""
			return kept
		}), "Decode", "Keep loses the method, the path or the time of receipt",
	},
	{
		"stores the address", keeps(func(d, kept connectors.Delivery) connectors.Delivery {
			kept.URL = d.URL
			return kept
		}), "Decode", "the URL as it was addressed is stored",
	},
	{
		"keeps more each time", keeps(func(d, kept connectors.Delivery) connectors.Delivery {
			kept.Query = url.Values{"kept": append(d.Query["kept"], "once")}
			return kept
		}), "Decode", "keeping what was kept changes it",
	},
	{"drops the kind of person", tells(func(f *crm.Fact) {
		f.Contact = crm.ParsePerson(f.Contact).ID
	}), "Decode", "which is nobody of a kind that the vendor has"},
	{
		"says two things at once", says(func(n *crm.Notice) { n.Passed = "deals" }), "Decode",
		"a notice is a fact, a reference, a removal or passed over, one of the four",
	},
	{"removes as of no time", says(func(n *crm.Notice) {
		if n.Removed != nil {
			n.Removed.Version = 0
		}
	}), "Decode", "a removal without id or version"},
	{"refers to nothing", says(func(n *crm.Notice) {
		if n.Ref != nil {
			n.Ref.ID = ""
		}
	}), "Decode", "a reference without type or id"},
	{
		"takes a fact back itself", tells(func(f *crm.Fact) { f.Gone = true }), "Decode",
		"is gone: a connector says so by a removal, whoever holds the fact",
	},
	{
		"has a part of another kind", tells(func(f *crm.Fact) { f.Task = &crm.Task{} }), "Decode",
		"but has the parts",
	},
	{"holds an address", tells(func(f *crm.Fact) {
		*f = *crm.PropertyOf(f.Contact, crm.Property{Name: "note", Value: "ada@example.com"}, 1)
	}), "Decode", "holds what looks like an address"},
	{
		"says more than it did", decodes(func(ns []crm.Notice, err error) ([]crm.Notice, error) {
			return append(ns, crm.Notice{Passed: "deals"}), err
		}), "Decode", "Decode no longer says what",
	},
	{
		"calls what it cannot read its own fault", decodes(func(ns []crm.Notice, err error) ([]crm.Notice, error) {
			if err != nil {
				err = failed("decode", connectors.Internal)
			}
			return ns, err
		}), "Decode", `what cannot be read is internal in "decode", want malformed in decode`,
	},
	{
		"reads what is no delivery", decodes(func(ns []crm.Notice, _ error) ([]crm.Notice, error) { return ns, nil }),
		"Decode", "a body that is no delivery at all gives no error",
	},
}

var fetching = []fault{
	{"has no limit", func(v *connectors.Vendor) {
		v.Fetch = fetcher{Fetcher: v.Fetch, limits: func(l connectors.Limits) connectors.Limits {
			l.Batch = 0
			return l
		}}
	}, "Calls/Healthy", "at least one record a call, and one call"},
	{"cannot fetch", fetches(func(_ crm.Ref, r *connectors.Result) {
		*r = connectors.Result{Err: failed("fetch", connectors.Internal)}
	}), "Calls/Healthy", "fetch: toy: fetch: not today"},
	{
		"finds nothing", fetches(func(_ crm.Ref, r *connectors.Result) { r.Notices = nil }), "Calls/Healthy",
		"fetching what is there gives nothing",
	},
	{"finds more each time", func(v *connectors.Vendor) {
		n := nthTime()
		fetches(func(_ crm.Ref, r *connectors.Result) {
			r.Notices = slices.Repeat(r.Notices, n())
		})(v)
	}, "Calls/Healthy", "fetching again gives 2 notices after 1"},
	{
		"loses a result", fetchesAll(func(_ context.Context, _ []crm.Ref, rs []connectors.Result) []connectors.Result {
			return rs[min(1, len(rs)):]
		}), "Calls/Healthy", "0 results for 1 references: one each",
	},
	{
		"takes a record that is gone for a fault", fetches(missed), "Calls/Healthy",
		"want nothing, or that it is gone",
	},
	{"takes an answer for an error", fetches(missed), "Calls/Statuses", "and should be an answer"},
	{
		"takes errors for answers", fails(func(*connectors.Error) error { return nil }), "Calls/Statuses",
		"fetch: HTTP 400 is no error",
	},
	{
		"takes no answer for one", fails(func(*connectors.Error) error { return nil }), "Calls/NoAnswer",
		"no connection is no error",
	},
	{
		"wraps its errors", fails(func(e *connectors.Error) error { return fmt.Errorf("fetching: %w", e) }),
		"Calls/Statuses", "a connector returns *connectors.Error only, unwrapped",
	},
	{"does not say what it did", fails(func(e *connectors.Error) error {
		e.Op = ""
		return e
	}), "Calls/Statuses", "lacks vendor, operation or cause"},
	{"tells an address", fails(func(e *connectors.Error) error {
		e.Err = fmt.Errorf("no answer to ben@ode.example: %w", e.Err)
		return e
	}), "Calls/Statuses", "an error holds what looks like an address"},
	{"takes silence for its own fault", fails(func(e *connectors.Error) error {
		e.Kind = connectors.Internal
		return e
	}), "Calls/NoAnswer", "is internal, want unavailable"},
	{"does not call", func(v *connectors.Vendor) {
		v.Fetch = fetcher{Fetcher: v.Fetch, idle: true, fetch: func(
			ctx context.Context, refs []crm.Ref, _ []connectors.Result,
		) []connectors.Result {
			<-ctx.Done()
			return connectors.Together(len(refs), nil, &connectors.Error{
				Vendor: Name, Op: "fetch", Kind: connectors.Unavailable, Err: ctx.Err(),
			})
		}}
	}, "Calls/Cancelled", "fetch: the vendor was never called"},
	{
		"hides that its time was over", fails(func(*connectors.Error) error {
			return failed("fetch", connectors.Unavailable)
		}), "Calls/Cancelled", "want unavailable and the context's own",
	},
	{
		"finds something where nothing is asked", fetchesAll(
			func(_ context.Context, _ []crm.Ref, rs []connectors.Result) []connectors.Result {
				return append(rs, connectors.Result{})
			}), "Calls/Nothing", "fetching nothing: [], 1 results for 0 references",
	},
	{
		"lets one failure take the others", fetchesAll(
			func(_ context.Context, _ []crm.Ref, rs []connectors.Result) []connectors.Result {
				for i := range rs {
					if rs[0].Err != nil {
						rs[i] = rs[0]
					}
				}
				return rs
			}), "Roles/Fetch", "fails because another one does, and does not say so: its error has to be Whole",
	},
	{"keeps silent of an illness", fails(func(*connectors.Error) error {
		return nil
	}), "Roles/Fetch", "the record at which the CRM fails gives 0 notices and <nil>"},
	{"does not say that a profile was read", fetches(func(ref crm.Ref, r *connectors.Result) {
		if ref.Type != "mails" {
			r.Notices = nil
		}
	}), "Roles/Fetch", "was read and nothing says so: crm.Profiled has to be among its facts"},
	{"cannot read a profile", fetches(func(ref crm.Ref, r *connectors.Result) {
		if ref.Type == "leads" {
			*r = connectors.Result{Err: failed("fetch", connectors.Rejected)}
		}
	}), "Roles/Fetch", "the profile of lead/7"},
	{
		"rates nobody", func(v *connectors.Vendor) { v.People = nil }, "Roles/People",
		"a vendor has at least one kind of people",
	},
	{
		"has two kinds with one record", func(v *connectors.Vendor) { v.People[1].Record = "contacts" }, "Roles/People",
		"each kind has a type of record of its own",
	},
	{"names people in another way", func(v *connectors.Vendor) {
		v.Identify = func(id string) (crm.Person, bool) { return crm.Person{Kind: "contact", ID: id + "0"}, true }
	}, "Roles/People", "people are named as they are written"},
	{"takes every id for a contact's", func(v *connectors.Vendor) {
		v.Identify = func(id string) (crm.Person, bool) { return crm.Person{Kind: "contact", ID: id}, true }
	}, "Roles/People", "the id of lead/7 alone is taken for contact/7's"},
	{
		"closes by a status without a name", native(connectors.Native{}), "Roles/People",
		"are disqualified by a status that has no name",
	},
	{
		"closes by an open status", native(connectors.Native{Open: []string{"new", "lost"}, Closed: "lost"}),
		"Roles/People", "the status of a disqualified \"lead\", \"lost\", is one of somebody who is worked on",
	},
	{
		"closes by a status that there is not", native(connectors.Native{Values: []string{"new"}, Closed: "lost"}),
		"Roles/People", "which is not one of those there are",
	},
}

// missed takes a record that is gone for a fault.
func missed(_ crm.Ref, r *connectors.Result) {
	if len(r.Notices) == 1 && r.Notices[0].Removed != nil {
		*r = connectors.Result{Err: failed("fetch", connectors.NotFound)}
	}
}

var writing = []fault{
	{
		"loses a change", splits(func(calls [][]crm.Change) [][]crm.Change { return calls[min(1, len(calls)):] }),
		"Roles/Write", "into 0 calls, want one: none is lost and none doubled",
	},
	{"doubles a change", splits(func(calls [][]crm.Change) [][]crm.Change {
		return append(calls, calls[:min(1, len(calls))]...)
	}), "Roles/Write", "into 2 calls, want one: none is lost and none doubled"},
	{
		"calls with nothing", splits(func(calls [][]crm.Change) [][]crm.Change { return append(calls, nil) }),
		"Roles/Write", "Split makes a call of nothing",
	},
	{"calls where there is nothing", splits(func(calls [][]crm.Change) [][]crm.Change {
		if calls == nil {
			return [][]crm.Change{nil}
		}
		return calls
	}), "Roles/Write", "Split makes 1 calls of no changes"},
	{
		"loses what became of a change", writes(func(_ []crm.Change, errs []error) []error {
			return errs[min(1, len(errs)):]
		}), "Calls/Healthy", "0 results for 1 changes: one each",
	},
	{"cannot write twice", func(v *connectors.Vendor) {
		n := nthTime()
		writes(func(_ []crm.Change, errs []error) []error {
			if n() > 1 {
				errs[0] = failed("write", connectors.Conflict)
			}
			return errs
		})(v)
	}, "Calls/Healthy", "writing the same twice is the same as writing it once"},
	{
		"writes where nothing is to be written", writes(func(_ []crm.Change, errs []error) []error {
			return append(errs, nil)
		}), "Calls/Nothing", "writing nothing",
	},
	{"writes texts that do not fit", func(v *connectors.Vendor) {
		v.Write = writer{Writer: v.Write, change: func(ch crm.Change) crm.Change {
			if strings.HasPrefix(ch.Contact, "lead/") && ch.Values[crm.FieldReasons] != "" {
				ch.Contact = "contact/7" // as long as those of the other kind
			}
			return ch
		}}
	}, "Roles/Write", "characters were written to lead/7, want what its kind holds, 100"},
	{"refuses texts that do not fit", writes(func(chs []crm.Change, errs []error) []error {
		for i, ch := range chs {
			if len(ch.Values[crm.FieldReasons]) > 0 {
				errs[i] = failed("write", connectors.Rejected)
			}
		}
		return errs
	}), "Roles/Write", "a text that is too long is refused, and has to be cut"},
	{"counts garbage as written", writes(func(_ []crm.Change, errs []error) []error {
		clear(errs)
		return errs
	}), "Calls/Garbage", `write: the answer "" counts as written`},
}

var listing = []fault{
	{"cannot poll", polls(func(_ string, a answered) answered {
		a.err = failed("poll", connectors.Internal)
		return a
	}), "Roles/Poll", "page 0: toy: poll: not today"},
	{"polls for ever", polls(func(_ string, a answered) answered {
		a.more = a.err == nil
		return a
	}), "Roles/Poll", "the poll has not ended after"},
	{"polls the first page alone", polls(func(_ string, a answered) answered {
		a.more = false
		return a
	}), "Roles/Poll", "the poll does not show mails/31, which has changed since"},
	{"shows a page once", func(v *connectors.Vendor) {
		seen := map[string]bool{}
		polls(func(cursor string, a answered) answered {
			if seen[cursor] {
				a.notices = nil
			}
			seen[cursor] = true
			return a
		})(v)
	}, "Roles/Poll", "page 0 asked for again has 0 notices after 2 (<nil>): its answer may have been lost"},
	{"polls to its end and no further", func(v *connectors.Vendor) {
		end := "none"
		polls(func(cursor string, a answered) answered {
			if cursor == end {
				a.err = failed("poll", connectors.Internal)
			}
			if !a.more {
				end = a.next
			}
			return a
		})(v)
	}, "Roles/Poll", "the next poll, from the last cursor"},
	{"fills back for ever", fillsBack(func(cursor string, p connectors.BackfillPage) connectors.BackfillPage {
		p.Next = cursor + "x"
		return p
	}), "Roles/Backfill", "the backfill has not ended after"},
	{"fills back the first page alone", fillsBack(func(_ string, p connectors.BackfillPage) connectors.BackfillPage {
		p.Next = ""
		return p
	}), "Roles/Backfill", "the backfill does not show mails/31, which has changed since"},
	{"counts down", fillsBack(func(_ string, p connectors.BackfillPage) connectors.BackfillPage {
		p.Read = -p.Read
		return p
	}), "Roles/Backfill", "records read after 0: the count goes up"},
	{
		"has an account without an id", func(v *connectors.Vendor) { v.Account = accounter{v.Account} },
		"Roles/Account", "the account is \"\"",
	},
}

var settingUp = []fault{
	{
		"cannot plan", plans(func(connectors.Installer, []connectors.Step, error) ([]connectors.Step, error) {
			return nil, failed("setup", connectors.Internal)
		}), "Roles/Setup", "plan: toy: setup: not today",
	},
	{
		"forgets a field", plans(func(
			_ connectors.Installer, steps []connectors.Step, err error,
		) ([]connectors.Step, error) {
			return steps[min(1, len(steps)):], err
		}), "Roles/Setup", "no step of the plan creates the field winnow_rating",
	},
	{
		"plans by doing", plans(func(
			i connectors.Installer, steps []connectors.Step, err error,
		) ([]connectors.Step, error) {
			for _, s := range steps {
				_ = i.Apply(context.Background(), s)
			}
			return steps, err
		}), "Roles/Setup", "after they were only looked at: a plan changes nothing",
	},
	{
		"applies nothing", applies(func() error { return nil }), "Roles/Setup",
		"steps are open after all were applied",
	},
	{"advises nothing", func(v *connectors.Vendor) {
		v.Setup = installer{Installer: v.Setup, advice: func() string { return "" }}
	}, "Roles/Setup", "nothing is said of what is left to do by hand"},
	{
		"knows of nobody concerned", func(v *connectors.Vendor) { v.Relate = relater{v.Relate} }, "Roles/Relate",
		"mails/31 concerns [], want [lead/7]",
	},
	{
		"cannot begin", recalls(func() error { return failed("maintain", connectors.Internal) }),
		"Roles/Maintain", "nothing to recall: toy: maintain",
	},
	{
		"recalls nothing", recalls(func() error { return nil }), "Roles/Maintain",
		"another process does not know what was granted, after it recalled it",
	},
	{
		"wants to be asked in the past", isDueAt(func(time.Time) time.Time { return now.Add(-time.Hour) }),
		"Roles/Maintain", "maintain: next at 2026-03-02 08:30:00 +0000 UTC, <nil>; want a later time",
	},
	{"asks again for what is in force", isDueAt(func(at time.Time) time.Time {
		return at.Add(time.Duration(maintained()) * time.Hour)
	}), "Roles/Maintain", "as before: what is in force is not asked for again"},
}

var answering = []fault{
	{"answers without a status", answers(func(_ connectors.Outcome, r connectors.Reply) connectors.Reply {
		r.Status = 0
		return r
	}), "Roles/Reply", "the status 0 is none"},
	{"acknowledges what is not stored", answers(func(o connectors.Outcome, r connectors.Reply) connectors.Reply {
		if o == connectors.Full {
			r.Status = http.StatusOK
		}
		return r
	}), "Roles/Reply", "only what is durable may count as taken"},
	{"refuses so that the event is dropped", answers(func(o connectors.Outcome, r connectors.Reply) connectors.Reply {
		if o == connectors.Full {
			r.Status = http.StatusGone
		}
		return r
	}), "Roles/Reply", "410 makes several CRMs drop the event for good"},
	{"answers with its token", answers(func(_ connectors.Outcome, r connectors.Reply) connectors.Reply {
		r.Body = []byte("h00k")
		return r
	}), "Roles/Reply", "the answer holds a secret"},
	{
		"takes deliveries for handshakes", shakes(func(bool) bool { return true }), "Roles/Reply",
		"a genuine delivery is taken for a handshake and answered with",
	},
	{"shakes no hands", shakes(func(bool) bool { return false }), "Roles/Reply", "the handshake is answered with"},
	{"does not greet back", func(v *connectors.Vendor) {
		v.Greet = func(context.Context) error { return failed("greet", connectors.Unavailable) }
	}, "Roles/Greet", "a CRM in good health does not answer a greeting"},
	{"cannot look its status up", func(v *connectors.Vendor) {
		v.CheckNative = func(context.Context) error { return failed("setup", connectors.Internal) }
	}, "Roles/Native", "the CRM's own status is looked up"},
	{
		"has more calls left after each", func(v *connectors.Vendor) { v.Budget = &budgeter{} }, "Roles/Budget",
		"-1 calls are left now and 1 today, and after one more -1 and 2",
	},
}

var showing = []fault{
	{"has no cards", shows(shower{cards: func(map[string]connectors.Card, error) (map[string]connectors.Card, error) {
		return nil, failed("fetch", connectors.Internal)
	}}), "Roles/Show", "the card of contact/7: toy"},
	{
		"shows the cards of others", shows(shower{cards: func(
			cards map[string]connectors.Card, err error,
		) (map[string]connectors.Card, error) {
			cards["lead/8"] = connectors.Card{Name: "Cy"}
			return cards, err
		}}), "Roles/Show", "asked for the card of contact/7, it gives 2",
	},
	{
		"finds nobody", shows(shower{find: func([]string) []string { return nil }}), "Roles/Show",
		"the address on the card of contact/7 finds []",
	},
	{
		"finds anybody", shows(shower{find: func([]string) []string { return []string{"contact/7", "lead/7"} }}),
		"Roles/Show", "an address that nobody has finds [contact/7 lead/7]",
	},
	{
		"has no pages", shows(shower{link: func(string) string { return "" }}), "Roles/Show",
		"want an address that names them",
	},
	{
		"has one page for all", shows(shower{link: func(string) string { return "https://toy.example/7" }}),
		"Roles/Show", "lead/7 and contact/7 have the same page",
	},
	{
		"knows no page", shows(shower{whose: func(string) string { return "" }}), "Roles/Show",
		`of contact/7 is found to be that of ""`,
	},
	{
		"takes every page for somebody's", shows(shower{whose: func(string) string { return "contact/7" }}),
		"Roles/Show", `the CRM's first page is found to be that of "contact/7"`,
	},
	{
		"links with its token", shows(shower{link: func(link string) string { return link + "?token=h00k" }}),
		"Roles/Show", "the address of a page holds a secret",
	},
}
