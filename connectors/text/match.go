package text

import (
	"math/bits"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// net holds all phrases as one tree of steps, so that the cost of a text does not grow with their number.
type net struct {
	begin    map[sym]int32 // first steps of phrases that may stand anywhere
	anchored map[sym]int32 // first steps of those that begin a clause
	nodes    []node
	denying  map[sym]uint64 // words that deny, with the languages in which they do, by bit
	common   map[sym]uint64 // words that sentences of a language are full of
	ifs      map[sym]uint64 // words that make a clause a condition, with their languages
	roles    map[sym]role   // what words of a class are beside a refusal
	used     map[sym]bool   // what stands in a phrase
	spoken   uint64         // the languages that have such words; the other files hold for all
	files    []string       // by number: the languages
}

// node is a place in the tree.
type node struct {
	steps []step
	gap   int32     // node behind a gap that begins here; 0: none
	ends  []hit     // the phrases that end here
	sig   signature // the syms of its steps and of those behind the gap
	langs uint64    // languages for which something lies behind it
}

type step struct {
	sym  sym
	next int32
}

// everyLang are all languages.
const everyLang = ^uint64(0)

// hit is a phrase that was found.
type hit struct {
	feature feature
	lang    uint8 // its file: only that language's negations deny it
	deny    bool  // a negation before it denies it
	after   bool  // so does one after it
	last    bool  // must end its clause
	asked   bool  // counts in questions only
	weak    bool  // never certain enough to act on
	judged  ruling
	from    int32 // tokens, to exclusive; set when it is found
	to      int32
	gaps    uint64 // the tokens from from on that stand in a gap of the phrase, by bit
}

func newNet() *net {
	return &net{
		begin: map[sym]int32{}, anchored: map[sym]int32{}, nodes: make([]node, 1), denying: map[sym]uint64{},
		common: map[sym]uint64{}, ifs: map[sym]uint64{},
		roles: map[sym]role{}, used: map[sym]bool{},
	}
}

func (n *net) node() int32 {
	n.nodes = append(n.nodes, node{})
	return int32(len(n.nodes) - 1)
}

func (n *net) add(path []sym, p hit, anchored bool) {
	roots := n.begin
	if anchored {
		roots = n.anchored
	}
	for _, s := range path {
		n.used[s] = true
	}
	at, ok := roots[path[0]]
	if !ok {
		at = n.node()
		roots[path[0]] = at
	}
	for _, s := range path[1:] {
		at = n.follow(at, s)
	}
	n.nodes[at].ends = append(n.nodes[at].ends, p)
}

// follow returns the node behind the step s from at, making it where it is not there.
func (n *net) follow(at int32, s sym) int32 {
	if s == gap {
		if n.nodes[at].gap == 0 {
			next := n.node()
			n.nodes[at].gap = next
		}
		return n.nodes[at].gap
	}
	for _, st := range n.nodes[at].steps {
		if st.sym == s {
			return st.next
		}
	}
	next := n.node()
	n.nodes[at].steps = append(n.nodes[at].steps, step{s, next})
	return next
}

// finish tells each node what can come after it.
func (n *net) finish() {
	for i := range n.nodes {
		at := &n.nodes[i]
		for _, st := range at.steps {
			at.sig.add(st.sym)
		}
		if at.gap != 0 {
			for _, st := range n.nodes[at.gap].steps {
				at.sig.add(st.sym)
			}
		}
	}
	for i := len(n.nodes) - 1; i > 0; i-- { // what follows a node was made after it
		at := &n.nodes[i]
		for _, h := range at.ends {
			at.langs |= n.langs(h)
		}
		for _, st := range at.steps {
			at.langs |= n.nodes[st.next].langs
		}
		if at.gap != 0 {
			at.langs |= n.nodes[at.gap].langs
		}
	}
}

// langs are the languages of a text in which h counts. What machines write is often in two languages, so cues count in
// all.
func (n *net) langs(h hit) uint64 {
	if h.feature >= cueGreeting && h.feature != cuePromise || n.spoken&(1<<h.lang) == 0 {
		return everyLang
	}
	return 1 << h.lang
}

// match finds the phrases in one sentence; what it returns is good until the next call. A phrase has few steps and at
// most two gaps, so the work per token has a fixed bound.
func (n *net) match(sc *scan, s *sentence) []hit {
	sc.runs = sc.runs[:0]
	w := walk{net: n, sc: sc, to: s.to, question: s.question, lang: everyLang}
	if sc.lang != 0 {
		w.lang = 1 << sc.lang
	}
	opens := false
	for i := s.from; i < s.to; i++ {
		t := &sc.tokens[i]
		opens = t.clause || opens && i > s.from && sc.entry(i-1).filler
		if t.e == 0 {
			continue
		}
		e := sc.entry(i)
		w.from = i
		w.begin(e.starts, i+1)
		if opens {
			w.begin(e.opens, i+1)
		}
	}
	return sc.runs
}

// look notes for each token which syms are among it and the three after it, the most that a gap can reach.
func (s *scan) look() {
	s.ahead = append(s.ahead[:0], make([]signature, len(s.tokens)+maxGap+1)...)
	for i := range s.tokens {
		if s.tokens[i].e == 0 {
			continue
		}
		g := &s.entry(i).sig
		for k := max(0, i-maxGap); k <= i; k++ {
			s.ahead[k].join(g)
		}
	}
}

func (s *scan) entry(i int) *entry { return &s.words.entries[s.tokens[i].e] }

type walk struct {
	net      *net
	sc       *scan
	from, to int
	question bool
	lang     uint64
}

// begin walks from the nodes that the token before i leads to. What rules most of them out stands beside their numbers,
// so that they need not be looked at.
func (w *walk) begin(from []start, i int) {
	for k := range from {
		if s := &from[k]; s.langs&w.lang != 0 && (s.ends || i < w.to && s.sig.meets(&w.sc.ahead[i])) {
			w.walk(s.node, i, 0)
		}
	}
}

// walk goes on from the node at by the token i; gaps are the tokens that the phrase has passed over.
func (w *walk) walk(at int32, i int, gaps uint64) {
	n := &w.net.nodes[at]
	if n.langs&w.lang == 0 {
		return
	}
	for k := range n.ends {
		w.end(n.ends[k], i, gaps)
	}
	if i >= w.to || !n.sig.meets(&w.sc.ahead[i]) {
		return
	}
	if len(n.steps) > 0 {
		w.step(n, i, gaps)
	}
	if n.gap != 0 {
		behind := &w.net.nodes[n.gap]
		for j := i; j <= i+maxGap && j < w.to; j++ {
			w.step(behind, j, gaps)
			gaps |= 1 << (j - w.from)
		}
	}
}

// step goes on from n by the token i.
func (w *walk) step(n *node, i int, gaps uint64) {
	if w.sc.tokens[i].e == 0 {
		return
	}
	e := w.sc.entry(i)
	for _, st := range n.steps {
		if e.has(st.sym) {
			w.walk(st.next, i+1, gaps)
		}
	}
}

// end takes the phrase h that ends before token i, if it counts.
func (w *walk) end(h hit, i int, gaps uint64) {
	if h.asked && !w.question || h.last && !w.sc.tokens[i-1].ends || w.question && stated.has(h.feature) {
		return
	}
	if w.net.langs(h)&w.lang == 0 {
		return // a word that means something else in this language
	}
	h.from, h.to, h.gaps = int32(w.from), int32(i), gaps
	if whole.has(h.feature) && w.sc.split(h) || w.sc.misplaced(h) {
		return
	}
	if h.deny && !w.question && w.sc.negated(h) {
		return
	}
	w.sc.runs = append(w.sc.runs, h)
}

// misplaced reports whether h means something else by what stands in it or before it: a price that is a day, a courtesy
// that is denied ("you have not answered my question"), a machine that is ours ("I got your automatic reply"), an
// agreement that says how something is to be done ("go ahead slowly").
func (s *scan) misplaced(h hit) bool {
	switch h.feature {
	case bit(crm.Discount):
		return s.numbersDay(h)
	case bit(crm.Accepts):
		return s.unagreed(h)
	case bit(crm.ClearYes):
		next := int(h.to)
		return next < len(s.tokens) && !s.tokens[next].clause && s.traits(next, h.lang)&traitSlow != 0
	case cueSmallTalk, cueRedirect:
		return s.undone(h)
	case bit(crm.AsksYesNo): // "merci à vous"
		return h.from > 0 && s.among(int(h.from)-1, thanks)
	case cueMachine:
		return h.from > 0 && yours[s.wordAt(int(h.from)-1)]
	}
	return false
}

// undone reports whether h is denied within its gaps or right behind.
func (s *scan) undone(h hit) bool {
	for i := int(h.from); i < min(int(h.to)+2, len(s.tokens)); i++ {
		inside := i < int(h.to)
		if !inside && s.tokens[i].clause {
			break
		}
		if (!inside || h.gaps&(1<<(i-int(h.from))) != 0) && s.denies(i, h.lang) {
			return true
		}
	}
	return false
}

var yours = setOf("your ihre ihrer ihren eure eurer votre vos su sus vuestra vostra sua vossa uw jullie")

// numbersDay reports whether a number of h is an ordinal, which is a day and no price: "op de 20e komen".
func (s *scan) numbersDay(h hit) bool {
	for i := int(h.from); i < int(h.to); i++ {
		t := &s.tokens[i]
		if t.kind == numberToken && ordinals[fold(strings.TrimLeft(s.text[t.start:t.end], "0123456789"))] {
			return true
		}
	}
	return false
}

var ordinals = setOf("e º ª st nd rd th er re ste de")

// split reports whether another clause begins within h.
func (s *scan) split(h hit) bool {
	for i := h.from + 1; i < h.to; i++ {
		if s.tokens[i].clause {
			return true
		}
	}
	return false
}

// negated reports whether a negation in the same clause denies the tokens from, to (exclusive): one of the five tokens
// before them, one among them, or, where after is set, one of the six after: "Tuesday does not work", "klappt es bei
// mir leider nicht".
func (s *scan) negated(h hit) bool {
	for i := int(h.from); i >= max(int(h.from)-5, 0); i-- {
		// "if that works" agrees to nothing
		if i < int(h.from) && (s.denies(i, h.lang) || h.after && s.entry(i).ifs != 0) {
			return true
		}
		if s.tokens[i].clause {
			break
		}
	}
	end := int(h.to)
	if h.after {
		end = min(end+6, len(s.tokens))
	}
	from := int(h.from)
	if h.lang == 0 {
		from = int(h.to) // a phrase of the settings is meant as it stands: "not a minute later"
	}
	for i := from; i < end; i++ {
		if i >= int(h.to) && s.tokens[i].clause {
			break
		}
		if s.denies(i, h.lang) {
			return true
		}
	}
	return false
}

// denies reports whether token i is a negation. Some hold in every language, some (no, sin, plus) mean other things in
// another: in a text whose language is not plain they deny what any language says.
func (s *scan) denies(i int, lang uint8) bool {
	if s.lang == 0 {
		return s.entry(i).denies != 0
	}
	return s.entry(i).denies&(1<<lang) != 0
}

// language returns the file of the language that the tokens are plainly in, 0 where they do not show it.
func (s *scan) language() uint8 {
	var votes [64]int
	for i := range s.tokens[:min(len(s.tokens), 400)] {
		for m := s.entry(i).common; m != 0; m &= m - 1 {
			votes[bits.TrailingZeros64(m)]++
		}
	}
	best, second := twoBest(&votes)
	if votes[best] >= 2 && votes[second] == 0 || votes[best] >= 3 && votes[best] >= 2*votes[second] {
		return uint8(best)
	}
	return 0
}

// written returns the file of the language that the tokens are most likely in: one with so many votes at least, and a
// lead over the next; 0 where there is none. It is less certain than language: words of the other classes tell it too,
// and one that a single language has counts double.
func (s *scan) written(least, lead int) uint8 {
	if s.lang != 0 {
		return s.lang
	}
	var votes [64]int
	for i := range s.tokens[:min(len(s.tokens), 400)] {
		e := s.entry(i)
		langs := e.common
		for _, r := range e.roles {
			langs |= 1 << r.lang
		}
		each := 1
		if bits.OnesCount64(langs) == 1 {
			each = 2
		}
		for m := langs; m != 0; m &= m - 1 {
			votes[bits.TrailingZeros64(m)] += each
		}
	}
	best, second := twoBest(&votes)
	if votes[best] >= least && votes[best] > votes[second]+lead {
		return uint8(best)
	}
	return 0
}

// twoBest are the files with the most votes; the one without a language takes no part.
func twoBest(votes *[64]int) (best, second int) {
	for l := 1; l < len(votes); l++ {
		switch {
		case votes[l] > votes[best]:
			best, second = l, best
		case votes[l] > votes[second] || second == best:
			second = l
		}
	}
	return best, second
}
