package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// Bytes is a size. It reads what people write: 1MiB, 64 kB, 20000.
type Bytes int64

// Decode reads a size; envconfig calls it.
func (b *Bytes) Decode(value string) error {
	n, err := humanize.ParseBytes(value)
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("want a size such as 1MiB or 500MB")
	}
	*b = Bytes(n)
	return nil
}

// String writes b in the largest unit that divides it, so that nothing is rounded away.
func (b Bytes) String() string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	n, u := int64(b), 0
	for n != 0 && n%1024 == 0 && u < len(units)-1 {
		n, u = n/1024, u+1
	}
	return strconv.FormatInt(n, 10) + units[u]
}

// Share is a part of a whole, 0 to 1. It reads 5% and 0.05.
type Share float64

// Decode reads a share; envconfig calls it.
func (s *Share) Decode(value string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(value), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) { // not written as f < 0 || f > 1, because NaN passes that
		return fmt.Errorf("want a share such as 5%% or 0.05, between 0 and 1")
	}
	*s = Share(f)
	return nil
}

// Path is the name of a file that something else opens. Beside WINNOW_X the name may stand in WINNOW_X_FILE, which for
// other settings names a file that holds the value: of a file both mean the same.
type Path string

// Mode is how much Winnow changes in the CRM.
type Mode string

// The modes.
const (
	Shadow  Mode = "shadow"  // nothing is written
	Advise  Mode = "advise"  // our own fields are written
	Enforce Mode = "enforce" // the CRM's native lead status is written as well
)

var modes = []Mode{Shadow, Advise, Enforce}

// Decode reads a mode; envconfig calls it.
func (m *Mode) Decode(value string) error {
	if !slices.Contains(modes, Mode(value)) {
		return fmt.Errorf("want shadow, advise or enforce")
	}
	*m = Mode(value)
	return nil
}

// LogFormat is how the log looks.
type LogFormat string

// The formats.
const (
	LogAuto    LogFormat = "auto" // console on a terminal, else JSON
	LogJSON    LogFormat = "json"
	LogConsole LogFormat = "console" // for people
)

// Decode reads a format; envconfig calls it.
func (f *LogFormat) Decode(value string) error {
	if !slices.Contains([]LogFormat{LogAuto, LogJSON, LogConsole}, LogFormat(value)) {
		return fmt.Errorf("want auto, json or console")
	}
	*f = LogFormat(value)
	return nil
}

// Role is one of the jobs that a process does.
type Role string

// The roles, in the order of the flow.
const (
	Receive Role = "receive"
	Read    Role = "read"
	Fetch   Role = "fetch"
	Rate    Role = "rate"
	Write   Role = "write"
	Poll    Role = "poll"
)

var allRoles = Roles{Receive, Read, Fetch, Rate, Write, Poll}

// Roles are the jobs of this process, in the order of the flow.
type Roles []Role

// Has reports whether r is among them.
func (rs Roles) Has(r Role) bool { return slices.Contains(rs, r) }

// Decode reads comma-separated roles, or all; envconfig calls it.
func (rs *Roles) Decode(value string) error {
	if strings.TrimSpace(value) == "all" {
		*rs = slices.Clone(allRoles)
		return nil
	}
	wanted := map[Role]bool{}
	for word := range strings.SplitSeq(value, ",") {
		r := Role(strings.TrimSpace(word))
		if !allRoles.Has(r) {
			return fmt.Errorf("%q is no role; want some of receive,read,fetch,rate,write,poll, or all", r)
		}
		wanted[r] = true
	}
	*rs = slices.DeleteFunc(slices.Clone(allRoles), func(r Role) bool { return !wanted[r] })
	return nil
}

// Proxies are networks whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// Decode reads comma-separated addresses and networks; envconfig calls it.
func (p *Proxies) Decode(value string) error {
	*p = nil
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if addr, err := netip.ParseAddr(word); err == nil {
			*p = append(*p, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(word)
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", word)
		}
		*p = append(*p, network.Masked())
	}
	return nil
}

// String writes p as Decode reads it.
func (p Proxies) String() string {
	words := make([]string, len(p))
	for i, network := range p {
		words[i] = network.String()
	}
	return strings.Join(words, ",")
}
