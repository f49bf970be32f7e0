package crm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Content is what makes two quotes the same one, whatever their number, date and validity.
type Content struct {
	Lines [][]string // for each line the same fields in the same order: product, quantity, price ...
	Title string     // counts where no line is known
	Terms string
	Total int64 // minor units
}

// Key is the keyed hash of a quote's content, as Quote.Key has it. The order of lines, the case of letters and the way
// in which numbers are written make no difference.
func (c Content) Key(salt []byte) string {
	var content []string
	for _, line := range c.Lines {
		fields := make([]string, len(line))
		for i, field := range line {
			fields[i] = canonical(field)
		}
		content = append(content, strings.Join(fields, "\x1f"))
	}
	slices.Sort(content)
	if len(c.Lines) == 0 {
		content = []string{"title", wordsOf(c.Title)}
	}
	content = append(content, fmt.Sprint("total ", c.Total), strings.Join(strings.Fields(strings.ToLower(c.Terms)),
		" "))
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(strings.Join(content, "\x1e")))
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// canonical writes numbers alike: 10, 10.0 and 10.00.
func canonical(s string) string {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strings.ToLower(s)
}

// wordsOf is a quote's title without its digits, which are numbers, dates and versions.
func wordsOf(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) })
	return strings.Join(slices.DeleteFunc(words, func(w string) bool {
		return w == "v" || w == "rev" || w == "copy" || w == "version"
	}), " ")
}

// Minor is an amount in minor units: hundredths of its currency's unit. What is no amount is 0.
func Minor(amount float64) int64 {
	if math.IsNaN(amount) || math.Abs(amount) > 1e15 {
		return 0
	}
	return int64(math.Round(amount * 100))
}

// MarginOf is a margin in whole per cent; nil where the number can be none.
func MarginOf(percent float64) *int {
	if math.IsNaN(percent) || math.Abs(percent) > 1000 {
		return nil
	}
	margin := int(math.Round(percent))
	return &margin
}
