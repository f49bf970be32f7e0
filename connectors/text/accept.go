package text

// unagreed reports whether what reads as an agreement is none, by the words in it and behind it in the same clause:
// "we take note of your quote", "go ahead and call me", "wir nehmen Ihr Angebot mit in die Sitzung", "we would like to
// start with a trial before we sign".
func (s *scan) unagreed(h hit) bool {
	from, to := int(h.from), int(h.to)
	for i := from; i < min(to+longSay, len(s.tokens)) && (i == from || !s.tokens[i].clause); i++ {
		if s.among(i, noted) || i >= to && s.undoes(i, to, h.lang) {
			return true
		}
	}
	return false
}

// undoes reports whether token i makes something else of an agreement that ends before token to.
func (s *scan) undoes(i, to int, lang uint8) bool {
	t := s.traits(i, lang)
	switch {
	case t&traitSlow != 0:
		return i == to
	case t&traitContact != 0 && t&(traitDeal|traitOurs|traitPlease) == 0:
		return s.aside(to, i, lang)
	case s.among(i, along):
		return i+1 == len(s.tokens) || s.tokens[i].ends || s.among(i+1, whither)
	case s.among(i, earlier):
		return !s.dated(i)
	}
	return false
}

// longSay is how far behind an agreement what undoes it may stand, in tokens.
const longSay = 8

// aside reports whether nothing of the purchase stands among the tokens from, to (exclusive).
func (s *scan) aside(from, to int, lang uint8) bool {
	for i := from; i < to; i++ {
		if s.traits(i, lang)&(traitDeal|traitOurs) != 0 {
			return false
		}
	}
	return true
}

// dated reports whether a time follows on token i: "before Friday".
func (s *scan) dated(i int) bool {
	for k := i + 1; k < min(i+1+shortRest, len(s.tokens)); k++ {
		if s.tokens[k].when != 0 || s.tokens[k].kind == numberToken {
			return true
		}
	}
	return false
}

var (
	// what is taken, or seen to, and bought by nobody
	noted = setOf("note notice look nota notiz kenntnis tempo calma questions question explanation trial ver veamos " +
		"fragen uitleg vragen preguntas domande perguntas bedenkzeit kennis")
	along   = setOf("mit mee")
	whither = setOf("in ins zu zur zum nach an ans auf naar op")
	earlier = setOf("before bevor avant antes prima voordat")
)
