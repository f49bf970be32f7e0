package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// signed is a vendor whose proof is a word in a header.
type signed struct {
	connectors.Receiver
	screened *atomic.Int64
}

func (s signed) Screen(d connectors.Delivery, _ time.Time) error {
	if d.Body != nil {
		return errors.New("screened with its body")
	}
	s.screened.Add(1)
	if d.Header.Get("Signature") == "" {
		return errors.New("no signature")
	}
	return nil
}

func (s signed) Verify(d connectors.Delivery, _ time.Time) error {
	switch d.Header.Get("Signature") {
	case "genuine":
		return nil
	case "late":
		return &connectors.Error{
			Vendor: "fake", Op: "verify", Kind: connectors.Unauthenticated, Stale: true, Err: errors.New("too old"),
		}
	}
	return errors.New("wrong signature")
}

func (s signed) Dated(connectors.Delivery) time.Time { return time.Now() }

func (s signed) Keep(d connectors.Delivery) (connectors.Delivery, bool) { return d, false }

// port is a receiver behind a real server.
func port(t *testing.T, most int64) (r *Receiver, url string, logged *observer.ObservedLogs) {
	t.Helper()
	core, logged := observer.New(zap.DebugLevel)
	v := signed{screened: &atomic.Int64{}}
	r = NewReceiver(Deps{
		Queue: openStore(t), Now: time.Now, Clock: clock.New(clock.Options{}),
		Troubles: watermark.NewTroubles(nil, zap.New(core)),
		Metrics:  NewMetrics(prometheus.NewRegistry()),
		Sources: map[string]watermark.Source{
			"fake": {
				Source: crm.Source{Name: "fake"}, MaxBody: 1 << 20,
				CRM: connectors.Vendor{Receive: v, Dates: v, Screen: v},
			},
		},
	})
	r.bodies.most = most
	mux := http.NewServeMux()
	mux.Handle("/hooks/{source}", r)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return r, srv.URL + "/hooks/fake", logged
}

func send(t *testing.T, url, signature string, body io.Reader) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Signature", signature)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// stall opens a connection that announces a large body, sends a part of it and then nothing any more.
func stall(t *testing.T, addr, signature string, part int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c,
		"POST /hooks/fake HTTP/1.1\r\nHost: x\r\nSignature: %s\r\nContent-Length: 1000000\r\n\r\n%s", signature,
		bytes.Repeat([]byte("x"), part))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSilentBodies: connections that fill the room for bodies and then say nothing lock nobody out. They give way to
// what comes, and are ended for coming too slowly; what they are answered makes no error of it.
func TestSilentBodies(t *testing.T) {
	r, url, logged := port(t, 1<<20)
	addr := url[len("http://") : len(url)-len("/hooks/fake")]
	for range 66 {
		stall(t, addr, "guessed", 14_000)
	}
	for end := time.Now().Add(time.Minute); r.bodies.held() < 700_000 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	for i := range 20 {
		began := time.Now()
		if status := send(t, url, "genuine", bytes.NewReader(make([]byte, 40_000))); status/100 != 2 {
			t.Errorf("delivery %d is answered with %d after %s", i, status, time.Since(began))
		}
	}
	waittest.Until(t, "who says nothing holds nothing", func() bool { return r.bodies.held() == 0 })
	if n := logged.FilterLevelExact(zap.ErrorLevel).Len(); n > 0 {
		t.Errorf("%d errors are logged", n)
	}
}

// TestSlowestGivesWay: where large bodies have filled the room, the one that comes most slowly is given up for the
// next.
func TestSlowestGivesWay(t *testing.T) {
	r, url, _ := port(t, 400_000)
	addr := url[len("http://") : len(url)-len("/hooks/fake")]
	for range 3 {
		stall(t, addr, "guessed", 95_000)
	}
	for end := time.Now().Add(time.Minute); r.bodies.held() < 3*95_000 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	r.bodies.age(12 * time.Second) // slower than what comes now, also where the machine pauses
	if status := send(t, url, "genuine", bytes.NewReader(make([]byte, 200_000))); status/100 != 2 {
		t.Errorf("answered with %d", status)
	}
}

// TestWhichIsSlowest: of those that are not brand-new the one gives way that comes most slowly, whichever came first,
// and its connection is not read any more.
func TestWhichIsSlowest(t *testing.T) {
	b := newBodies(1000)
	ended := map[string]bool{}
	begin := func(name string, bytes int64, ago time.Duration) *body {
		one := b.open(httptest.NewRecorder(), nil, "")
		one.limit = func(time.Time) error { ended[name] = true; return nil }
		one.began = one.began.Add(-ago)
		if err := b.take(one, bytes); err != nil {
			t.Fatal(err)
		}
		return one
	}
	begin("fast", 400, 40*time.Second)
	slow := begin("slow", 200, time.Minute)
	begin("nothing yet", 0, time.Hour)
	begin("brand-new", 1, 0).began = time.Now().Add(time.Hour)
	if begin("next", 500, 0); !slow.giveUp || len(ended) != 1 || !ended["slow"] {
		t.Errorf("%v gave way, want the slow one alone", ended)
	}
}

// TestScreenedByHeaders: what has no proof, or is too long, is refused before its body is read.
func TestScreenedByHeaders(t *testing.T) {
	r, _, logged := port(t, 1<<20)
	for _, c := range []struct {
		signature    string
		length, want int
	}{
		{"", 900_000, http.StatusUnauthorized}, {"genuine", 1<<20 + 1, http.StatusRequestEntityTooLarge},
	} {
		body := &counting{Reader: bytes.NewReader(make([]byte, c.length))}
		req := httptest.NewRequest(http.MethodPost, "/hooks/fake", body)
		req.Header.Set("Signature", c.signature)
		req.ContentLength = int64(c.length)
		req.SetPathValue("source", "fake")
		rec := httptest.NewRecorder()
		if r.ServeHTTP(rec, req); rec.Code != c.want || body.read > 0 {
			t.Errorf("%q, %d bytes: answered with %d after %d of them, want %d after none", c.signature, c.length,
				rec.Code, body.read, c.want)
		}
	}
	if n := logged.FilterLevelExact(zap.ErrorLevel).Len(); n > 0 {
		t.Errorf("%d errors are logged", n)
	}
}

// counting is a body that counts how much of it is read.
type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// TestSender: an address is believed as far as those are trusted who say it.
func TestSender(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name, peer, forwarded string
		proxies               []netip.Prefix
		want                  string
	}{
		{"from outside", "198.51.100.7:1", "", nil, "198.51.100.7"},
		{"from outside, with a claim", "198.51.100.7:1", "203.0.113.1", proxies, "198.51.100.7"},
		{"through a proxy", "10.0.0.1:1", "203.0.113.1", proxies, "203.0.113.1"},
		{"through two", "10.0.0.1:1", "192.0.2.66, 203.0.113.1, 10.9.9.9", proxies, "203.0.113.1"},
		{"from a network of its own", "[2001:db8:1:2:3:4:5:6]:1", "", nil, "2001:db8:1:2::"},
		{"through a proxy, by the old protocol", "10.0.0.1:1", "::ffff:203.0.113.1", proxies, "203.0.113.1"},
		{"a proxy that says nothing", "10.0.0.1:1", "", proxies, ""},
		{"a neighbour that may be a proxy", "192.168.1.1:1", "203.0.113.1", nil, ""},
		{"this machine", "[::1]:1", "", nil, ""},
	} {
		req := httptest.NewRequest(http.MethodPost, "/", nil)
		req.RemoteAddr = c.peer
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := sender(req, c.proxies); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := Peer(c.peer, c.proxies); len(c.proxies) > 0 && c.forwarded != "" && c.want != "198.51.100.7" &&
			got != "" {
			t.Errorf("%s: the connection is %q's, not its proxy's", c.name, got)
		} else if (c.proxies == nil || c.want == "198.51.100.7") && got != c.want {
			t.Errorf("%s: the connection is %q's, want %q", c.name, got, c.want)
		}
	}
}

// TestOneAddressDoesNotGetAll: half of the room is the most that one sender has.
func TestOneAddressDoesNotGetAll(t *testing.T) {
	b := newBodies(1000)
	one, two := b.open(httptest.NewRecorder(), nil, "a"), b.open(httptest.NewRecorder(), nil, "b")
	if err := b.take(one, 600); !errors.Is(err, errBodies) {
		t.Errorf("600 of 1000 bytes for one: %v", err)
	}
	one.close()
	if err := b.take(two, 400); err != nil {
		t.Errorf("400 of 1000 bytes for one: %v", err)
	}
	two.close()
	if b.held() != 0 || len(b.from) != 0 {
		t.Errorf("%d bytes are held, by %v", b.held(), b.from)
	}
}

// TestRefusedBodyTakesNoRoom: what is refused is not counted until it is answered, or it would have others refused.
func TestRefusedBodyTakesNoRoom(t *testing.T) {
	b := newBodies(1000)
	one, two := b.open(httptest.NewRecorder(), nil, ""), b.open(httptest.NewRecorder(), nil, "")
	if err := b.take(one, 600); err != nil {
		t.Fatal(err)
	}
	if err := b.take(two, 500); !errors.Is(err, errBodies) {
		t.Errorf("500 bytes beside 600 of 1000: %v", err)
	}
	if err := b.take(one, 300); err != nil || b.held() != 900 {
		t.Errorf("900 of 1000 bytes beside what was refused: %v, %d are held", err, b.held())
	}
	one.close()
	two.close()
	if b.held() != 0 || len(b.in) != 0 {
		t.Errorf("%d bytes are held, %d bodies are read", b.held(), len(b.in))
	}
}

// TestSlowBodyIsAnswered: who sends a part of a body and then nothing is answered, and the connection ends: it would
// count as at work for ever.
func TestSlowBodyIsAnswered(t *testing.T) {
	_, url, _ := port(t, 1<<20)
	addr := url[len("http://") : len(url)-len("/hooks/fake")]
	for name, body := range map[string]string{
		"small":  "Content-Length: 1000\r\n\r\nx",
		"large":  "Content-Length: 1000000\r\n\r\nx",
		"chunks": "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if err := c.SetDeadline(time.Now().Add(waittest.Hang)); err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(c, "POST /hooks/fake HTTP/1.1\r\nHost: x\r\nSignature: guessed\r\n%s", body)
			if err != nil {
				t.Fatal(err)
			}
			reply, err := io.ReadAll(c)
			if err != nil || !bytes.HasPrefix(reply, []byte("HTTP/1.1 503")) {
				t.Errorf("answered with %q: %v", reply, err)
			}
		})
	}
}

// TestDrippedBody: a byte now and then is too slow, however long it goes on.
func TestDrippedBody(t *testing.T) {
	_, url, _ := port(t, 1<<20)
	c := stall(t, url[len("http://"):len(url)-len("/hooks/fake")], "guessed", 1)
	go func() {
		for err := error(nil); err == nil; time.Sleep(50 * time.Millisecond) {
			_, err = c.Write([]byte("x"))
		}
	}()
	if err := c.SetReadDeadline(time.Now().Add(waittest.Hang)); err != nil {
		t.Fatal(err)
	}
	if reply, err := io.ReadAll(c); !bytes.HasPrefix(reply, []byte("HTTP/1.1 503")) {
		t.Errorf("answered with %q: %v", reply, err)
	}
}

// TestRoomForSmallBodies: large bodies leave a quarter of the room to small ones.
func TestRoomForSmallBodies(t *testing.T) {
	b := newBodies(8 * timing.SmallBody)
	large, next, small := b.open(httptest.NewRecorder(), nil, ""), b.open(httptest.NewRecorder(), nil, ""),
		b.open(httptest.NewRecorder(), nil, "")
	if err := b.take(large, 6*timing.SmallBody); err != nil {
		t.Fatal(err)
	}
	if err := b.take(next, timing.SmallBody+1); !errors.Is(err, errBodies) {
		t.Errorf("a large one beside those that have three quarters: %v", err)
	}
	next.close()
	if err := b.take(small, timing.SmallBody); err != nil {
		t.Errorf("a small one: %v", err)
	}
}

// TestOneAddressReadsSoMany: beyond them the oldest body of the address gives way, and none of another's.
func TestOneAddressReadsSoMany(t *testing.T) {
	b := newBodies(1 << 20)
	other := b.open(httptest.NewRecorder(), nil, "b")
	other.began = other.began.Add(-2 * time.Hour)
	var mine []*body
	for i := range timing.SenderBodies + 2 {
		mine = append(mine, b.open(httptest.NewRecorder(), nil, "a"))
		mine[i].began = other.began.Add(time.Duration(i+1) * time.Second)
	}
	if !mine[0].giveUp || !mine[1].giveUp || mine[2].giveUp || other.giveUp {
		t.Errorf("gave way: %t, %t, %t and of another %t", mine[0].giveUp, mine[1].giveUp, mine[2].giveUp, other.giveUp)
	}
	for _, o := range append(mine, other) {
		o.done(nil)
		o.close()
	}
	if len(b.from) != 0 || len(b.in) != 0 {
		t.Errorf("left: %v, %d bodies", b.from, len(b.in))
	}
}

// TestVerifiedIsTold: the connection hears of what is verified, and of nothing else.
func TestVerifiedIsTold(t *testing.T) {
	r, _, _ := port(t, 1<<20)
	for signature, want := range map[string]int{"genuine": 1, "guessed": 0, "": 0} {
		told := 0
		req := httptest.NewRequest(http.MethodPost, "/hooks/fake", strings.NewReader("[]"))
		req.Header.Set("Signature", signature)
		req.SetPathValue("source", "fake")
		r.ServeHTTP(httptest.NewRecorder(), req.WithContext(WhenVerified(t.Context(), func() { told++ })))
		if told != want {
			t.Errorf("%q: told %d times, want %d", signature, told, want)
		}
	}
}

// TestProofsTellTheTime: of the time a delivery tells whose proof is right, and no other.
func TestProofsTellTheTime(t *testing.T) {
	for signature, want := range map[string]bool{"genuine": true, "late": true, "guessed": false, "": false} {
		r, url, _ := port(t, 1<<20)
		for range 5 {
			send(t, url, signature, strings.NewReader("[]"))
		}
		if s := r.Clock.State(); s.Known != want {
			t.Errorf("%q: the time is known: %t", signature, s.Known)
		}
	}
}

// TestGivenUpStaysSo: a body that has given way is read no more, whatever it was about to do.
func TestGivenUpStaysSo(t *testing.T) {
	b := newBodies(1000)
	slow, next := b.open(httptest.NewRecorder(), strings.NewReader("x"), ""), b.open(httptest.NewRecorder(), nil, "")
	slow.began = slow.began.Add(-time.Minute)
	if err := errors.Join(b.take(slow, 500), b.take(next, 900)); err != nil {
		t.Fatal(err)
	}
	if n, err := slow.Read(make([]byte, 1)); n != 0 || !errors.Is(err, errGivenUp) {
		t.Errorf("%d bytes are read: %v", n, err)
	}
}
