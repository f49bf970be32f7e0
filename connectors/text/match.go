package text

// net holds all phrases as one tree of steps, so that the cost of a text does not grow with their number.
type net struct {
	begin    map[sym]int32 // first steps of phrases that may stand anywhere
	anchored map[sym]int32 // first steps of those that begin a clause
	steps    map[step]int32
	ends     [][]hit // by node: the phrases that end there
	denying  map[sym]uint8
	common   map[sym]uint8 // words that sentences of a language are full of
	spoken   uint64        // the languages that have such words, by bit; the other files hold for all
	starts   []int32       // begin and anchored as tables: two numbers for each sym
}

type step struct {
	node int32
	sym  sym
}

// everyLang marks a negation that holds in every language.
const everyLang = 255

// hit is a phrase that was found.
type hit struct {
	feature feature
	lang    uint8 // its file: only that language's negations deny it
	deny    bool  // a negation before it denies it
	after   bool  // so does one after it
	last    bool  // must end its clause
	asked   bool  // counts in questions only
	from    int32 // tokens, to exclusive; set when it is found
	to      int32
}

func newNet() *net {
	return &net{begin: map[sym]int32{}, anchored: map[sym]int32{}, steps: map[step]int32{}, ends: make([][]hit, 1), denying: map[sym]uint8{}, common: map[sym]uint8{}}
}

func (n *net) node() int32 {
	n.ends = append(n.ends, nil)
	return int32(len(n.ends) - 1)
}

func (n *net) add(path []sym, p hit, anchored bool) {
	roots := n.begin
	if anchored {
		roots = n.anchored
	}
	at, ok := roots[path[0]]
	if !ok {
		at = n.node()
		roots[path[0]] = at
	}
	for _, s := range path[1:] {
		next, ok := n.steps[step{at, s}]
		if !ok {
			next = n.node()
			n.steps[step{at, s}] = next
		}
		at = next
	}
	n.ends[at] = append(n.ends[at], p)
}

// finish lays the first steps out as a table.
func (n *net) finish(syms sym) {
	n.starts = make([]int32, 2*int(syms))
	for s, at := range n.begin {
		n.starts[2*s] = at
	}
	for s, at := range n.anchored {
		n.starts[2*s+1] = at
	}
}

// match finds the phrases in one sentence; what it returns is good until the next call. A phrase has few steps and at most two gaps, so the work
// per token has a fixed bound.
func (n *net) match(sc *scan, s *sentence) []hit {
	sc.runs = sc.runs[:0]
	w := walk{net: n, sc: sc, to: s.to, question: s.question}
	opens := false
	for i := s.from; i < s.to; i++ {
		t := &sc.tokens[i]
		opens = t.clause || opens && i > s.from && sc.filler(i-1)
		w.from = i
		for _, y := range t.syms {
			if at := n.starts[2*y]; at != 0 {
				w.walk(at, i+1)
			}
			if opens {
				if at := n.starts[2*y+1]; at != 0 {
					w.walk(at, i+1)
				}
			}
		}
	}
	return sc.runs
}

type walk struct {
	net      *net
	sc       *scan
	from, to int
	question bool
}

func (w *walk) walk(at int32, i int) {
	for _, h := range w.net.ends[at] {
		h.from, h.to = int32(w.from), int32(i)
		if h.asked && !w.question || h.last && !w.sc.tokens[i-1].ends || w.question && stated.has(h.feature) {
			continue
		}
		if h.feature < cueGreeting && w.sc.lang != 0 && h.lang != w.sc.lang && w.net.spoken&(1<<h.lang) != 0 {
			continue // a word that means something else in that language
		}
		if h.deny && !w.question && w.sc.negated(w.net, h, h.after) {
			continue
		}
		w.sc.runs = append(w.sc.runs, h)
	}
	if i >= w.to {
		return
	}
	for _, y := range w.sc.tokens[i].syms {
		if next, ok := w.net.steps[step{at, y}]; ok {
			w.walk(next, i+1)
		}
	}
	if next, ok := w.net.steps[step{at, gap}]; ok {
		for j := i; j <= i+maxGap && j < w.to; j++ {
			for _, y := range w.sc.tokens[j].syms {
				if after, ok := w.net.steps[step{next, y}]; ok {
					w.walk(after, j+1)
				}
			}
		}
	}
}

// negated reports whether a negation in the same clause denies the tokens from, to (exclusive): one of the five tokens before
// them, one among them, or, where after is set, one of the four after: "Tuesday does not work", "passt mir nicht".
func (s *scan) negated(n *net, h hit, after bool) bool {
	for i := int(h.from); i >= max(int(h.from)-5, 0); i-- {
		if i < int(h.from) && s.denies(n, i, h.lang) {
			return true
		}
		if s.tokens[i].clause {
			break
		}
	}
	end := int(h.to)
	if after {
		end = min(end+4, len(s.tokens))
	}
	for i := int(h.from); i < end; i++ {
		if i >= int(h.to) && s.tokens[i].clause {
			break
		}
		if s.denies(n, i, h.lang) {
			return true
		}
	}
	return false
}

// language returns the file of the language that the tokens are plainly in, 0 where they do not show it.
func (s *scan) language(n *net) uint8 {
	var votes [64]int
	for _, t := range s.tokens[:min(len(s.tokens), 400)] {
		for _, y := range t.syms {
			if l, ok := n.common[y]; ok {
				votes[l]++
			}
		}
	}
	best, second := 0, 0
	for l := range votes {
		switch {
		case votes[l] > votes[best]:
			best, second = l, best
		case l != best && votes[l] > votes[second] || second == best:
			second = l
		}
	}
	if votes[best] >= 2 && votes[best] >= 2*votes[second] {
		return uint8(best)
	}
	return 0
}

// denies reports whether token i is a negation. Some hold in every language, some (no, sin, plus) mean other things in another.
func (s *scan) denies(n *net, i int, lang uint8) bool {
	for _, y := range s.tokens[i].syms {
		if l, ok := n.denying[y]; ok && (l == everyLang || l == lang) {
			return true
		}
	}
	return false
}

// filler reports whether the token says nothing of its own at the beginning of a clause: and, but, please.
func (s *scan) filler(i int) bool {
	for _, y := range s.tokens[i].syms {
		if y == s.words.filler {
			return true
		}
	}
	return false
}
