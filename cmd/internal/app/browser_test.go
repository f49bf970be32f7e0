package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// chromium finds the Chromium of this machine: the one that WINNOW_TEST_CHROMIUM names, or one in the path.
func chromium() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome", "chrome"}
	if given := os.Getenv("WINNOW_TEST_CHROMIUM"); given != "" {
		names = []string{given}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium in the path: install the package chromium, or name one in "+
		"WINNOW_TEST_CHROMIUM: %w", exec.ErrNotFound)
}

// tab is a page of a Chromium that looks at a world's console.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// browser starts the one Chromium of all tests; each has a page of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, end := chromedp.NewContext(ctx)
	endBrowser = func() { _ = chromedp.Cancel(ctx); end(); stop() }
	return ctx, chromedp.Do(ctx)
})

// endBrowser ends it, after all tests.
var endBrowser = func() {}

// inBrowser skips a test without a Chromium, and fails it where WINNOW_TEST_BROWSER=required.
func inBrowser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("looks at pages in a Chromium")
	}
	ctx, err := browser()
	switch {
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("WINNOW_TEST_BROWSER") != "required":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return ctx
}

// browse opens a page of a Chromium at a world's console. Whatever its policy forbids fails the test.
func (w *world) browse(t *testing.T) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(inBrowser(t))
	t.Cleanup(end)
	_, addr := w.app.Addresses()
	b := &tab{t: t, ctx: ctx, base: "http://" + addr}
	b.do(chromedp.EmulateViewport(1600, 1000))
	said, done := make(chan string, 100), make(chan struct{})
	listening, hear := context.WithCancel(ctx)
	messages := chromedp.Console(listening)
	go func() {
		defer close(done)
		for m, err := range messages {
			if err != nil {
				return
			}
			select {
			case said <- fmt.Sprint(m.Type, " ", m.Text):
			default: // a hundred are enough
			}
		}
	}()
	t.Cleanup(func() {
		hear()
		<-done
		close(said)
		for m := range said {
			t.Errorf("the browser complains: %s", m)
		}
	})
	return b
}

// in is the tab in a subtest.
func (b *tab) in(t *testing.T) *tab { return &tab{t, b.ctx, b.base} }

// bounded is the tab's context for one step.
func (b *tab) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, waittest.Hang)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if chromedp.FromContext(b.ctx).Target == nil { // the first starts the browser, which a bound would end
		if err := chromedp.Do(b.ctx, steps...); err != nil {
			b.t.Fatal(err)
		}
		return
	}
	ctx, cancel := b.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// run runs one step that returns a value.
func run[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base+path), chromedp.WaitReady(chromedp.CSS("footer")))
}

// follow carries out steps that lead to another page, and waits for it.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.WaitReady(chromedp.CSS("footer")))
}

func click(css string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS(css)) }

func typed(css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(css), text)
}

func (b *tab) text(css string) string {
	b.t.Helper()
	return run(b, chromedp.Text(chromedp.CSS(css)))
}

func (b *tab) width(px int64) { b.t.Helper(); b.do(chromedp.EmulateViewport(px, 1000)) }

// scheme has the page shown in dark or light colours.
func (b *tab) scheme(name string) {
	b.t.Helper()
	b.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return chromedp.Void{}, err
	})
}

// shot keeps a picture of the whole page where WINNOW_TEST_SCREENSHOTS names a directory.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("WINNOW_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	png := run(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// faults are what anybody could find wrong with a page by looking at it: more than fits its width, cells that are cut
// off, text and fields that are hard to tell from their ground, fields without a name. WCAG 2.2 asks for a contrast of
// 4.5 to 1 of text (1.4.3), and of 3 to 1 of what shows where a field is (1.4.11).
const faults = `(() => {
	const said = []
	const say = (what, e) => said.push(what + ': <' + e.tagName + '> ' + e.textContent.trim().slice(0, 50))
	const numbers = c => (c.match(/[\d.]+/g) || []).map(Number)
	const light = c => {
		const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
		return .2126 * r + .7152 * g + .0722 * b
	}
	const contrast = (ink, on) => {
		const [a, b] = [light(ink.slice(0, 3)), light(on.slice(0, 3))].sort((x, y) => y - x)
		return (a + .05) / (b + .05)
	}
	const ground = e => {
		for (; e; e = e.parentElement) {
			const c = numbers(getComputedStyle(e).backgroundColor)
			if (c.length === 3 || c[3] > 0) return c
		}
		return [255, 255, 255]
	}
	const root = document.documentElement
	if (root.scrollWidth > root.clientWidth) said.push('the page is ' + root.scrollWidth + ' wide')
	for (const e of document.querySelectorAll('body *')) {
		if (!e.getClientRects().length || e.closest('.skip')) continue
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
		const style = getComputedStyle(e)
		if (own) {
			const ink = contrast(numbers(e instanceof SVGElement ? style.fill : style.color), ground(e))
			if (ink < 4.5) say('contrast ' + ink.toFixed(1), e)
		}
		if (e.matches('input:not([type=checkbox]), select, textarea')) {
			const edge = contrast(numbers(style.borderTopColor), ground(e.parentElement))
			if (edge < 3) say('an edge of contrast ' + edge.toFixed(1), e)
		}
		const box = e.getBoundingClientRect()
		if (own && !e.closest('.wide, pre, select') && box.right > root.clientWidth + 1) say('runs out of the page', e)
		if (e.matches('.wide, td, th, .card, .tile') && e.scrollWidth > e.clientWidth + 1) say('does not fit', e)
		if (e.matches('input:not([type=hidden]), select, textarea') && !(e.labels && e.labels.length) &&
			!e.getAttribute('aria-label')) say('has no label', e)
		if (e.matches('svg[role=img]') && !e.getAttribute('aria-label')) say('has no name', e)
	}
	return said
})()`

// looks fails where a page has a fault at one of three widths, in light or dark, and keeps a picture of each width.
func (b *tab) looks(name, path string) {
	b.t.Helper()
	b.open(path)
	for _, width := range []int64{390, 1024, 1600} {
		b.width(width)
		for _, scheme := range []string{"dark", "light"} {
			b.scheme(scheme)
			for _, fault := range run(b, chromedp.Evaluate[[]string](faults)) {
				b.t.Errorf("%s, %d wide, %s: %s", path, width, scheme, fault)
			}
		}
		b.shot(fmt.Sprintf("%s-%d", name, width))
	}
}

// pictureOf is how a page's picture is called.
func pictureOf(path string) string { return cmp.Or(strings.Trim(path, "/"), "today") }
