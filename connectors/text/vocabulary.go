package text

// sym is a word or a class of words as phrases know it.
type sym uint16

// gap is the step of a phrase over up to maxGap words.
const (
	gap    sym = 0
	maxGap     = 3
)

// vocabulary knows the words that occur in any phrase. All other words are nothing to it.
type vocabulary struct {
	next     sym
	words    map[string]*entry
	prefixes map[string]*entry
	gate     [1 << 12]uint64 // which first three bytes begin a prefix, so that other words are not looked up in vain
	longest  int

	number, clock, percent, link, address []sym
	specials                              map[string]sym
	filler                                sym // class of the words that may stand before the beginning of a clause
}

// entry is what a word stands for.
type entry struct {
	syms []sym
	when when
}

// emptyVocabulary cuts elided words without knowing any.
var emptyVocabulary = newVocabulary()

func newVocabulary() *vocabulary {
	v := &vocabulary{next: gap + 1, words: map[string]*entry{}, prefixes: map[string]*entry{}, specials: map[string]sym{}}
	for _, name := range []string{"#number", "#clock", "#percent", "#link", "#address", "#day", "#month", "#unit"} {
		v.specials[name] = v.newSym()
	}
	v.filler = v.newSym()
	v.number = []sym{v.specials["#number"]}
	v.clock = []sym{v.specials["#clock"], v.specials["#number"]}
	v.percent = []sym{v.specials["#percent"], v.specials["#number"]}
	v.link = []sym{v.specials["#link"]}
	v.address = []sym{v.specials["#address"]}
	return v
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
	v.longest = max(v.longest, len(w))
	h := gateOf(w)
	v.gate[h>>6] |= 1 << (h & 63)
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

// finish gives each word what the prefixes of it stand for, and each prefix what shorter ones do, so that one look-up tells all.
func (v *vocabulary) finish() {
	for _, m := range []map[string]*entry{v.prefixes, v.words} {
		for w, e := range m {
			for n := 3; n <= len(w); n++ {
				p := v.prefixes[w[:n]]
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
}

// lookup returns what the folded word w stands for.
func (v *vocabulary) lookup(w []byte) ([]sym, when) {
	if e := v.words[string(w)]; e != nil {
		return e.syms, e.when
	}
	if len(w) < 3 {
		return nil, 0
	}
	if h := gateOf(w); v.gate[h>>6]&(1<<(h&63)) == 0 {
		return nil, 0
	}
	for n := min(len(w), v.longest); n >= 3; n-- {
		if e := v.prefixes[string(w[:n])]; e != nil {
			return e.syms, e.when
		}
	}
	return nil, 0
}
