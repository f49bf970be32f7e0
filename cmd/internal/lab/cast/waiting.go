package cast

import (
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

func forgotten(sc *script) {
	sc.Name = "the one we forgot to answer"
	sc.Story = "Asked twice, rang once and got nothing, because of us. However long it lasts, it is our debt and " +
		"never his fault."
	sc.cast(outlook, world.Profile{
		First: "Amir", Last: "Haddad", Email: "amir.haddad@haddadlinen.example", Zone: "Asia/Dubai",
		Country: "United Arab Emirates", Company: "Haddad Linen",
	})
	sc.sign = "Amir Haddad\nHaddad Linen"
	sc.they("02-16 10:20", `Subject: Looms for hotel linen

Dear Sir or Madam, we supply hotels in the Gulf and plan our own weaving from next year, 3 to 5 machines. Who is the right person to talk to, and could you send me your requirements for a hall?`)
	sc.we("02-17 11:00", `Dear Amir,

I am the right person, thank you for writing. What widths do you need, and would a call on Thursday help?`)
	sc.they("02-18 09:40",
		`Dear Robin, we need 280 cm for king size and 180 cm for all else. A call would help. Before that, please tell me whether you deliver and install in Dubai, and what it costs roughly.`)
	sc.they("03-09 10:15", `Dear Robin, did you receive my question about delivery and installation in Dubai?`)
	sc.call("03-23 10:40", world.Call{Incoming: true, Outcome: world.Missed, Title: "Missed call"})
	sc.Expect = Expectation{
		Ratings: "ABC", Never: []string{"pending", "disqualified"}, Ends: []string{"open"},
		Fields: map[string]string{"ball": "us", "owed_reply_since": "*"},
	}
}

func outOfOffice(sc *script) {
	sc.Name = "the out-of-office"
	sc.Story = "On parental leave until June; a machine says so, in French. Nobody counts the silence of someone who " +
		"is away, and she does come back."
	sc.cast(gmailFrench, world.Profile{
		First: "Camille", Last: "Roux", Email: "camille.roux@rouxtissages.example", Zone: "Europe/Paris",
		Country: "France", Company: "Roux Tissages",
	})
	sc.sign = "Bien cordialement,\nCamille Roux"
	sc.they("01-29 11:00", `Subject: Renseignements sur le R-160

Bonjour, nous étudions le remplacement de trois métiers à tisser. Pourriez-vous m'envoyer une documentation du R-160 ? Nous tissons du jacquard en 160 cm.`)
	sc.we("01-30 10:30", `Bonjour Camille,

voici la documentation. Quelle est votre armure la plus fréquente, et combien de couleurs de trame utilisez-vous ?`)
	sc.they("02-03 09:45",
		`Bonjour, nous travaillons surtout en satin, avec quatre couleurs. Le projet est prévu pour la rentrée.`)
	sc.we("02-17 10:15", `Bonjour Camille,

le R-160 avec quatre couleurs conviendrait très bien. Souhaitez-vous voir une machine en marche au printemps ?`)
	away := `Bonjour,

je suis absente du bureau jusqu'au 1er juin 2026. Je répondrai à votre message à mon retour.

Camille Roux`
	sc.machine("02-17 10:31", "Réponse automatique : Renseignements sur le R-160", away)
	sc.we("03-10 10:40", `Bonjour Camille,

pourrions-nous fixer une visite pour le mois de juin ?`)
	sc.machine("03-10 10:55", "Réponse automatique : Renseignements sur le R-160", away)
	sc.we("04-14 11:00", `Bonjour Camille,

je vous propose le 9 juin pour la visite. Cela vous conviendrait-il ?`)
	sc.machine("04-14 11:15", "Réponse automatique : Renseignements sur le R-160", away)
	sc.they("06-03 09:20", `Bonjour Robin,

me voici de retour. Le 9 juin me convient très bien, nous serons trois personnes. À quelle heure pouvons-nous venir ?`)
	sc.we("06-03 14:00", `Bonjour Camille,

c'est noté, je vous attends à 10 heures. Avez-vous besoin d'un plan d'accès ?`)
	sc.they("06-04 09:10", `Oui, je veux bien un plan. À mardi 9 juin, 10 heures.`)
	visit := sc.meet("06-04 09:40", 5, "10:00", "Visite de Roux Tissages")
	sc.ended("06-09 12:00", visit, world.Held)
	sc.we("08-25 10:10", `Bonjour Camille,

la rentrée approche. Souhaitez-vous une offre pour trois R-160, et pour quelle date de livraison ?`)
	sc.they("08-27 15:35",
		`Bonjour Robin, oui, merci de nous faire une offre pour trois R-160 en quatre couleurs, livraison en novembre. Notre direction décide le 15 septembre.`)
	sc.do("08-28 11:00", func(s world.CRM, c string) {
		id := s.Quote([]string{c}, world.Quote{
			Title: "Trois R-160", Lines: []world.Line{{Name: "R-160", Quantity: 3, Price: 39800}},
			Expires: sc.later(s, 45, "12:00"),
		})
		sc.mail(s, c, false, "Bonjour Camille,\n\nvoici notre offre : "+s.Publish(id)+"\n\nAvez-vous des questions ?")
	})
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}

func returner(sc *script) {
	sc.Name = "the one who returns after the break-up"
	sc.Story = "Good talks, a quote, then silence. The break-up mail wakes her: she had been ill, and is back in " +
		"earnest."
	sc.cast(apple, world.Profile{
		First: "June", Last: "Okafor", Email: "june@okaforhome.example", Zone: "Europe/London",
		Country: "United Kingdom", Company: "Okafor Home",
	})
	sc.sign = "June"
	sc.they("02-04 10:40", `Subject: Small dobby loom

Hello, we make throws and cushions and want to bring the weaving in house. We would start with one dobby loom, 150 cm, second half of the year. Could we talk?`)
	sc.we("02-04 15:10", `Dear June,

of course. Would Friday at 9:30 or Monday at 15:00 suit you, and how many pieces a month do you make?`)
	sc.they("02-05 09:25", `Friday at 9:30 is good. We make about 600 pieces a month.`)
	call := sc.meet("02-05 09:50", 1, "09:30", "First call with Okafor Home")
	sc.ended("02-06 10:20", call, world.Held)
	q := sc.quote("02-11 10:00", "One D-150 dobby loom", `Dear June,

as discussed, here is the quote: {link}

What does your partner think of it?`, world.Line{Name: "D-150 dobby loom", Quantity: 1, Price: 31500})
	sc.we("02-20 10:20", `Dear June,

have you had the time to look at the quote together?`)
	sc.we("03-04 14:30", `Dear June,

is there anything about the quote that I should explain?`)
	sc.once("03-09 10:00", status("pending"), func(s world.CRM, c string) {
		sc.mail(s, c, false, `Dear June,

I have not heard from you and do not want to be a nuisance, so this is my last mail for now. If the loom becomes a topic again, just answer this mail.`)
	})
	sc.once("03-12 11:00", status("pending", "disqualified"), func(s world.CRM, c string) {
		sc.mail(s, c, true, `Dear Robin,

please do not close this. I was in hospital for six weeks and nobody read my mails. We do want the loom, the plan for autumn stands. Could you send me the delivery times, and can we speak next Tuesday at 10:00?`)
	})
	sc.we("03-13 10:15", `Dear June,

I am glad that you are back. Delivery takes ten weeks. Tuesday at 10:00 it is. Shall I update the quote until then?`)
	sc.they("03-16 12:20", `Yes please, with the larger warp beam that we discussed. My partner will join the call.`)
	second := sc.meet("03-16 12:50", 1, "10:00", "Second call with Okafor Home")
	sc.ended("03-18 10:40", second, world.Held)
	sc.we("05-06 10:30", `Dear June,

the updated quote is with you. Shall we fix the delivery for September?`)
	sc.they("05-08 11:35",
		`Dear Robin, September is right, week 38 would be ideal. We sign in July, after our half-year figures.`)
	sc.we("07-15 10:10", `Dear June,

how did the half-year figures turn out, and can we plan for week 38?`)
	sc.they("07-17 09:50", `They are good. Week 38 stands, please send me the order form and I will sign it on Monday.`)
	sc.again("07-17 14:20", q, `Dear June,

here is the order form with the larger warp beam: {link}

I have reserved week 38 for you.`)
	sc.do("07-20 11:00", func(s world.CRM, _ string) { s.AcceptQuote(*q) })
	sc.they("07-20 11:15", `Signed! We look forward to the loom.`)
	sc.we("07-21 09:30", `Dear June,

thank you very much, and welcome. You will hear from our workshop in September.`)
	sc.Expect = Expectation{Ratings: "ABC", Passes: []string{"pending", "requalified"}, Never: []string{"disqualified"}}
}

func optedOut(sc *script) {
	sc.Name = "the one who opted out"
	sc.Story = "Unsubscribes from everything. From then on there is no score, and the one there was is taken away."
	sc.cast(gmail, world.Profile{
		First: "Bea", Last: "Moreau", Email: "bea.moreau@moreaudecor.example", Zone: "Europe/Paris", Country: "France",
		Company: "Moreau Décor",
	})
	sc.they("02-10 10:50", `Subject: Information

Hello, could you send me some information about sample looms?`)
	sc.we("02-11 09:40", `Dear Bea,

here is our brochure. What do you want to weave, and in which quantity?`)
	sc.we("02-25 10:10", `Dear Bea,

did the brochure answer your questions?`)
	sc.do("03-11 16:20", func(s world.CRM, c string) { s.OptOut(c) })
	sc.Expect = Expectation{Never: []string{"pending", "disqualified"}, Ends: []string{""}, Fields: map[string]string{
		"score": "", "reasons": "",
	}}
}

func autumn(sc *script) {
	sc.Name = "the one who said autumn"
	sc.Story = "Asked us to come back in late September, and we put it on our list. Until then his silence means " +
		"nothing at all."
	sc.cast(outlook, world.Profile{
		First: "Tomas", Last: "Vesely", Email: "tomas.vesely@veselytextil.example", Zone: "Europe/Berlin",
		Country: "Germany", Company: "Vesely Textil",
	})
	sc.sign = "Tomas Vesely"
	sc.they("03-17 10:30", `Subject: Jacquard machine

Hello, we plan a jacquard machine with 6,144 hooks for our new collection. What would be the delivery time, and do you take back an old machine?`)
	sc.we("03-18 10:00", `Dear Tomas,

delivery takes sixteen weeks, and we do take back old machines. Which one is it, and how old?`)
	sc.they("03-19 14:45",
		`It is from 2009, 2,688 hooks. We decide after the fair in September, so please come back to me around 21 September, not before.`)
	due := sc.at("09-21 10:00")
	sc.do("03-20 09:30", func(s world.CRM, c string) {
		s.Task([]string{c}, world.Task{Subject: "Call about the jacquard machine", Call: true, Due: due})
	})
	sc.we("03-20 09:50", `Dear Tomas,

understood, I have made a note for 21 September. In the meantime, would you like to receive the price of the take-back?`)
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}

func deadAddress(sc *script) {
	sc.Name = "the one whose address was misspelt"
	sc.Story = "Called us, and somebody here took the address down wrong. Every mail bounces: what never arrived " +
		"cannot go unanswered."
	sc.cast(outlook, world.Profile{
		First: "Lena", Last: "Fuchs", Email: "lena.fuchs@fuchsgwebe.example", Zone: "Europe/Vienna",
		Country: "Austria", Company: "Fuchs Gewebe",
	})
	sc.call("03-10 10:10", world.Call{
		Incoming: true, Outcome: world.Connected, Duration: 9 * time.Minute, Title: "Asked about dobby looms",
	})
	sc.bounced("03-10 14:00", `Subject: Your call about dobby looms

Dear Lena,

thank you for your call. As agreed, here is our brochure. Which of the two widths do you need?`)
	sc.bounced("03-19 10:20", `Dear Lena,

did the brochure reach you, and which width do you need?`)
	sc.bounced("04-02 11:00", `Dear Lena,

shall I prepare a quote for the 190 cm model?`)
	sc.bounced("04-21 10:40", `Dear Lena,

is the dobby loom still a topic?`)
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}
