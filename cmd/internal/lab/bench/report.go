package bench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// Report is what came out. Rounds stand in the order in which they ran, ours and the bare one's by turns.
type Report struct {
	Machine     Machine
	Connections int
	Rounds      int
	Receive     []ReceiveRow `json:",omitempty"`
	Flow        []FlowRow    `json:",omitempty"`
	Mail        []MailRow    `json:",omitempty"`
	Size        []SizeRow    `json:",omitempty"`
}

// Round is one measurement. CPU is what the worker took for one of what is counted, OtherCPU what the senders and the
// sandbox took, which share the machine; all times are in seconds.
type Round struct {
	PerSecond float64
	P50       float64 `json:",omitempty"` // of one request
	P99       float64 `json:",omitempty"`
	Sent      float64 `json:",omitempty"` // facts a second while the senders sent
	Refused   int     `json:",omitempty"` // deliveries answered with 503 and sent again
	CPU       float64 `json:",omitempty"`
	OtherCPU  float64 `json:",omitempty"`
	Writes    float64 `json:",omitempty"` // ratings that the CRM got, for each fact
	PerCommit float64 `json:",omitempty"` // facts that one commit of records took
	RSS       float64 `json:",omitempty"` // bytes, at the end
}

// ReceiveRow is deliveries acknowledged durably.
type ReceiveRow struct {
	Events       int // a delivery
	Winnow, Bare []Round
}

// FlowRow is facts from the webhook to the rating in the CRM; Bare is facts that the bare handler stores, and no more.
type FlowRow struct {
	Events       int     // a delivery
	Changing     float64 // share of the facts that change the rating
	Streams      int
	Contacts     int
	Winnow, Bare []Round
}

// MailRow is new mails that have to be fetched and read; Limit is how fast a bare client gets the same answers from the
// sandbox.
type MailRow struct {
	Mails, Contacts int
	Reads           float64 // requests for each mail
	Winnow, Limit   []Round
}

// SizeRow is what many contacts cost. Times are in seconds, memory in bytes.
type SizeRow struct {
	Contacts          int
	Seeded            float64 // to fill the store
	Ready             float64 // from the process's start until it takes deliveries
	Started           float64 // until every partition is rated
	IdleRSS, IdleHeap float64 // then
	RSS, Heap         float64 // after the load
	Winnow            []Round
}

func rates(rs []Round) []float64 {
	return each(rs, func(r Round) float64 { return r.PerSecond })
}

func each(rs []Round, f func(Round) float64) []float64 {
	v := make([]float64, len(rs))
	for i, r := range rs {
		v[i] = f(r)
	}
	return v
}

// aims of the flow, in facts a second, by events a delivery and streams.
var flowAims = map[[2]int]float64{{100, 2}: 20_000, {100, 4}: 30_000, {1, 2}: 5_000}

// receiveAim is the share of the bare handler's rate that the receiver shall reach.
const receiveAim = 0.8

// Table prints the report for people.
func (r *Report) Table(out io.Writer) error {
	w := &printer{w: tabwriter.NewWriter(out, 2, 8, 2, ' ', tabwriter.AlignRight)}
	m := r.Machine
	w.line("%s/%s, %s, %d cores; %s, fsync of 4 KiB %s (p99 %s); load before %s", m.OS, m.Arch, m.CPU, m.Cores,
		m.FileSystem, ms(m.FsyncMedian), ms(m.FsyncP99), m.Load)
	w.line("%d connections; medians of %d rounds, by turns with the bare one; every acknowledgement after fsync",
		r.Connections, r.Rounds)
	r.receiveTable(w)
	r.flowTable(w)
	r.mailTable(w)
	r.sizeTable(w)
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}

func (r *Report) receiveTable(w *printer) {
	if len(r.Receive) == 0 {
		return
	}
	w.line("\ndeliveries acknowledged; the bare handler publishes each as a message with an fsync of its own, " +
		"without group commit")
	w.row("events each", "deliveries/s", "events/s", "p50", "p99", "CPU each", "bare", "bare CPU", "ratio", "aim")
	for _, x := range r.Receive {
		a, b := median(rates(x.Winnow)), median(rates(x.Bare))
		w.row(x.Events, count(a), count(a*float64(x.Events)), ms(of(x.Winnow, p50)), ms(of(x.Winnow, p99)),
			us(of(x.Winnow, cpu)), count(b), us(of(x.Bare, cpu)),
			ratio(a, b), fmt.Sprint(receiveAim))
	}
}

func (r *Report) flowTable(w *printer) {
	if len(r.Flow) == 0 {
		return
	}
	w.line("\nfacts, from the webhook until the CRM shows the last rating; beside it what a bare handler only stores")
	w.row("events each", "change", "streams", "facts/s", "aim", "CPU each", "others' CPU", "facts/commit",
		"writes/fact", "sent/s", "bare facts/s", "ratio")
	for _, x := range r.Flow {
		a, b := median(rates(x.Winnow)), median(rates(x.Bare))
		aim := "-"
		if v := flowAims[[2]int{x.Events, x.Streams}]; v > 0 {
			aim = count(v)
		}
		w.row(x.Events, fmt.Sprintf("1 in %.0f", 1/x.Changing), x.Streams, count(a), aim, us(of(x.Winnow, cpu)),
			us(of(x.Winnow, otherCPU)),
			count(of(x.Winnow, perCommit)), fmt.Sprintf("%.2f", of(x.Winnow, writes)), count(of(x.Winnow, sentRate)),
			count(b), ratio(a, b))
	}
}

func (r *Report) mailTable(w *printer) {
	if len(r.Mail) == 0 {
		return
	}
	w.line("\nnew mails, fetched and read, until the CRM shows the last rating; beside it a bare client that makes " +
		"the same reads")
	w.row("mails", "mails/s", "CPU each", "others' CPU", "reads/mail", "sandbox's limit", "ratio")
	for _, x := range r.Mail {
		a, b := median(rates(x.Winnow)), median(rates(x.Limit))
		w.row(x.Mails, count(a), us(of(x.Winnow, cpu)), us(of(x.Winnow, otherCPU)), fmt.Sprintf("%.3f", x.Reads),
			count(b), ratio(a, b))
	}
}

func (r *Report) sizeTable(w *printer) {
	if len(r.Size) == 0 {
		return
	}
	w.line("\nmany contacts in the store; deliveries of 100, every fact changes a rating, 2 streams; the first round " +
		"finds all of them cold")
	w.row("contacts", "ready", "all rated", "RSS idle", "heap idle", "facts/s", "first round", "CPU each", "RSS after",
		"heap after")
	for _, x := range r.Size {
		w.row(count(float64(x.Contacts)), sec(x.Ready), sec(x.Started), mib(x.IdleRSS), mib(x.IdleHeap),
			count(median(rates(x.Winnow))), count(x.Winnow[0].PerSecond),
			us(of(x.Winnow, cpu)), mib(x.RSS), mib(x.Heap))
	}
}

func of(rs []Round, f func(Round) float64) float64 { return median(each(rs, f)) }

func p50(r Round) float64       { return r.P50 }
func p99(r Round) float64       { return r.P99 }
func cpu(r Round) float64       { return r.CPU }
func otherCPU(r Round) float64  { return r.OtherCPU }
func writes(r Round) float64    { return r.Writes }
func perCommit(r Round) float64 { return r.PerCommit }
func sentRate(r Round) float64  { return r.Sent }

func count(v float64) string { return humanize.Comma(int64(v + 0.5)) }
func ms(s float64) string    { return fmt.Sprintf("%.2f ms", 1e3*s) }
func us(s float64) string    { return fmt.Sprintf("%.0f us", 1e6*s) }
func sec(s float64) string   { return fmt.Sprintf("%.2f s", s) }
func mib(b float64) string   { return fmt.Sprintf("%.0f MiB", b/(1<<20)) }

func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// printer keeps the first error of many prints.
type printer struct {
	w   *tabwriter.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		p.err = p.w.Flush()
	}
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
	if p.err == nil {
		p.err = p.w.Flush()
	}
}

func (p *printer) row(cells ...any) {
	for _, c := range cells {
		if p.err == nil {
			_, p.err = fmt.Fprintf(p.w, "%v\t", c)
		}
	}
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w)
	}
}
