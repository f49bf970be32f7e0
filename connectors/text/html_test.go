package text

import (
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestHTML reads bodies as mail programs write them; what counts is what Strip leaves of them.
func TestHTML(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"gmail": {
			`<div dir="ltr">Fine with me.<div><br></div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Jan 5, 2026 at 9:14 AM Jane &lt;<a href="mailto:jane@example.org">jane@example.org</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0"><div>old text</div></blockquote></div>`, "Fine with me.",
		},
		"gmail, answers inside": {
			`<div>See below.</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Jan 5, 2026 at 9:14 AM Jane &lt;jane@example.org&gt; wrote:</div><blockquote class="gmail_quote"><p>How many users?</p></blockquote><div>250.</div><blockquote class="gmail_quote"><p>Who decides?</p></blockquote><div>Our board.</div></div>`, "See below.\n\n250.\n\nOur board.",
		},
		"gmail signature": {
			`<div>Fine.</div><div><br>-- <br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Tom<br>Example Ltd</div></div>`, "Fine.",
		},
		"apple": {
			`<html><body>Fine with me.<br><div><blockquote type="cite"><div>On 5 Jan 2026, at 09:14, Jane &lt;jane@example.org&gt; wrote:</div><br><div>old text</div></blockquote></div></body></html>`, "Fine with me.",
		},
		"outlook desktop": {
			`<html><head><style>p{color:red}</style></head><body><div class="WordSection1"><p class="MsoNormal">Fine with me.<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Jane &lt;jane@example.org&gt;<br><b>Sent:</b> Monday, 5 January 2026 09:14<br><b>To:</b> Tom<br><b>Subject:</b> Offer</p></div><p class="MsoNormal">old text</p></div></body></html>`, "Fine with me.",
		},
		"outlook web": {
			`<div>Passt.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><font><b>Von:</b> Jana &lt;jana@example.org&gt;<br><b>Gesendet:</b> Montag<br><b>Betreff:</b> Angebot</font></div><div>alter Text</div>`, "Passt.",
		},
		"outlook renamed": {`<div>Passt.</div><div id="x_divRplyFwdMsg">alt</div><p>alt</p>`, "Passt."},
		"yahoo": {
			`<div>Fine.</div><div id="ydp1" class="yahoo_quoted"><div>On Monday, January 5, 2026, Jane wrote:</div><div>old</div></div>`, "Fine.",
		},
		"thunderbird": {
			`<p>Fine.</p><div class="moz-cite-prefix">Am 05.01.26 um 09:14 schrieb Jana:<br></div><blockquote type="cite" cite="mid:1@example.org">alt</blockquote>`, "Fine.",
		},
		"own indentation": {
			`<p>As our policy says:</p><blockquote style="margin:0 0 0 40px"><p>No orders above 10,000 without approval.</p></blockquote>`, "As our policy says:\n\nNo orders above 10,000 without approval.",
		},
		"hidden": {
			`<div style="display: none">preview text</div><p>Fine.</p><img src="https://example.org/pixel.gif" alt="pixel">`, "Fine.",
		},
		"entities":    {`<p>Gr&uuml;&szlig;e &amp; danke&nbsp;sch&ouml;n</p>`, "Grüße & danke schön"},
		"emoji image": {`<div><img class="an1" alt="👍" src="cid:1"></div>`, "👍"},
		"list":        {`<ul><li>forty seats</li><li>in March</li></ul>`, "- forty seats\n- in March"},
		"script":      {`<script>alert("x")</script><p>Fine.</p><style>a{}</style>`, "Fine."},
		"hidden in other ways": {
			`<div style="DISPLAY:&#10; none !important">a</div><p style="visibility:hidden">b</p><div style="max-height:0px; overflow:hidden">c</div><b style="opacity:0">d</b><p style="opacity:0.9; line-height:0">Fine.</p>`, "Fine.",
		},
		"builder of mail": {
			`<td style="font-size:0px;height:0"><div style="font-size:13px">Fine.</div></td>`,
			"Fine.",
		},
		"conditions": {
			`<!--[if mso]><table><tr><td>Outlook only</td></tr></table><![endif]--><p>Fine.</p><!--[if !mso]><!--><p>For all.</p><!--<![endif]--><![if !vml]><p>More.</p><![endif]>`, "Fine.\n\nFor all.\n\nMore.",
		},
		"citations in each other": {
			`<blockquote type="cite"><p>How many?</p><blockquote type="cite"><p>older</p></blockquote></blockquote><p>Forty.</p><blockquote type="cite"><p>When?</p></blockquote><p>In March.</p>`, "Forty.\n\nIn March.",
		},
		"head without an end": {
			`<html><head><style>p{}</style><title>Re: Offer</title><body><p>Fine.</p></body>`,
			"Fine.",
		},
		"drawing": {`<p>Fine.</p><svg><title>logo</title><text>Example</text></svg>`, "Fine."},
		"table": {
			`<table><tr><th>Item</th><th>Pieces</th></tr><tr><td>Desk</td><td>2</td></tr></table>`,
			"Item Pieces\nDesk 2",
		},
		"marks of a comparison": {`<p>We need 5 < 6 &lt; 7 &amp;c.</p>`, "We need 5 < 6 < 7 &c."},
		"large styles": {"<head><style>" + strings.Repeat("p.MsoNormal{margin:0}", MaxBytes/16) +
			"</style></head><p>Fine.</p>", "Fine."},
		"large image": {
			`<img src="data:image/png;base64,` + strings.Repeat("AAAA", MaxBytes/4) + `"><p>Fine.</p>`, "Fine.",
		},
		"plain":   {"Fine with me.", "Fine with me."},
		"broken":  {`<div><p>Fine<b> with me.</div></p></blockquote></div>`, "Fine with me."},
		"nothing": {"", ""},
		"answers in red": {
			`<p>My answers are below in red.</p><blockquote type="cite"><p style="color:#000000">How many?</p><p style="color:red">Forty <b>seats</b>.</p><p>When?</p><font color="#c00000">In March.</font><p>Best, Jane</p></blockquote>`, "My answers are below in red.\n\nForty seats.\n\nIn March.",
		},
		"red in a quotation": {
			`<p>Fine.</p><blockquote type="cite"><p style="color:red">How many?</p></blockquote>`, "Fine.",
		},
	} {
		if got := squeeze(Strip(FromHTML(c.html))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHTMLIsReadLikePlainText(t *testing.T) {
	in := Input{
		Direction: crm.In, At: at,
		HTML: `<div dir="ltr"><p>Hi Anna,</p><p>could you send me a quote for 40 seats?</p><p>Best regards<br>Tom</p></div>`,
	}
	plain := Input{
		Direction: crm.In, At: at, Body: "Hi Anna,\n\ncould you send me a quote for 40 seats?\n\nBest regards\nTom\n",
	}
	if a, b := reader.Read(in), reader.Read(plain); a != b || !a.Intents.Has(crm.QuoteRequest|crm.Asks) ||
		a.Units != 9 {
		t.Errorf("html %+v, plain %+v", a, b)
	}
	in.Body = "Not interested."
	if got := reader.Read(in); !got.Intents.Has(crm.NotInterested) {
		t.Error("the plain body goes before the HTML one")
	}
}
