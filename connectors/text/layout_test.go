package text

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// plainLayouts are what mail programs put between an answer and the message that it answers; %s is that message, marked
// where the program marks it.
var plainLayouts = map[string]string{
	"gmail":           "On Tue, Mar 3, 2026 at 10:12 AM Tom Berg <tom@vendor.example> wrote:\n\n> %s",
	"gmail, wrapped":  "On Tue, Mar 3, 2026 at 10:12 AM Tom Berg <tom.berg@vendor.example\n> wrote:\n\n> %s",
	"gmail, in two":   "On Tue, Mar 3, 2026 at 10:12 AM Tom Berg\n<tom@vendor.example> wrote:\n> %s",
	"gmail, de":       "Am Di., 3. März 2026 um 10:12 Uhr schrieb Tom Berg <tom@vendor.example>:\n> %s",
	"gmail, fr":       "Le mar. 3 mars 2026 à 10:12, Tom Berg <tom@vendor.example> a écrit :\n\n> %s",
	"gmail, es":       "El mar, 3 mar 2026 a las 10:12, Tom Berg (<tom@vendor.example>) escribió:\n> %s",
	"gmail, it":       "Il giorno mar 3 mar 2026 alle ore 10:12 Tom Berg <tom@vendor.example> ha scritto:\n> %s",
	"gmail, pt":       "Em ter., 3 de mar. de 2026 às 10:12, Tom Berg <tom@vendor.example> escreveu:\n> %s",
	"gmail, nl":       "Op di 3 mrt 2026 om 10:12 schreef Tom Berg <tom@vendor.example>:\n> %s",
	"gmail, sv":       "Den tis 3 mars 2026 kl 10:12 skrev Tom Berg <tom@vendor.example>:\n> %s",
	"gmail, pl":       "wt., 3 mar 2026 o 10:12 Tom Berg <tom@vendor.example> napisał(a):\n> %s",
	"gmail, ja":       "2026年3月3日(火) 10:12 Tom Berg <tom@vendor.example>:\n> %s",
	"gmail, zh":       "Tom Berg <tom@vendor.example> 于2026年3月3日周二 10:12写道：\n> %s",
	"gmail, ko":       "2026년 3월 3일 (화) 오전 10:12, Tom Berg <tom@vendor.example>님이 작성:\n> %s",
	"gmail, ru":       "вт, 3 мар. 2026 г. в 10:12, Tom Berg <tom@vendor.example>:\n> %s",
	"yahoo":           "On Tuesday, March 3, 2026 at 10:12:29 AM GMT+1, Tom Berg <tom@vendor.example> wrote:\n\n%s",
	"apple":           "> On 3 Mar 2026, at 10:12, Tom Berg <tom@vendor.example> wrote:\n> \n> %s",
	"thunderbird":     "On 03/03/2026 10:12, Tom Berg wrote:\n> %s",
	"thunderbird, de": "Am 03.03.26 um 10:12 schrieb Tom Berg:\n> %s",
	"outlook": "From: Tom Berg <tom@vendor.example>\nSent: Tuesday, March 3, 2026 10:12 AM\nTo: " +
		"Anna\nSubject: Offer\n\n%s",
	"outlook, ruled": "________________________________\nFrom: Tom Berg <tom@vendor.example>\nSent: Tuesday, March " +
		"3, 2026 10:12:00 AM\nTo: Anna\nSubject: Offer\n\n%s",
	"outlook, old": "-----Original Message-----\nFrom: Tom Berg\nSent: Tuesday, March 3, 2026 10:12\nTo: " +
		"Anna\nSubject: Offer\n\n%s",
	"outlook, nl": "Van: Tom Berg <tom@vendor.example>\nVerzonden: dinsdag 3 maart 2026 10:12\nAan: " +
		"Anna\nOnderwerp: Offerte\n\n%s",
	"zoho":          "---- On Tue, 03 Mar 2026 10:12:43 +0100 Tom Berg <tom@vendor.example> wrote ----\n\n%s",
	"spark":         "On 3 Mar 2026 at 10:12 +0100, Tom Berg <tom@vendor.example>, wrote:\n> %s",
	"tutanota":      "Mar 3, 2026, 10:12 by tom@vendor.example:\n\n> %s",
	"horde":         "Quoting Tom Berg <tom@vendor.example>:\n\n> %s",
	"notes":         "Tom Berg ---03/03/2026 10:12:12 AM---%s",
	"groupwise":     ">>> Tom Berg <tom@vendor.example> 3/3/2026 10:12 AM >>>\n%s",
	"name alone":    "Tom Berg <tom@vendor.example> wrote:\n> %s",
	"date and name": "2026/3/3 Tom Berg <tom@vendor.example>\n\n> %s",
	"help desk":     "##- Please type your reply above this line -##\n\n%s",
}

// htmlLayouts are the same of programs that write HTML; the first %s is the answer.
var htmlLayouts = map[string]string{
	"gmail":       `<div dir="ltr">%s</div><br><div class="gmail_quote"><div class="gmail_attr">On Tue, Mar 3, 2026 at 10:12 AM Tom &lt;tom@vendor.example&gt; wrote:<br></div><blockquote class="gmail_quote">%s</blockquote></div>`,
	"yahoo":       `<div>%s</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Tuesday, March 3, 2026 at 10:12:00 AM GMT+2, Tom &lt;tom@vendor.example&gt; wrote:</div><div><br></div><div>%s</div></div>`,
	"aol":         `<div>%s</div><div class="yahoo_quoted"><div>On Tuesday, March 3, 2026 at 10:12 AM, Tom &lt;tom@vendor.example&gt; wrote:</div><blockquote>%s</blockquote></div>`,
	"thunderbird": `<html><body>%s<br><div class="moz-cite-prefix">On 03/03/2026 10:12, Tom wrote:<br></div><blockquote type="cite" cite="mid:1">%s</blockquote></body></html>`,
	"proton":      `<div>%s</div><div class="protonmail_quote">On Tuesday, March 3rd, 2026 at 10:12 AM, Tom &lt;tom@vendor.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">%s</blockquote></div>`,
	"apple":       `<body>%s<div><br><blockquote type="cite"><div>On 3 Mar 2026, at 10:12, Tom &lt;tom@vendor.example&gt; wrote:</div><br><div>%s</div></blockquote></div></body>`,
	"outlook web": `<div>%s</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Tom &lt;tom@vendor.example&gt;<br><b>Sent:</b> Tuesday, March 3, 2026 10:12 AM<br><b>To:</b> Anna<br><b>Subject:</b> Offer</div><div>%s</div>`,
	"outlook":     `<div class="WordSection1"><p class="MsoNormal">%s<o:p></o:p></p><div style="border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Tom &lt;tom@vendor.example&gt;<br><b>Sent:</b> Tuesday, 3 March 2026 10:12<br><b>To:</b> Anna<br><b>Subject:</b> Offer</p></div><p class="MsoNormal">%s</p></div>`,
	"outlook app": `<div>%s</div><div id="mail-editor-reference-message-container"><div><div><b>From: </b>Tom &lt;tom@vendor.example&gt;<br><b>Date: </b>Tuesday, 3 March 2026 at 10:12<br><b>To: </b>Anna<br></div><div>%s</div></div></div>`,
	"zoho":        `<div>%s<br></div><div class="zmail_extra">---- On Tue, 03 Mar 2026 10:12:00 +0100 <b>Tom &lt;tom@vendor.example&gt;</b> wrote ---<br><blockquote>%s</blockquote></div>`,
	"spark":       `<div name="messageBodySection">%s</div><div name="messageReplySection">On 3 Mar 2026 at 10:12 +0200, Tom &lt;tom@vendor.example&gt;, wrote:<br><blockquote type="cite">%s</blockquote></div>`,
	"hubspot":     `<div>%s</div><div class="hs_reply">On Tue, Mar 3, 2026 at 10:12 AM, Tom &lt;tom@vendor.example&gt; wrote:<br><blockquote class="hs_reply">%s</blockquote></div>`,
	"tutanota":    `<div>%s</div><div class="tutanota_quote">Mar 3, 2026, 10:12 by tom@vendor.example:<br><blockquote class="tutanota_quote">%s</blockquote></div>`,
	"netease":     `<div>%s</div><div class="ntes-mailmaster-quote"><div>---- Replied Message ----</div><table><tr><td>From</td><td>Tom&lt;tom@vendor.example&gt;</td></tr><tr><td>Date</td><td>3/3/2026 10:12</td></tr><tr><td>To</td><td>anna@firm.example</td></tr><tr><td>Subject</td><td>Offer</td></tr></table><blockquote>%s</blockquote></div>`,
	"airmail":     `<div>%s</div><p class="airmail_on">On 3 March 2026 at 10:12:12, Tom (tom@vendor.example) wrote:</p><blockquote type="cite" class="clean_bq">%s</blockquote>`,
}

// lastLines are lines that hold what a header holds too: a time, a number, an address.
var lastLines = []string{
	"Tuesday at 10:30 works for me", "20 seats please", "We accept offer 2214.", "Please send it to anna@firm.example",
	"My number is 0301234567",
	"Yes, 5000 euros is fine, please go ahead", "The 3rd of June at 9 is fine", "We need < 50 of them",
	"On 3 March 2026 at 10:00 we sign", "Anna's address: anna@firm.example",
	"Wir nehmen 20 Plätze", "Le 3 mars à 10h30 nous convient", "El martes 3 a las 10:30 nos va bien", "20席でお願いします",
	"我们需要20个座位",
}

const theirsBefore = "How many seats would you like to have?"

// TestOwnLinesAreKept holds that the last line of an answer is kept, whatever it holds, with and without a blank line
// before the message that it answers, and that nothing of that message is.
func TestOwnLinesAreKept(t *testing.T) {
	n, lost := 0, 0
	check := func(name, mail, want string) {
		n++
		if got := laidOut(Strip(mail)); got != laidOut(want) {
			lost++
			t.Errorf("%s: kept %q, want %q, of\n%s", name, got, want, mail)
		}
	}
	for _, line := range lastLines {
		for _, above := range []string{"", "Hi Tom,\n"} {
			answer := above + line
			for name, layout := range plainLayouts {
				for _, gap := range []string{"\n", "\n\n"} {
					check(name, answer+gap+fmt.Sprintf(layout, theirsBefore), answer)
				}
			}
			for name, layout := range htmlLayouts {
				written := strings.ReplaceAll(strings.ReplaceAll(answer, "<", "&lt;"), "\n", "<br>")
				check("html, "+name, FromHTML(fmt.Sprintf(layout, written, theirsBefore)), answer)
			}
		}
	}
	t.Logf("%d of %d lost their last line or kept what is not theirs", lost, n)
}

// TestOwnLettersAreKept holds the same of whole messages in seven languages: above a quotation there is left of them
// what is left of them alone, even where the header begins in their last line.
func TestOwnLettersAreKept(t *testing.T) {
	files, err := filepath.Glob("testdata/heldout/*.txt")
	if err != nil || len(files) != 7 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for _, m := range loadCorpus(t, file) {
			if m.out || strings.Contains(m.body, "\n>") {
				continue
			}
			want := laidOut(Strip(m.body))
			for name, layout := range plainLayouts {
				gaps := []string{"\n", "\n\n", " "}
				if word, _, _ := strings.Cut(layout, " "); !openers[fold(word)] {
					gaps = gaps[:2]
				}
				for _, gap := range gaps {
					if got := laidOut(Strip(m.body + gap + fmt.Sprintf(layout, theirsBefore))); got != want {
						t.Errorf("%s, %s behind %q: kept %q, want %q", m.position, name, gap, got, want)
					}
				}
			}
		}
	}
}

// TestLayouts reads what mail programs make of an answer, in more layouts and languages than the other tests. The
// messages were written before the reader saw one of them.
func TestLayouts(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no messages", err)
	}
	for _, file := range files {
		right := confusion{}
		for _, m := range loadLetters(t, file) {
			plain := m.in.Body
			if m.in.HTML != "" {
				plain = FromHTML(m.in.HTML)
			}
			kept := Strip(plain)
			right.add(m.layout, true, laidOut(kept) == laidOut(m.kept))
			if laidOut(kept) != laidOut(m.kept) {
				t.Errorf("%s, %s: kept %q, want %q", m.position, m.layout, kept, strings.TrimSpace(m.kept))
			}
		}
		table, _ := right.table(filepath.Base(file))
		t.Log(table)
	}
}

// TestOurLines holds that what we wrote is history, however it is quoted and wrapped, and that their words around it
// are kept.
func TestOurLines(t *testing.T) {
	const farewell = "Hello Anna,\n\nwould you still like to have the offer? If you are not interested any more, " +
		"just let me know and I take you off my list.\n\nBest regards\nTom Miller"
	lines := reader.Lines(farewell, "")
	if len(lines) == 0 || len(lines) > maxLines {
		t.Fatalf("%d lines", len(lines))
	}
	paragraphs := "<p>" + strings.ReplaceAll(strings.ReplaceAll(farewell, "\n\n", "</p><p>"), "\n", "<br>") + "</p>"
	if got := reader.Lines("", paragraphs); !slices.Equal(got, lines) {
		t.Errorf("of HTML %v, of plain text %v", got, lines)
	}
	for name, c := range map[string]struct{ body, want string }{
		"without a header": {"Yes please, we want it.\n\n" + farewell, "Yes please, we want it."},
		"an unknown header": {
			"Yes please, we want it.\n\nTom Miller, kolmapäeval:\n\n" + farewell,
			"Yes please, we want it.\n\nTom Miller, kolmapäeval:",
		},
		"above": {farewell + "\n\nYes please, we want it.", "Yes please, we want it."},
		"wrapped": {"Yes please, we want it.\n\nHello Anna,\n\nwould you still like to have\nthe offer? " +
			"If you are not\ninterested any more, just let me\nknow and I take you off my\nlist.\n\nBest " +
			"regards\nTom Miller", "Yes please, we want it."},
		"marks lost by wraps": {"Yes please, we want it.\n\n> would you still like to have the\noffer? If you are " +
			"not interested any\n> more, just let me know and I take\nyou off my list.", "Yes please, we want it."},
		"in one line": {"Yes please, we want it. If you are not interested any more, just let me know and I " +
			"take you off my list. And two desks.", "Yes please, we want it.\nAnd two desks."},
		"answers between": {"would you still like to have the offer?\n\nYes.\n\nIf you are not interested any " +
			"more, just let me know and I take you off my list.\n\nNo, keep us.", "Yes.\n\nNo, keep us."},
		"nothing of ours": {"We are not interested any more.", "We are not interested any more."},
		"nothing new":     {farewell, ""},
	} {
		in := Input{Direction: crm.In, Subject: "Re: Offer", Body: c.body, At: at, Ours: lines}
		got := reader.Trace(in)
		if laidOut(got.Kept) != laidOut(c.want) {
			t.Errorf("%s: kept %q, want %q", name, got.Kept, c.want)
		}
		if got.Text.Intents.Any(crm.OptOut|crm.NotInterested) != strings.Contains(c.want, "interested") {
			t.Errorf("%s: %s", name, got.Text.Intents)
		}
	}
	for _, courtesy := range []string{
		"Yes please.", "Best regards\nTom", "Thanks", "", "ok", "See you on Monday.",
		"On Mon, 5 Jan 2026 at 09:14, Jane <jane@example.org> wrote:\n> we have written a few words here before",
	} {
		if got := reader.Lines(courtesy, ""); len(got) > 0 {
			t.Errorf("%q leaves %d lines", courtesy, len(got))
		}
	}
	if got := reader.Lines(strings.Repeat("One two three four five six. ", 99)+mail(t, 90000),
		""); len(got) != maxLines {
		t.Errorf("a long message leaves %d lines", len(got))
	}
}

// TestAnswersInside holds that answers between our unmarked questions are kept where they say that they answer there.
func TestAnswersInside(t *testing.T) {
	const header = "\n\nFrom: Tom Berg <tom@vendor.example>\nSent: Tuesday, March 3, 2026 10:12 AM\nTo: " +
		"Anna\nSubject: Offer\n\n"
	questions := []string{"How many seats would you like to have?", "When would you like us to begin?"}
	lines := reader.Lines("Hello Anna,\n\n"+strings.Join(questions, "\n\n")+"\n\nBest regards\nTom Berg", "")
	for mail, want := range map[string]string{
		"Hi Tom, see my answers below." + header + "Hello Anna,\n\n" + questions[0] + "\nForty.\n\n" + questions[1] +
			"\n1 March\n\nBest regards\nTom Berg": "Hi Tom, see my answers below.\nForty.\n1 March",
		"Thanks, we will." + header + "Hello Anna,\n\n" + questions[0] + "\nForty.\n\n" + questions[1] +
			"\n\nBest regards\nTom Berg": "Thanks, we will.",
	} {
		if got := reader.Trace(Input{
			Direction: crm.In, Subject: "Re: Offer", Body: mail, Ours: lines,
		}).Kept; laidOut(got) != want {
			t.Errorf("kept %q, want %q", got, want)
		}
	}
}
