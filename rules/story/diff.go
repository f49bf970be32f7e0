package story

import "strings"

// diff shows two texts line by line, and how many lines into want they first differ.
func diff(want, got string) (first int, text string) {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	common := longest(a, b)
	var out strings.Builder
	line := func(mark byte, s string) {
		out.WriteByte(mark)
		out.WriteString(" " + s + "\n")
	}
	first = -1
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
			continue
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			line('-', a[i])
			i++
		default:
			line('+', b[j])
			j++
		}
		if first < 0 {
			first = max(i, 1)
		}
	}
	return max(first, 1), out.String()
}

// longest has, for every pair of places, how many lines from there on are common to both.
func longest(a, b []string) [][]int {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}
