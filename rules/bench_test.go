package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// exchange is a lively contact of n facts.
func exchange(n int) []crm.Fact {
	facts := []crm.Fact{
		prop(crm.PropTimeZone, "Europe/Berlin", Start), prop(crm.PropCountry, "DE", Start),
		prop("industry", "software", Start),
	}
	at := Start
	for i := len(facts); i < n; i++ {
		at = at.Add(11 * time.Hour)
		switch i % 8 {
		case 1, 3, 5:
			facts = append(facts, mail(fmt.Sprintf("emails/%03d", i), at, crm.Out, crm.Asks, 40))
		case 7:
			facts = append(facts, crm.Fact{
				ID: fmt.Sprintf("meetings/%03d", i), Kind: crm.KindMeeting, At: crm.At(at), Meeting: &crm.Meeting{
					Start: crm.At(at.Add(day)), State: crm.Held,
				},
			})
		default:
			facts = append(facts, mail(fmt.Sprintf("emails/%03d", i), at, crm.In, crm.Answers, 40))
		}
	}
	return facts
}

func BenchmarkRate(b *testing.B) {
	for _, n := range []int{5, 20, 100, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := recordOf(exchange(n)...)
			s, at := Defaults(), calm(Start.Add(400*day))
			b.ReportAllocs()
			for b.Loop() {
				Rate(s, r, at)
			}
		})
	}
}

func BenchmarkFoldNewest(b *testing.B) {
	r := recordOf(exchange(400)...)
	at := Start.Add(400 * day)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		r.Fold(mail(fmt.Sprintf("emails/n%07d", i), at.Add(time.Duration(i)*time.Minute), crm.In, 0, 3))
	}
}

func BenchmarkFoldRepeated(b *testing.B) {
	facts := exchange(300)
	r := recordOf(facts...)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		r.Fold(facts[i%len(facts)])
	}
}
