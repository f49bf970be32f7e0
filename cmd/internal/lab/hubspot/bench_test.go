package hubspot_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// BenchmarkBatchUpdate writes all of Winnow's fields to 100 contacts a request, over a socket.
func BenchmarkBatchUpdate(b *testing.B) {
	s, err := hubspot.Start(hubspot.Options{RateLimit: -1, Winnow: true, WriteLog: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const n = 10_000
	first, _ := s.Seed(n, nil)
	bodies := make([][]byte, 0, n/100)
	for batch := range n / 100 {
		var ins []string
		for i := range 100 {
			id := int(first) + batch*100 + i
			ins = append(ins,
				fmt.Sprintf(`{"id":"%d","properties":{"winnow_rating":"%c","winnow_machine_rating":"B","winnow_score":"%%d","winnow_engagement":"%%d","winnow_fit":"50","winnow_worth":"50","winnow_reasons":"-12 answered the last three questions in a word or two (A06)","winnow_status":"open","winnow_disqualified":"false","winnow_disqualification_reason":"","winnow_pending_until":"","winnow_recheck_on":"","winnow_ball":"them","winnow_owed_reply_since":"","winnow_treatment":"standard","winnow_recommended_action":"agree on the next step","winnow_next_milestone_missing":"true","winnow_rated_at":"2026-01-12T09:00:00Z","winnow_model":"3f2a9c417d55"}}`, id, 'A'+id%4))
		}
		bodies = append(bodies, []byte(strings.ReplaceAll(`{"inputs":[`+strings.Join(ins, ",")+`]}`, "%d", "71")))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	b.ResetTimer()
	for i := range b.N {
		body := bodies[i%len(bodies)]
		if i/len(bodies)%2 == 1 {
			body = bytes.ReplaceAll(body, []byte(`"71"`), []byte(`"38"`)) // so that scores change from round to round
		}
		req, _ := http.NewRequest(http.MethodPost, s.URL()+"/crm/objects/2026-09/contacts/batch/update",
			bytes.NewReader(body))
		req.Header.Set("Authorization", "Bearer sandbox-token")
		resp, err := client.Do(req)
		if err != nil || resp.StatusCode != 200 {
			b.Fatal(err, resp)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "contacts/s")
}

// BenchmarkMillion tells what a contact costs, untouched and with all fields written.
func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("takes a gigabyte")
	}
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, err := hubspot.New(hubspot.Options{RateLimit: -1, Winnow: true})
		if err != nil {
			b.Fatal(err)
		}
		s.Seed(1_000_000, func(i int) map[string]string {
			return map[string]string{"email": fmt.Sprintf("c%d@seed.example", i), "firstname": "Contact"}
		})
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "B/contact")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
