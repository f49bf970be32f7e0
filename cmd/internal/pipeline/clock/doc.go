// Package clock says what time it is, and how far this machine's clock can be believed. Silence is measured by that
// clock, so a clock that runs ahead blames everybody for not having answered.
//
// Witnesses tell: each CRM by the Date of its answers, its verified deliveries by the time that they were signed at,
// and the other processes by what they know. Up to a bound our own clock stands, as it is. Beyond it nothing is
// announced, and everything else is dated by what the witnesses say.
package clock
