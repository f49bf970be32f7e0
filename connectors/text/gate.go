package text

import "strings"

// gate is a quick look at the first three letters of a line: few begin like anything that stands in a tail, and only
// those are compared with all of it.
type gate [1 << 10]uint64

// gateTrim is what may stand before the first letter.
const gateTrim = " \t*-_<([|>.\u2013\u2014\u3000"

func (g *gate) add(phrase string) {
	f := fold(strings.TrimLeft(phrase, gateTrim))
	if len(f) == 2 { // LG, VG: what follows is no letter
		for _, c := range " ,.!/-;:)~" {
			g.set(f + string(c))
		}
	}
	g.set(f)
}

func (g *gate) set(f string) {
	h := gateOf((f + "\x00\x00\x00")[:3]) & 0xffff
	g[h>>6] |= 1 << (h & 63)
}

// admits reports whether l may begin with one of the phrases, or end with what some programs put last.
func (g *gate) admits(l string) bool {
	if c := l[len(l)-1]; c >= 0x80 || c == 't' || strings.HasSuffix(l, "t.") {
		return true
	}
	l = strings.TrimLeft(l, gateTrim)
	var buf [32]byte
	f := append(appendFold(buf[:0], l[:min(len(l), 12)]), 0, 0, 0)
	h := gateOf(f[:3]) & 0xffff
	return g[h>>6]&(1<<(h&63)) != 0
}

// tailGate knows how closing formulas, notices, footers and the like begin.
var tailGate = func() *gate {
	g := new(gate)
	for _, list := range closings {
		for _, p := range list {
			g.add(p.begins)
		}
	}
	for _, m := range []map[byte][]string{sentFroms, legalOpeners, listFooters} {
		for _, list := range m {
			for _, p := range list {
				g.add(p)
			}
		}
	}
	for _, list := range [][]string{banners, legalAlone} {
		for _, p := range list {
			g.add(p)
		}
	}
	return g
}()
