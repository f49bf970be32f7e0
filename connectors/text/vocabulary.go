package text

import "math/bits"

// sym is a word or a class of words as phrases know it.
type sym uint16

// gap is the step of a phrase over up to maxGap words.
const (
	gap    sym = 0
	maxGap int = 3
)

// vocabulary knows the words that occur in any phrase. All other words are nothing to it.
type vocabulary struct {
	next     sym
	words    map[string]*entry // while it is built
	prefixes map[string]*entry
	ends     map[string]int32 // entries of prefixes
	gate     [1 << 13]uint32  // by the first three bytes: the lengths of the prefixes that begin so, by bit

	entries                               []entry // by number; the first is that of all other words
	slots                                 []slot  // open addressing by the hash of the word
	number, clock, percent, link, address int32
	specials                              map[string]sym
	filler                                sym // class of the words that may stand before the beginning of a clause
}

// slot is one place of the table of words.
type slot struct {
	hash  uint64 // the word is not compared: two words of one hash are not to be expected, and would harm nothing
	entry int32  // 0: the place is empty
	when  when
}

// entry is what a word stands for.
type entry struct {
	when   when
	syms   []sym
	sig    signature
	bits   []uint64 // syms as a set, where they are many
	starts []start  // nodes that the word leads to as the first of a phrase
	opens  []start  // the same for phrases that begin a clause
	roles  []role   // by language
	traits trait    // of all languages
	filler bool
	ifs    uint64 // languages in which it makes a condition, by bit
	denies uint64 // languages in which it denies, by bit
	common uint64 // languages that are full of it, by bit
}

// start is a node behind a first word, with what the node says of itself.
type start struct {
	langs uint64
	sig   signature
	node  int32
	ends  bool // a phrase of one word ends there
}

// start makes the start at node at.
func (n *net) start(at int32) start {
	return start{n.nodes[at].langs, n.nodes[at].sig, at, len(n.nodes[at].ends) > 0}
}

// signature is a set of syms, four to a bit and more: what is not in it is not there.
type signature [4]uint64

func (g *signature) add(y sym) {
	h := uint32(y) * 0x9e3779b1 >> 24
	g[h>>6] |= 1 << (h & 63)
}

func (g *signature) join(o *signature) {
	g[0] |= o[0]
	g[1] |= o[1]
	g[2] |= o[2]
	g[3] |= o[3]
}

func (g *signature) meets(o *signature) bool {
	return g[0]&o[0]|g[1]&o[1]|g[2]&o[2]|g[3]&o[3] != 0
}

// has reports whether the word stands for y.
func (e *entry) has(y sym) bool {
	if e.bits != nil {
		return e.bits[y>>6]&(1<<(y&63)) != 0
	}
	for _, s := range e.syms {
		if s == y {
			return true
		}
	}
	return false
}

// emptyVocabulary cuts elided words without knowing any.
var emptyVocabulary = newVocabulary()

func newVocabulary() *vocabulary {
	v := &vocabulary{
		next: gap + 1, words: map[string]*entry{}, prefixes: map[string]*entry{}, specials: map[string]sym{},
	}
	for _, name := range []string{"#number", "#clock", "#percent", "#link", "#address", "#day", "#month", "#unit"} {
		v.specials[name] = v.newSym()
	}
	v.filler = v.newSym()
	v.slots = make([]slot, 1)
	v.entries = make([]entry, 1)
	return v
}

// mark makes the entry of the tokens that no single word stands for.
func (v *vocabulary) mark(n *net, names ...string) int32 {
	e := &entry{}
	for _, name := range names {
		e.syms = append(e.syms, v.specials[name])
	}
	return v.lay(e, n)
}

func (v *vocabulary) newSym() sym {
	s := v.next
	v.next++
	return s
}

func (v *vocabulary) special(name string) (sym, bool) {
	s, ok := v.specials[name]
	return s, ok
}

func (v *vocabulary) enter(w string, id sym, t when) { put(v.words, w, id, t, v) }

func (v *vocabulary) enterPrefix(w string, id sym, t when) {
	put(v.prefixes, w, id, t, v)
	v.gate[gateOf(w)&(1<<13-1)] |= 1 << min(len(w), 31)
}

func put(m map[string]*entry, w string, id sym, t when, v *vocabulary) {
	e := m[w]
	if e == nil {
		e = &entry{}
		m[w] = e
	}
	e.add(id)
	if t != 0 {
		e.when = t
		if s, ok := t.special(v); ok {
			e.add(s)
		}
	}
}

func (e *entry) add(id sym) {
	for _, s := range e.syms {
		if s == id {
			return
		}
	}
	e.syms = append(e.syms, id)
}

// gateOf hashes the first three bytes; prefixes are at least that long.
func gateOf[T string | []byte](w T) uint32 {
	return (uint32(w[0])*0x9e3779b1 ^ uint32(w[1])*0x85ebca6b ^ uint32(w[2])*0xc2b2ae35) >> 14
}

// manySyms is from how many on a set is quicker than a list.
const manySyms = 6

// finish gives each word what the prefixes of it stand for, and each prefix what shorter ones do, so that one look-up
// tells all, and lays out what the net asks of it.
func (v *vocabulary) finish(n *net) {
	for _, m := range []map[string]*entry{v.prefixes, v.words} {
		for w, e := range m {
			for k := 3; k <= len(w); k++ {
				p := v.prefixes[w[:k]]
				if p == nil || p == e {
					continue
				}
				for _, s := range p.syms {
					e.add(s)
				}
				if e.when == 0 {
					e.when = p.when
				}
			}
		}
	}
	size := 1
	for size < 3*len(v.words) {
		size *= 2
	}
	v.slots = make([]slot, size)
	for w, e := range v.words {
		h := hashOf(w)
		i := h & uint64(size-1)
		for v.slots[i].entry != 0 {
			i = (i + 1) & uint64(size-1)
		}
		v.slots[i] = slot{h, v.lay(e, n), e.when}
	}
	v.ends = make(map[string]int32, len(v.prefixes))
	for w, e := range v.prefixes {
		v.ends[w] = v.lay(e, n)
	}
	v.number = v.mark(n, "#number")
	v.clock = v.mark(n, "#clock", "#number")
	v.percent = v.mark(n, "#percent", "#number")
	v.link = v.mark(n, "#link")
	v.address = v.mark(n, "#address")
	v.words, v.prefixes = nil, nil
}

// lay lays e out and returns its number.
func (v *vocabulary) lay(e *entry, n *net) int32 {
	if len(e.syms) > manySyms {
		e.bits = make([]uint64, v.next>>6+1)
	}
	for _, y := range e.syms {
		e.filler = e.filler || y == v.filler
		e.denies |= n.denying[y]
		e.ifs |= n.ifs[y]
		e.common |= n.common[y]
		if r, ok := n.roles[y]; ok {
			e.roles = append(e.roles, r)
			e.traits |= r.trait
		}
		if !n.used[y] {
			continue // no phrase asks for it
		}
		if e.bits != nil {
			e.bits[y>>6] |= 1 << (y & 63)
		}
		if at, ok := n.begin[y]; ok {
			e.starts = append(e.starts, n.start(at))
		}
		if at, ok := n.anchored[y]; ok {
			e.opens = append(e.opens, n.start(at))
		}
		e.sig.add(y)
	}
	v.entries = append(v.entries, *e)
	return int32(len(v.entries) - 1)
}

// hashOf is FNV-1a.
func hashOf[T string | []byte](w T) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(w); i++ {
		h = (h ^ uint64(w[i])) * 1099511628211
	}
	return h
}

// lookup returns the number of the entry of the folded word w and what it says of time; 0 if no phrase knows it.
func (v *vocabulary) lookup(w []byte) (int32, when) {
	mask, h := uint64(len(v.slots)-1), hashOf(w)
	for i := h & mask; v.slots[i].entry != 0; i = (i + 1) & mask {
		if at := &v.slots[i]; at.hash == h {
			return at.entry, at.when
		}
	}
	if len(w) < 3 {
		return 0, 0
	}
	for lengths := v.gate[gateOf(w)&(1<<13-1)]; lengths != 0; {
		n := bits.Len32(lengths) - 1 // the longest first
		lengths &^= 1 << n
		if n > len(w) {
			continue
		}
		if e := v.ends[string(w[:n])]; e != 0 {
			return e, v.entries[e].when
		}
	}
	return 0, 0
}
