package rules

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func customEnv(more map[string]string) map[string]string {
	env := map[string]string{
		"CUSTOM":            "pushy",
		"CUSTOM_PUSHY_WHEN": `.kind=="message" and ((.message.text.intents//"")|contains("urgent"))`,
		"CUSTOM_PUSHY_WHY":  "presses for speed", "CUSTOM_PUSHY_POINTS": "-4", "CUSTOM_PUSHY_CAP": "8",
	}
	for k, v := range more {
		env["CUSTOM_PUSHY_"+k] = v
	}
	return env
}

func TestCustomSignal(t *testing.T) {
	s := must(Parse(customEnv(nil)))
	if s.Version() == Defaults().Version() {
		t.Error("a custom signal is part of the settings' version")
	}
	facts := []crm.Fact{
		{ID: "q", Kind: crm.KindQuote, At: crm.At(Start), Quote: &crm.Quote{Sent: []crm.Millis{crm.At(Start)}}},
		mail("a", Start, crm.In, crm.Urgent, 9), mail("b", Start.Add(day), crm.In, crm.Urgent, 9),
		mail("c", Start.Add(2*day), crm.In, crm.Answers, 9),
		mail("ours", Start.Add(2*day), crm.Out, crm.Urgent, 9),
	}
	unread := mail("unread", Start.Add(day), crm.In, crm.Urgent, 9)
	unread.Message.Text.Unread = true
	r := Rate(s, recordOf(append(facts, unread)...), calm(Start.Add(2*day)))
	if got := points(r, "pushy"); got != -8 {
		t.Errorf("%d points: want -8 for two messages of theirs, none for ours or for one that cannot be read", got)
	}
	if err := adds(r); err != nil {
		t.Error(err)
	}
}

func TestCustomSignalsAreHeldToTheGuardRails(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"WHEN", `.property.name=="gender" and .property.value=="f"`, "personal trait"},
		{"WHEN", `now > 3`, `"now" is not among the words`},
		{"WHEN", `$ENV.HOME != null`, `"$ENV" is not among the words`},
		{"WHEN", `def f: f; f`, `"def" is not among the words`},
		{"WHEN", `"\(env)" == ""`, "no code inside a string"},
		{"WHEN", `.kind ==`, "this is no jq"},
		{"WHEN", ``, "want a condition"},
		{"WHY", "Is a liar", "want a sentence"},
		{"WHY", "is a liar and annoying", "want a sentence"},
		{"POINTS", "-40", "from -20 to 20"},
		{"POINTS", "", "from -20 to 20"},
		{"CAP", "2", "at least the points"},
		{"SUB", "soul", "engagement, fit or worth"},
		{"HALF_LIFE", "-1d", "want a duration"},
		{"COLOUR", "red", "no custom signal of that name with such a setting"},
	} {
		_, err := Parse(customEnv(map[string]string{c.key: c.value}))
		if err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "WINNOW_RULES_CUSTOM_PUSHY_"+c.key) {
			t.Errorf("%s=%s: %v: want %q", c.key, c.value, err, c.want)
		}
	}
}

// Whatever the condition, what of our own is unanswered brings no points (G2), and the rating is as exact as any.
func TestCustomSignalsKeepTheProperties(t *testing.T) {
	s := must(Parse(customEnv(map[string]string{"WHEN": "true", "POINTS": "2", "HALF_LIFE": "10d", "WINDOW": "60d"})))
	rapid.Check(t, func(t *rapid.T) {
		facts, at := genSilent(t)
		now := calm(at)
		rating := Rate(s, recordOf(facts...), now)
		if err := adds(rating); err != nil {
			t.Fatal(err)
		}
		for _, reason := range rating.Reasons {
			for _, e := range reason.Evidence {
				if reason.Name == "pushy" && strings.HasPrefix(e.Fact, "try/") {
					t.Fatal("points for a message of ours")
				}
			}
		}
		if rating.Due == 0 {
			return
		}
		before := now
		before.Now = rating.Due.Time().Add(-1e6)
		if !before.Now.After(now.Now) {
			return
		}
		later := Rate(s, recordOf(facts...), before)
		rating.Due, later.Due = 0, 0
		if asJSON(rating) != asJSON(later) {
			t.Fatalf("changed before it was due:\n%s\n%s", asJSON(rating), asJSON(later))
		}
	})
}
