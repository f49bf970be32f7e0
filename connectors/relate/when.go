package relate

import "github.com/winnow-crm/winnow/connectors/crm"

// Happened is when something came about, of a record's own time and that of its creation, of which either may be
// missing. What they did, or what may be theirs, is not later than the CRM came to know of it: a program that logs
// another zone's time, another unit or a wrong year would otherwise put their mail behind our answer. Of what we did
// the record's own time counts, and it does nothing until then.
func Happened(by crm.Direction, at, created crm.Millis) crm.Millis {
	if at == 0 || by != crm.Out && created != 0 && created < at {
		return created
	}
	return at
}
