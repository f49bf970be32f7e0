package app

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// looksEmpty: the pages of nobody can be read at every width.
func (w *world) looksEmpty(t *testing.T) {
	b := w.browse(t)
	for _, path := range everyPage {
		b.looks("empty-"+pictureOf(path), path)
	}
	// By keyboard alone one skips the navigation.
	b.open("/owed")
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	if at := run(b, chromedp.Evaluate[string]("document.activeElement.id")); at != "main" {
		t.Errorf("the first link leads to %q, not to the content", at)
	}
}

// looksFull: every page shows the sandbox's cast, and people find on them what they come for.
func (w *world) looksFull(t *testing.T) {
	b := w.browse(t)
	w.listed()
	w.noteDay()
	for _, path := range everyPage {
		b.looks(pictureOf(path), path)
	}
	t.Run("who waits longest", func(t *testing.T) { w.findsWhoWaits(b.in(t)) })
	t.Run("why somebody is a D", func(t *testing.T) { w.findsWhy(b.in(t)) })
	t.Run("a draft", func(t *testing.T) { w.triesDraft(b.in(t)) })
}

// findsWhoWaits goes from the first page to who waits longest, and into the CRM.
func (w *world) findsWhoWaits(b *tab) {
	longest := parsed[api.OwedPage](b.t, w.shows("/owed.json", `"name"`)).Contacts[0]
	b.open("/")
	b.follow(click(`nav a[href="/owed"]`))
	first := `section[aria-labelledby=people] tbody tr:first-child `
	b.says("/owed", first+`td[data-of="Person"] a`, longest.Name)
	b.looks("owed-person", "/contacts/hubspot/"+longest.Contact.Contact)
	b.open("/owed")
	link := run(b, chromedp.Evaluate[string]("document.querySelector('"+first+"a[rel=noreferrer]').href"))
	if link != longest.Link || !strings.HasSuffix(link, "/"+longest.Contact.Contact) {
		b.t.Errorf("the link leads to %s, not to the contact's page in the CRM, %s", link, longest.Link)
	}
}

// says waits until a part of the page that is open, or of the page at path, says something. The CRM, which names
// people, is given little time by a page, and a busy machine makes it late.
func (b *tab) says(path, css, what string) {
	b.t.Helper()
	if what == "" {
		b.t.Fatalf("%s names nobody", path)
	}
	waittest.Until(b.t, path+" says "+what, func() bool {
		if strings.Contains(b.text(css), what) {
			return true
		}
		b.open(path)
		return false
	})
}

// generous is a draft by which nobody who is not decided against would have a letter as bad as a C.
const generous = "WINNOW_RULES_MATRIX=AAA,AAA,AAA"

// findsWhy sees on the page of somebody with a D the reasons that make the score, what an answer would change, and
// on another what other settings would.
func (w *world) findsWhy(b *tab) {
	b.open("/contacts")
	b.follow(chromedp.SetValue(chromedp.CSS("#letter"), "D"), click(`form.filters:not([role=search]) button`))
	b.follow(click(`table.fold tbody tr:first-child td[data-of="Person"] a`))
	path := run(b, chromedp.Evaluate[string]("location.pathname"))
	page := parsed[api.ContactPage](b.t, w.page(path+".json"))
	if page.Rating.Letter != "D" || len(page.Rating.Reasons) == 0 {
		b.t.Fatalf("%s is rated %+v", path, page.Rating)
	}
	why := b.text("main")
	for _, r := range page.Rating.Reasons {
		if !strings.Contains(why, "This contact "+r.Text) {
			b.t.Errorf("%s does not say that this contact %s", path, r.Text)
		}
	}
	if said := b.text("#answered"); !strings.Contains(said, page.Answered.Letter) {
		b.t.Errorf("were they to answer they would be %q, and the page says %q", page.Answered.Letter, said)
	}
	// Whoever is pending may be disqualified by now, and no draft takes a decision back: the draft is tried on another.
	b.open("/contacts?letter=C&status=open")
	b.follow(click(`table.fold tbody tr:first-child td[data-of="Person"] a`))
	path = run(b, chromedp.Evaluate[string]("location.pathname"))
	b.follow(typed("#draft", generous), click("#try"))
	drafted := "?draft=" + url.QueryEscape(generous)
	then := parsed[api.ContactPage](b.t, w.page(path+".json"+drafted)).Drafted
	if said := b.text("#what-if"); then.Letter == "C" || !strings.Contains(said, "They would be "+then.Letter) ||
		!strings.Contains(said, "not C") {
		b.t.Errorf("by the draft they are %q, and the page says %q", then.Letter, said)
	}
	b.looks("what-if", path+drafted)
}

// triesDraft tries a draft on all, and copies it as environment lines.
func (w *world) triesDraft(b *tab) {
	b.open("/rules")
	b.follow(typed("#draft", "export MATRIX='AAA,AAA,AAA'"), click(`form[action="/rules/try"] button`))
	waittest.Until(b.t, "the page, which comes anew by itself, shows who changes", func() bool {
		ctx, cancel := b.bounded()
		defer cancel()
		done, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
			`!!document.querySelector("#changes") && !document.querySelector("meta[http-equiv]")`))
		return err == nil && done // between two pages there is none to ask
	})
	search := run(b, chromedp.Evaluate[string]("location.search"))
	var first api.DraftChange
	waittest.Until(b.t, "who changes first has a name", func() bool {
		first = parsed[api.RulesPage](b.t, w.page("/rules.json"+search)).Changes[0]
		return first.Name != ""
	})
	if first.Change.Draft.Rating != "A" {
		b.t.Errorf("first changes %+v", first)
	}
	b.says("/rules"+search, "#changes + .wide tbody tr:first-child", first.Name)
	copied := run(b, chromedp.Evaluate[string](
		`getSelection().selectAllChildren(document.getElementById("lines")), getSelection().toString()`))
	if strings.TrimSpace(copied) != generous {
		b.t.Errorf("what is copied is %q, want %q", copied, generous)
	}
	b.looks("draft", "/rules?draft="+url.QueryEscape("export MATRIX='AAA,AAA,AAA'")+"&days=180")
}

// TestBrowserTrouble: with a refused token, a tripped breaker and dead letters the pages say so, and a person settles
// each: lets two of five go with a note, and sends a letter again.
func TestBrowserTrouble(t *testing.T) {
	t.Parallel()
	inBrowser(t)
	w := tripped(t)
	bad := w.box.Sign([]byte(`{"no":"array"}`))
	if status, err := w.box.Send(t.Context(), bad); err != nil || status != 204 {
		t.Fatalf("%d, %v", status, err)
	}
	w.settle()
	w.box.SetToken("another")
	w.box.CreateContact(map[string]string{"email": "new@trouble.example"})
	if err := w.box.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.shows("/", "token is wrong", "the mass-change breaker is tripped", "dead letter waits for a person")
	b := w.browse(t)
	for _, path := range everyPage {
		b.looks("trouble-"+pictureOf(path), path)
	}
	w.box.SetToken("sandbox-token")

	// Two of those that are held, with a note, found in the audit.
	b.width(1600)
	b.open("/decisions")
	boxes := run(b, chromedp.Evaluate[[]string](
		`[...document.querySelectorAll('input[name=contacts]')].map(e => e.value)`))
	if len(boxes) != 5 {
		t.Fatalf("the breaker holds %v, want five", boxes)
	}
	const note = "asked both on the phone"
	b.follow(click(`input[name=contacts][value="`+boxes[1]+`"]`), click(`input[name=contacts][value="`+boxes[3]+`"]`),
		typed("#note-hubspot", note), click(`button[value=these]`))
	act := `#acts tbody tr:first-child td[data-of="`
	if on := b.text(act + `On"]`); !strings.Contains(on, boxes[1]) || !strings.Contains(on, boxes[3]) ||
		strings.Contains(on, boxes[0]) {
		t.Errorf("noted is %q, want %s and %s", on, boxes[1], boxes[3])
	}
	if why, who := b.text(act+`Why"]`), b.text(act+`Who"]`); why != note || who != "console" {
		t.Errorf("noted is %q by %q", why, who)
	}
	if what := b.text(`[role=status]`); !strings.Contains(what, "Done") {
		t.Errorf("after it the page says %q", what)
	}
	b.looks("trouble-decisions-done", "/decisions?said=done")

	// The letter is sent again, and comes back with the same fault: what it holds is still no array.
	waittest.Until(t, "the page shows the letter", func() bool {
		b.open("/system")
		return run(b, chromedp.Evaluate[int](`document.querySelectorAll("article.card").length`)) == 1
	})
	before := b.text("article.card b")
	b.follow(typed(`form[action="/system/resend"] input[name=note]`, "the CRM says it is mended"),
		click(`form[action="/system/resend"] button:not(.danger)`))
	b.open("/decisions")
	if why := b.text(act + `Why"]`); why != "the CRM says it is mended" || b.text(act+`On"]`) != "letter "+before {
		t.Errorf("noted is %q", why)
	}
	waittest.Until(t, "the letter is there under another number", func() bool {
		letters := w.letters()
		return len(letters) == 1 && letters[0].Seq != w.number(before)
	})
}

// number is the number of a dead letter.
func (w *world) number(s string) uint64 {
	w.t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
