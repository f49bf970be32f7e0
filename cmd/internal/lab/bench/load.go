package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// sent is what became of a load.
type sent struct {
	count    int           // deliveries acknowledged
	refused  int           // answered with 503, and sent again
	elapsed  time.Duration // from the first byte to the last answer
	began    time.Time
	p50, p99 time.Duration // of one request
}

func (s sent) perSecond() float64 { return float64(s.count) / s.elapsed.Seconds() }

// send sends what next gives, over so many connections at once, until it gives nil. Each connection waits for the
// answer before it sends the next one. The requests are bytes made beforehand, so that the senders take little of the
// machine.
func send(ctx context.Context, addr string, connections int, next func() []byte) (sent, error) {
	var mu sync.Mutex
	total := sent{began: time.Now()}
	var times []time.Duration
	g, ctx := errgroup.WithContext(ctx)
	for range connections {
		g.Go(func() error {
			one, took, err := sendOver(ctx, addr, next)
			mu.Lock()
			defer mu.Unlock()
			total.count += one.count
			total.refused += one.refused
			times = append(times, took...)
			return err
		})
	}
	err := g.Wait()
	total.elapsed = time.Since(total.began)
	total.p50, total.p99 = quantiles(times)
	if err == nil && total.count == 0 {
		err = errors.New("nothing was sent")
	}
	return total, err
}

func sendOver(ctx context.Context, addr string, next func() []byte) (s sent, took []time.Duration, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return s, nil, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	r := bufio.NewReader(conn)
	for {
		b := next()
		if b == nil {
			return s, took, nil
		}
		for {
			at := time.Now()
			status, err := exchange(conn, r, b)
			if err != nil {
				return s, took, err
			}
			took = append(took, time.Since(at))
			if status/100 == 2 {
				s.count++
				break
			}
			if status != http.StatusServiceUnavailable {
				return s, took, fmt.Errorf("a delivery was answered with %d", status)
			}
			s.refused++
			select {
			case <-ctx.Done():
				return s, took, ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func exchange(conn net.Conn, r *bufio.Reader, request []byte) (status int, err error) {
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

// signed makes the requests that bring bodies to a worker.
func signed(box *hubspot.Sandbox, hooks string, bodies [][]byte) ([][]byte, error) {
	box.SetWebhookURL("http://" + hooks + "/hooks/" + source)
	out := make([][]byte, len(bodies))
	for i, body := range bodies {
		req, err := box.Sign(body).Request(context.Background())
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := req.Write(&b); err != nil {
			return nil, err
		}
		out[i] = b.Bytes()
	}
	return out, nil
}

// once gives each request one time.
func once(requests [][]byte) func() []byte {
	var mu sync.Mutex
	i := 0
	return func() []byte {
		mu.Lock()
		defer mu.Unlock()
		if i == len(requests) {
			return nil
		}
		i++
		return requests[i-1]
	}
}

// until gives the requests in turns for d.
func until(d time.Duration, requests [][]byte) func() []byte {
	var mu sync.Mutex
	i, end := 0, time.Now().Add(d)
	return func() []byte {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().After(end) {
			return nil
		}
		i++
		return requests[(i-1)%len(requests)]
	}
}

func quantiles(d []time.Duration) (p50, p99 time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// median of the rounds of a comparison.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
