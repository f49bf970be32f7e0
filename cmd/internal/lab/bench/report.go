package bench

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// Report is what came out.
type Report struct {
	Machine     Machine
	Connections int
	Rounds      int
	Compared    bool `json:",omitempty"` // with another build
	Rows        []Row
}

// Row is one thing that was measured. Rounds stand in the order in which they ran, those of each build and of the bare
// handler or client by turns.
type Row struct {
	Section, Name string
	Winnow        []Round
	Other         []Round `json:",omitempty"` // of the other build
	Bare          []Round `json:",omitempty"` // the least that can be done with the same bytes
	Aims          []Aim   `json:"-"`
}

// Round is one measurement. CPU is what the worker took for one of what is counted, or in the section delay for one
// second; OtherCPU what the senders and the sandbox took, which share the machine. Times are in seconds, memory in
// bytes.
type Round struct {
	PerSecond          float64
	P50, P99           float64 `json:",omitempty"` // until a delivery was acknowledged
	ShownP50, ShownP99 float64 `json:",omitempty"` // until the CRM showed what it changed
	Sent               float64 `json:",omitempty"` // facts a second while the senders sent
	Refused            int     `json:",omitempty"` // deliveries answered with 503 and sent again
	CPU                float64 `json:",omitempty"`
	OtherCPU           float64 `json:",omitempty"`
	Written            float64 `json:",omitempty"` // bytes that the worker had written to the disk, for each fact
	Writes             float64 `json:",omitempty"` // ratings that the CRM got, for each fact
	Reads              float64 `json:",omitempty"` // calls to the CRM, for each mail
	PerCommit          float64 `json:",omitempty"` // facts that one commit of records took
	RSS                float64 `json:",omitempty"` // at the end
	Ready              float64 `json:",omitempty"` // from the process's start until it takes deliveries
	Started            float64 `json:",omitempty"` // until every partition is rated
	IdleRSS            float64 `json:",omitempty"` // then
	IdleCPU            float64 `json:",omitempty"` // and of one core
	IdleDisk           float64 `json:",omitempty"` // and of the store
	Disk               float64 `json:",omitempty"` // at the end
}

// figure is one column: a figure of each round, whose median is printed.
type figure struct {
	title string
	of    func(Round) float64
	print func(float64) string
}

func perSecond(r Round) float64 { return r.PerSecond }
func p50(r Round) float64       { return r.P50 }
func p99(r Round) float64       { return r.P99 }
func shownP50(r Round) float64  { return r.ShownP50 }
func shownP99(r Round) float64  { return r.ShownP99 }
func cpu(r Round) float64       { return r.CPU }
func rss(r Round) float64       { return r.RSS }
func started(r Round) float64   { return r.Started }
func idleRSS(r Round) float64   { return r.IdleRSS }
func idleCPU(r Round) float64   { return r.IdleCPU }

// section says how the rows of one kind are printed. The first figure is the one that builds are compared by.
type section struct {
	name, says string
	lower      bool // the less of the first figure the better
	figures    []figure
}

var printed = []section{
	{
		"receive", "deliveries acknowledged durably; bare: a handler that gives each an fsync of its own", false,
		[]figure{
			{"deliveries/s", perSecond, count},
			{"p50", p50, ms},
			{"p99", p99, ms},
			{"CPU each", cpu, us},
			{"memory", rss, mib},
		},
	},
	{
		"flow", "facts, from the webhook until the CRM shows the last rating; bare: a handler that only stores", false,
		[]figure{
			{"facts/s", perSecond, count},
			{"p50", p50, ms},
			{"p99", p99, ms},
			{"CPU each", cpu, us},
			{"bytes each", func(r Round) float64 { return r.Written }, count},
			{"facts/commit", func(r Round) float64 { return r.PerCommit }, count},
			{"writes/fact", func(r Round) float64 { return r.Writes }, hundredths},
			{"memory", rss, mib},
		},
	},
	{
		"mail", "new mails, fetched and read, until the CRM shows the last rating; bare: the same reads", false,
		[]figure{
			{"mails/s", perSecond, count},
			{"CPU each", cpu, us},
			{"reads/mail", func(r Round) float64 { return r.Reads }, hundredths},
			{"memory", rss, mib},
		},
	},
	{
		"delay", "one event at a time, from its webhook until the CRM shows what it changes", true,
		[]figure{
			{"p50", shownP50, ms},
			{"p99", shownP99, ms},
			{"acknowledged p50", p50, ms},
			{"acknowledged p99", p99, ms},
			{"CPU", cpu, percent},
		},
	},
	{
		"size", "many contacts in the store; 100 a delivery, every fact changes a rating, all are cold at first", false,
		[]figure{
			{"facts/s", perSecond, count},
			{"CPU each", cpu, us},
			{"ready", func(r Round) float64 { return r.Ready }, sec},
			{"all rated", started, sec},
			{"idle", idleRSS, mib},
			{"idle CPU", idleCPU, percent},
			{"memory", rss, mib},
			{"idle disk", func(r Round) float64 { return r.IdleDisk }, mib},
			{"disk", func(r Round) float64 { return r.Disk }, mib},
		},
	},
}

// Aim is what a row has to reach.
type Aim struct {
	text string
	// of reports whether it is reached, and whether that can be told of the row.
	of func(s section, r Row) (reached, known bool)
}

// times aims at so many times what the other build does.
func times(n float64) Aim {
	return Aim{fmt.Sprintf("%.4gx the other", n), func(s section, r Row) (bool, bool) {
		all := s.ratios(r)
		return median(all) >= n, len(all) > 0
	}}
}

// overBare aims at a share of what the bare handler or client does.
func overBare(share float64) Aim {
	return Aim{fmt.Sprintf("%.4gx bare", share), func(_ section, r Row) (bool, bool) {
		return of(r.Winnow, perSecond) >= share*of(r.Bare, perSecond), len(r.Bare) > 0
	}}
}

// most aims at no more than n of a figure.
func most(print func(float64) string, name string, n float64, figure func(Round) float64) Aim {
	return Aim{name + " " + print(n), func(_ section, r Row) (bool, bool) { return of(r.Winnow, figure) <= n, true }}
}

// ratios are how many times better each round of this build was than that of the other one.
func (s section) ratios(r Row) []float64 {
	var all []float64
	for i := range min(len(r.Winnow), len(r.Other)) {
		a, b := s.figures[0].of(r.Winnow[i]), s.figures[0].of(r.Other[i])
		if s.lower {
			a, b = b, a
		}
		all = append(all, a/b)
	}
	return all
}

// aims says of each aim of a row whether it is reached.
func (s section) aims(r Row) string {
	var words []string
	for _, a := range r.Aims {
		switch reached, known := a.of(s, r); {
		case !known:
		case reached:
			words = append(words, a.text)
		default:
			words = append(words, a.text+" (missed)")
		}
	}
	return cmp.Or(strings.Join(words, ", "), "-")
}

// add keeps a row of which anything was measured.
func (r *run) add(row Row) {
	if len(row.Winnow) == 0 {
		return
	}
	r.report.Rows = append(r.report.Rows, row)
	s := printed[slices.IndexFunc(printed, func(s section) bool { return s.name == row.Section })]
	first := s.figures[0]
	r.Progress("%s, %s: %s %s%s", row.Section, row.Name, first.print(of(row.Winnow, first.of)), first.title,
		compared(s.ratios(row)))
}

// compared are the ratios of two builds in words; nothing where there are none.
func compared(all []float64) string {
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf(", %.2f times the other build (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
}

// Table prints the report for people.
func (r *Report) Table(out io.Writer) error {
	w := &printer{w: tabwriter.NewWriter(out, 2, 8, 2, ' ', 0)}
	for _, line := range r.circumstances() {
		w.line("%s", line)
	}
	for _, s := range printed {
		rows := r.of(s)
		if len(rows) == 0 {
			continue
		}
		w.line("\n%s", s.says)
		w.row(r.head(s)...)
		for _, row := range rows {
			w.row(r.cells(s, row)...)
		}
	}
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}

// Markdown prints it as the README has it.
func (r *Report) Markdown(out io.Writer) error {
	w := &printer{w: tabwriter.NewWriter(out, 0, 0, 0, ' ', 0)}
	for _, line := range r.circumstances() {
		w.line("%s", line)
	}
	for _, s := range printed {
		rows := r.of(s)
		if len(rows) == 0 {
			continue
		}
		head := r.head(s)
		head[0] = s.says
		w.line("\n| %s |", strings.Join(head, " | "))
		w.line("|%s", strings.Repeat("---|", len(head)))
		for _, row := range rows {
			w.line("| %s |", strings.Join(r.cells(s, row), " | "))
		}
	}
	return w.err
}

func (r *Report) circumstances() []string {
	m := r.Machine
	return []string{
		fmt.Sprintf("%s/%s, %s, %d cores; %s, fsync of 4 KiB %s (p99 %s); load before %s", m.OS, m.Arch, m.CPU, m.Cores,
			m.FileSystem, ms(m.FsyncMedian), ms(m.FsyncP99), m.Load),
		fmt.Sprintf("%d connections; medians of %d rounds, by turns; every acknowledgement after fsync", r.Connections,
			r.Rounds),
	}
}

func (r *Report) of(s section) []Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Section != s.name })
}

func (r *Report) head(s section) []string {
	head := []string{s.name}
	for _, f := range s.figures {
		head = append(head, f.title)
	}
	if s.bare(r) {
		head = append(head, "bare", "times bare")
	}
	if r.Compared {
		head = append(head, "times the other build")
	}
	return append(head, "aims")
}

func (r *Report) cells(s section, row Row) []string {
	cells := []string{row.Name}
	for _, f := range s.figures {
		cells = append(cells, f.print(of(row.Winnow, f.of)))
	}
	if s.bare(r) {
		a, b := of(row.Winnow, perSecond), of(row.Bare, perSecond)
		cells = append(cells, count(b), ratio(a, b))
	}
	if r.Compared {
		all := s.ratios(row)
		cell := "-"
		if len(all) > 0 {
			cell = fmt.Sprintf("%.2f (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
		}
		cells = append(cells, cell)
	}
	return append(cells, s.aims(row))
}

// bare reports whether the section has a bare handler or client to compare with.
func (s section) bare(r *Report) bool {
	return slices.ContainsFunc(r.of(s), func(row Row) bool { return len(row.Bare) > 0 })
}

func of(rs []Round, f func(Round) float64) float64 {
	v := make([]float64, len(rs))
	for i, r := range rs {
		v[i] = f(r)
	}
	return median(v)
}

func count(v float64) string      { return humanize.Comma(int64(v + 0.5)) }
func hundredths(v float64) string { return fmt.Sprintf("%.2f", v) }
func percent(v float64) string    { return fmt.Sprintf("%.1f %%", 100*v) }
func ms(s float64) string         { return fmt.Sprintf("%.1f ms", 1e3*s) }
func us(s float64) string         { return fmt.Sprintf("%.0f us", 1e6*s) }
func sec(s float64) string        { return fmt.Sprintf("%.2f s", s) }
func mib(b float64) string        { return fmt.Sprintf("%.0f MiB", b/(1<<20)) }

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

func (p *printer) row(cells ...string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.Join(cells, "\t")+"\t")
	}
}
