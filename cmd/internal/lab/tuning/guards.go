package tuning

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/winnow-crm/winnow/rules"
)

// Guard is a guard-rail that settings can take away, for a simulation.
type Guard struct {
	ID, Name string
	Settings map[string]string // without WINNOW_RULES_
}

// Guards are those that can be taken away. The others are no numbers, and are counted instead.
func Guards() []Guard {
	early := map[string]string{}
	for _, s := range rules.Defaults().Signals() {
		if s.Sub != "" && s.Points < 0 {
			early[strings.ToUpper(s.Name)+"_EARLY"] = "100"
		}
	}
	return []Guard{
		{"G3", "our own silence between attempts", map[string]string{"ATTEMPT_LASTS": "0s"}},
		{"G4", "minimum age and grace", map[string]string{"MIN_AGE": "1d", "GRACE": "1"}},
		{"G13", "early coldness is discounted", early},
		{"G15", "attempts too close together", map[string]string{
			"ATTEMPT_GAP": "0", "ATTEMPT_DAYS": "1", "ATTEMPT_REST": "0",
		}},
	}
}

// Without are the settings env with a guard-rail taken away.
func (g Guard) Without(env map[string]string) (*rules.Settings, error) {
	all := map[string]string{}
	for k, v := range env {
		all[k] = v
	}
	for k, v := range g.Settings {
		all[k] = v
	}
	s, err := rules.Parse(all)
	if err != nil {
		return nil, fmt.Errorf("without %s: %w", g.ID, err)
	}
	return s, nil
}

// Compared is a crowd judged with a guard-rail taken away.
type Compared struct {
	Guard Guard
	Crowd *Crowd
}

// PrintGuards writes what the guard-rails saved: the genuine buyers that would have been flagged, disqualified and
// rated D without each.
func PrintGuards(w io.Writer, with *Crowd, without []Compared) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(tw, "settings\tbuyers ever pending\tever disqualified\tever rated D\ttime-wasters in time\n")
	line := func(name string, c *Crowd) {
		t := &c.Total
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%s\n", name, t.False, t.FalseEnd, t.FalseD, percent(t.InTime, t.InTime+t.Late))
	}
	line("as they are", with)
	for _, c := range without {
		line("without "+c.Guard.ID+" "+c.Guard.Name, c.Crowd)
	}
	return tw.Flush()
}
