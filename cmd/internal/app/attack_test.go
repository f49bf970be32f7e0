package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/queue"
)

// TestAttackersHalfHour plays everything at once that can be done to the port with what an attacker has: connections,
// guesses, captured deliveries, and an app of another account that shares the secret. The CRM's own deliveries are
// taken within a second meanwhile, the probes answer, and nobody's rating changes.
//
// Rounds in which the same is done to a server beside it, which costs the machine as much, tell how fast it is.
func TestAttackersHalfHour(t *testing.T) {
	rounds := 3
	switch {
	case waittest.Long():
		rounds = 30
	case testing.Short():
		rounds = 1
	}
	w := newWorld(t, hubspot.Options{})
	w.most = 64
	w.restart()
	id := w.box.CreateContact(map[string]string{"email": "mia@weaving.example"})
	w.settle()
	w.hears(id, hubspot.Email{Subject: "Vats", Text: "What does a dye vat for cotton cost?"})
	rated, _ := w.box.Contact(id)

	beside := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(rw, r.Body, 1<<20))
		rw.WriteHeader(http.StatusUnauthorized)
	}))
	defer beside.Close()
	here, _ := w.app.Addresses()
	a := &attack{t: t, w: w, id: id, captured: w.box.Sign([]byte("[]"))}
	var late string
	for range 3 { // a machine that has something else to do at one time may be late, but not each time
		var calm, attacked []time.Duration
		for range rounds {
			calm = append(calm, a.round(beside.Listener.Addr().String())...)
			attacked = append(attacked, a.round(here)...)
			w.now.Add(int64(30 * time.Minute / time.Duration(rounds)))
		}
		w.settle()
		bound := max(time.Second, 500*time.Millisecond+5*p99(calm))
		if late = ""; p99(attacked) <= bound {
			break
		}
		late = fmt.Sprintf("99 %% of the CRM's deliveries are taken within %s, want %s; within %s while another is "+
			"attacked", p99(attacked), bound, p99(calm))
		t.Log(late)
	}
	if late != "" {
		t.Error(late)
	}
	if n := a.taken.Load(); n > 0 {
		t.Errorf("%d deliveries without a good proof were taken", n)
	}
	if now, _ := w.box.Contact(id); !maps.Equal(winnows(now.Properties), winnows(rated.Properties)) {
		t.Errorf("what is written has changed from %v to %v", winnows(rated.Properties), winnows(now.Properties))
	}
	foreign := 0
	for _, d := range w.letters() {
		if d.Kind == "foreign" {
			foreign++
		} else if d.Kind != queue.KindMalformed {
			t.Errorf("a dead letter of kind %s: %s", d.Kind, d.Reason)
		}
	}
	if foreign != 1 {
		t.Errorf("%d letters stand for the other account", foreign)
	}
	for line := range strings.Lines(w.warnings()) {
		if strings.Contains(line, `"level":"error"`) && !strings.Contains(line, `"dead letter"`) {
			t.Errorf("an error is logged: %s", line)
		}
	}
}

// winnows are the properties that Winnow writes.
func winnows(all map[string]string) map[string]string {
	own := maps.Clone(all)
	maps.DeleteFunc(own, func(name, _ string) bool { return !strings.HasPrefix(name, "winnow_") })
	return own
}

func p99(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)*99/100]
}

// attack is what is done, and what was taken of it that should not have been.
type attack struct {
	t        *testing.T
	w        *world
	id       string
	captured hubspot.Delivery
	taken    atomic.Int64
	event    atomic.Int64
}

// round attacks a server, and returns how long Winnow takes for each of the CRM's own deliveries meanwhile. One that
// is not taken is sent again, and counts from its first time on; as an hour where that comes to nothing.
func (a *attack) round(addr string) (took []time.Duration) {
	ctx, cancel := context.WithCancel(a.t.Context())
	var busy sync.WaitGroup
	defer busy.Wait()
	defer cancel()
	var silent atomic.Int64
	for _, begin := range []string{ // the body of the last one is read, for its headers could be right
		"", "POST /hooks/hubspot HTTP/1.1\r\nHost: x\r\nX-Drip: ",
		"POST /hooks/hubspot HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\nX-HubSpot-Signature-v3: " +
			base64.StdEncoding.EncodeToString(make([]byte, sha256.Size)) + "\r\nX-HubSpot-Request-Timestamp: " +
			fmt.Sprint(a.w.clock().UnixMilli()) + "\r\n\r\n",
	} {
		for range 60 {
			busy.Go(func() { drip(ctx, addr, begin, &silent) })
		}
	}
	for _, flood := range []func() hubspot.Delivery{a.unsigned, a.guessed, a.large, a.replayed, a.lengthened} {
		busy.Go(func() { a.flood(ctx, addr, flood) })
	}
	waittest.Until(a.t, "the attackers are there", func() bool { return silent.Load() >= 150 })
	a.signed()
	return a.deliver()
}

// drip holds a connection open by a byte now and then, and opens another one when that is closed.
func drip(ctx context.Context, addr, begin string, opened *atomic.Int64) {
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		opened.Add(1)
		stop := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, err = io.WriteString(c, begin)
		for err == nil && ctx.Err() == nil {
			_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if _, read := c.Read(make([]byte, 1)); read != nil && !isTimeout(read) {
				break // it has given way
			}
			if begin != "" {
				_, err = io.WriteString(c, "x")
			}
		}
		stop()
		_ = c.Close()
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// flood sends deliveries as fast as they are answered, and counts those that are taken.
func (a *attack) flood(ctx context.Context, addr string, next func() hubspot.Delivery) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		d := next()
		d.URL = "http://" + addr + "/hooks/hubspot"
		req, err := d.Request(ctx)
		if err != nil {
			a.t.Error(err)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode/100 == 2 {
			a.taken.Add(1)
		}
	}
}

func (a *attack) unsigned() hubspot.Delivery {
	return hubspot.Delivery{Method: http.MethodPost, Header: http.Header{}, Body: make([]byte, 100_000)}
}

func (a *attack) guessed() hubspot.Delivery {
	d := hubspot.Delivery{Method: http.MethodPost, Header: http.Header{}, Body: []byte("[]")}
	mac := make([]byte, sha256.Size)
	_, _ = rand.Read(mac)
	d.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac))
	d.Header.Set("X-HubSpot-Request-Timestamp", fmt.Sprint(a.w.clock().UnixMilli()))
	return d
}

func (a *attack) large() hubspot.Delivery {
	d := a.guessed()
	d.Body = make([]byte, 900_000)
	return d
}

// replayed is a captured delivery without what dates it.
func (a *attack) replayed() hubspot.Delivery {
	d := a.captured
	d.Header = http.Header{}
	d.Header.Set("X-HubSpot-Signature", a.captured.Header.Get("X-HubSpot-Signature"))
	d.Header.Set("X-HubSpot-Signature-Version", "v1")
	return d
}

// lengthened is a delivery that HubSpot never sent, whose v1 signature is right: made of a captured one without the
// secret.
func (a *attack) lengthened() hubspot.Delivery {
	d := a.replayed()
	more := fmt.Appendf(nil, `[{"eventId":%d}]`, a.event.Add(1))
	d.Body, d.Header = lengthen(d.Body, len("sandbox-secret"), more, d.Header)
	return d
}

// lengthen appends to a body whose SHA-256 behind a secret is known, and of the secret its length.
func lengthen(body []byte, secret int, more []byte, header http.Header) ([]byte, http.Header) {
	known, _ := hex.DecodeString(header.Get("X-HubSpot-Signature"))
	length := secret + len(body)
	pad := append([]byte{0x80}, make([]byte, (119-length%64)%64)...)
	pad = binary.BigEndian.AppendUint64(pad, uint64(length)*8)
	state := slices.Concat([]byte("sha\x03"), known, make([]byte, 64))
	state = binary.BigEndian.AppendUint64(state, uint64(length+len(pad)))
	h := sha256.New()
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic(err)
	}
	_, _ = h.Write(more)
	header.Set("X-HubSpot-Signature", hex.EncodeToString(h.Sum(nil)))
	return slices.Concat(body, pad, more), header
}

// TestLengthen: the forged signature is right, or the attack shows nothing.
func TestLengthen(t *testing.T) {
	for n := range 130 {
		body := bytes.Repeat([]byte("x"), n)
		sign := func(b []byte) string {
			return fmt.Sprintf("%x", sha256.Sum256(append([]byte("sandbox-secret"), b...)))
		}
		header := http.Header{}
		header.Set("X-HubSpot-Signature", sign(body))
		longer, header := lengthen(body, len("sandbox-secret"), []byte("more"), header)
		if !bytes.HasPrefix(longer, body) || header.Get("X-HubSpot-Signature") != sign(longer) {
			t.Fatalf("of %d bytes the forged signature is wrong", n)
		}
	}
}

// signed sends what knows the secret and is not the CRM's account: events of another one with an id of ours, and bodies
// that nobody can read. They are taken, and say nothing.
func (a *attack) signed() {
	a.t.Helper()
	for range 5 {
		for _, body := range []string{
			`[{"eventId":%d,"portalId":999,"occurredAt":%d,` +
				`"subscriptionType":"contact.privacyDeletion","objectId":%s}]`,
			`[{"eventId":%d,"portalId":62515,"occurredAt":%d,"subscriptionType":"contact.propertyChange","objectId":%s`,
		} {
			body = fmt.Sprintf(body, a.event.Add(1), a.w.clock().UnixMilli(), a.id)
			if status, err := a.w.box.Send(a.t.Context(), a.w.box.Sign([]byte(body))); err == nil && status/100 != 2 {
				a.t.Errorf("a signed body is answered with %d", status)
			}
		}
	}
}

// deliver sends the CRM's own deliveries, of changes that no rule looks at, and asks the probe beside them.
func (a *attack) deliver() (took []time.Duration) {
	a.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 40 {
				body := fmt.Sprintf(`[{"eventId":%d,"portalId":62515,"appId":5001,"occurredAt":%d,`+
					`"subscriptionType":"contact.propertyChange","objectId":%s,"propertyName":"favourite_colour",`+
					`"propertyValue":"red","changeSource":"CRM_UI"}]`, a.event.Add(1), a.w.clock().UnixMilli(), a.id)
				d, began := time.Hour, time.Now()
				for d == time.Hour && time.Since(began) < 10*time.Second {
					status, err := a.w.box.Send(a.t.Context(), a.w.box.Sign([]byte(body)))
					if err == nil && status/100 == 2 {
						d = time.Since(began)
					}
				}
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
			}
		})
	}
	if status, body := a.w.admin("/livez"); status != http.StatusOK {
		a.t.Errorf("the probe is answered with %d: %s", status, body)
	}
	all.Wait()
	return took
}
