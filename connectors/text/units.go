package text

// counts is what a text is made of.
type counts struct {
	words    int // words, numbers, links, addresses, emoji
	han      int // Chinese characters
	kana     int // hiragana and katakana
	clusters int // of Thai, Lao, Khmer and Myanmar
	marks    int // punctuation
}

func (c *counts) add(d counts) {
	c.words += d.words
	c.han += d.han
	c.kana += d.kana
	c.clusters += d.clusters
	c.marks += d.marks
}

// units weighs the scripts so that the same thing said in each of them has about the same length: two Chinese
// characters make a word, so do three characters of Japanese and four clusters of Thai. Anything visible is at least
// one.
func (c counts) units() int {
	n := c.words + (c.clusters+3)/4
	if c.kana > 0 {
		n += (c.han + c.kana + 2) / 3
	} else {
		n += (c.han + 1) / 2
	}
	if n == 0 && c.marks > 0 {
		return 1
	}
	return n
}

// Units is the length of s in units that mean about the same in every script. Links and addresses are one unit each.
func Units(s string) int {
	var sc scan
	sc.read(bounded(s), nil)
	return sc.total.units()
}

func han(r rune) bool {
	return 0x4e00 <= r && r <= 0x9fff || 0x3400 <= r && r <= 0x4dbf || 0xf900 <= r && r <= 0xfaff || 0x20000 <= r &&
		r <= 0x3ffff || r == 0x3005 || r == 0x3007
}

func kana(r rune) bool {
	return 0x3041 <= r && r <= 0x30ff && r != 0x30fb || 0x31f0 <= r && r <= 0x31ff || 0xff66 <= r && r <= 0xff9f
}

// unspaced reports whether r belongs to a script that is written without spaces and whose words need a dictionary.
func unspaced(r rune) bool {
	return 0x0e01 <= r && r <= 0x0eff && r != 0x0e3f && !(0x0e50 <= r && r <= 0x0e59) || 0x1000 <= r && r <= 0x109f ||
		0x1780 <= r && r <= 0x17ff
}

func emoji(r rune) bool {
	return 0x1f000 <= r && r <= 0x1faff || 0x2600 <= r && r <= 0x27bf || 0x2b05 <= r && r <= 0x2b55 || 0x2300 <= r &&
		r <= 0x23ff
}
