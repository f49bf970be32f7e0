package history

import (
	"time"

	"github.com/winnow-crm/winnow/rules/calendar"
)

// Settings are what the history needs: the calendars, and how long things last.
type Settings struct {
	Zone, OwnerZone   *time.Location
	Hours, OwnerHours calendar.Hours
	Week              calendar.Week
	OwnerCountry      string
	FollowUps         []string // properties that hold an agreed date
	ReferralsProperty string

	Late         int // a deal with at least this probability, per cent, is in a late stage
	Attempts     int
	AttemptGap   int // business days
	AttemptLasts time.Duration
	Away         time.Duration
	AwayMargin   int // business days
	PromiseDue   int // business days
	NotReady     time.Duration
	Talk         time.Duration
	ReplyTime    time.Duration
	BackAgain    time.Duration
	ShortUnits   int
}
