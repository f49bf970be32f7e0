package api

import "github.com/dustin/go-humanize"

// Money is an amount in minor units, without a currency: the CRM's own. None is empty.
func Money(minor int64) string {
	if minor == 0 {
		return ""
	}
	return humanize.Comma(minor / 100)
}
