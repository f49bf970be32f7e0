// Package backtesting says what other settings would have made of the contacts at hand: it rates each of them day by
// day, under the settings in force and under a draft, by what was known on each day. It reads no clock and no disk, and
// writes nothing.
package backtesting
