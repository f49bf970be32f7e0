package tuning

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// How much is needed before anything is said. Ten outcomes of the rarer kind for each weight is the usual rule of thumb
// for a logistic regression.
const (
	leastEach    = 30 // won, and lost
	leastShown   = 15 // contacts that show a signal, or have a value
	eachWeight   = 10
	leastReplies = 100
)

// Lessons are what the records of an account speak for. Nothing of it is ever applied by itself.
type Lessons struct {
	Contacts, Won, Lost int
	Young               int // closed before enough could be known of them
	Ahead               time.Duration

	Conduct  Conduct
	Profile  []Lift
	Fit      string // the line that the significant ones make
	Replies  int
	Quantile [3]time.Duration // of the business time to an answer: a quarter, half and nine tenths are answered by then
}

// Conduct is what the logistic fit of the signals says.
type Conduct struct {
	Why     string // why there is none
	Signals []Weighed
	Ranking [2]float64 // how well held-out outcomes are ranked: by the points as they are, by those fitted
	Better  bool
}

// Weighed is one signal.
type Weighed struct {
	Signal rules.Signal
	Seen   [2]int  // contacts that show it: won, lost
	Odds   float64 // logarithm of the odds of winning, at full strength
	Error  float64 // its standard error
	Points int     // what it would be worth, 0 where the records do not speak
	Note   string  // why there is no line
}

// sample is one contact with a known outcome.
type sample struct {
	won      bool
	fold     uint32
	strength []float64 // of each signal, 1 at full strength
	profile  map[string]string
}

// Learner gathers contacts. It is for one goroutine.
type Learner struct {
	today, probe *rules.Settings
	signals      []rules.Signal
	ahead        time.Duration
	now          time.Time
	contacts     int
	young        int
	samples      []sample
	replies      []time.Duration
}

// NewLearner learns from contacts as they stood so long ahead of their outcome: what comes just before the end is the
// end itself. env are today's rules without WINNOW_RULES_.
func NewLearner(env map[string]string, ahead time.Duration, now time.Time) (*Learner, error) {
	today, err := rules.Parse(env)
	if err != nil {
		return nil, err
	}
	l := &Learner{today: today, ahead: ahead, now: now}
	fine := map[string]string{}
	for k, v := range env {
		fine[k] = v
	}
	for _, s := range today.Signals() {
		if s.Sub != crm.Engagement || s.Points == 0 || !s.On {
			continue
		}
		l.signals = append(l.signals, s)
		// As many points as can be, so that rounding leaves strength its decimals.
		name := strings.ToUpper(s.Name)
		fine[name+"_POINTS"], fine[name+"_CAP"] = strconv.Itoa(fineness*sign(s.Points)), strconv.Itoa(fineness)
	}
	l.probe, err = rules.Parse(fine)
	return l, err
}

// fineness is the greatest number of points that a setting takes.
const fineness = 50

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}

// Add takes in a contact.
func (l *Learner) Add(source, contact string, r rules.Record) {
	l.contacts++
	l.replies = append(l.replies, rules.ReplyTimes(l.today, &r, l.now)...)
	closed := backtesting.OutcomeOf(&r)
	if closed == nil || closed.At > crm.At(l.now) {
		return
	}
	at := closed.At.Time().Add(-l.ahead)
	if first := backtesting.Beginning(&r); first == 0 || first > crm.At(at) {
		l.young++
		return
	}
	then := rules.AsOf(&r, crm.At(at))
	rating := rules.Rate(l.probe, &then, rules.Instant{Now: at, Profiled: true})
	if rating.Unrated != "" {
		return
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(source + "/" + contact)) // a hash never fails
	s := sample{
		won: closed.Won, fold: h.Sum32() % folds, strength: make([]float64, len(l.signals)),
		profile: map[string]string{},
	}
	for i := range rating.Reasons {
		reason := &rating.Reasons[i]
		for k := range l.signals {
			if l.signals[k].Name == reason.Name {
				s.strength[k] = float64(reason.Points) / float64(fineness*sign(l.signals[k].Points))
			}
		}
	}
	for i := range then.Profile {
		if p := then.Profile[i].Property; p != nil && learnable(p.Name) && strings.TrimSpace(p.Value) != "" {
			s.profile[p.Name] = strings.TrimSpace(p.Value)
		}
	}
	l.samples = append(l.samples, s)
}

// Lessons says what was learned.
func (l *Learner) Lessons() *Lessons {
	out := &Lessons{Contacts: l.contacts, Young: l.young, Ahead: l.ahead, Replies: len(l.replies)}
	for i := range l.samples {
		if l.samples[i].won {
			out.Won++
		} else {
			out.Lost++
		}
	}
	if len(l.replies) >= leastReplies {
		slices.Sort(l.replies)
		for i, q := range [...]float64{0.25, 0.5, 0.9} {
			out.Quantile[i] = roundHours(l.replies[int(q*float64(len(l.replies)-1))])
		}
	}
	if out.Won < leastEach || out.Lost < leastEach {
		out.Conduct.Why = "too few outcomes"
		return out
	}
	out.Conduct = l.conduct(min(out.Won, out.Lost) / eachWeight)
	out.Profile, out.Fit = l.profile(out.Won, out.Lost)
	return out
}

// roundHours rounds to a quarter of an hour, and to whole hours from four on.
func roundHours(d time.Duration) time.Duration {
	if d >= 4*time.Hour {
		return d.Round(time.Hour)
	}
	return max(d.Round(15*time.Minute), 15*time.Minute)
}
