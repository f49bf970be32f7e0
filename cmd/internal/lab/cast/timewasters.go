package cast

import "github.com/winnow-crm/winnow/cmd/internal/lab/world"

func oneWord(sc *script) {
	sc.Name = "the one-word answerer"
	sc.Story = "Asked a real question, he answers in a word, for months: never silent, never helpful."
	sc.cast(phone, world.Profile{
		First: "Greg", Last: "Stone", Email: "greg@stonefabrics.example", Zone: "America/New_York",
		Country: "United States", Company: "Stone Fabrics",
	})
	sc.they("01-21 11:30", `Subject: looms

Hi, what do you have in air-jet? Need something faster than what we run now.`)
	ask := []string{
		`Dear Greg,

thank you for your mail. So that I can recommend something: what do you weave at the moment, on which machines, and how fast do they run?`,
		`Dear Greg,

I need a little more to be useful. Which fabrics are these, and roughly how many metres do you make in a month?`,
		`Dear Greg,

what would the new machines have to do better, and by when would you want them in place?`,
		`Dear Greg,

who besides you decides about an investment like this, and is there a budget for this year?`,
		`Dear Greg,

what is it that holds you back at the moment: the price, the time, or something else?`,
		`Dear Greg,

how should we go on? I could send a technician for half a day to measure your machines. What would you prefer?`,
		`Dear Greg,

which of the two layouts that I sent suits your hall better, and why?`,
		`Dear Greg,

what did your production manager say about the layouts?`,
		`Dear Greg,

autumn is close. What do you plan for the hall, and what should I prepare for you?`,
	}
	answers := []string{
		"Various.", "Not sure.", "Maybe later", "Depends.", "Maybe", "Whatever.", "Not sure", "Nothing yet", "Dunno.",
	}
	asked := []string{
		"01-22 10:00", "02-12 10:30", "03-05 11:00", "03-26 10:15", "04-16 14:00", "05-14 10:45", "06-18 11:10",
		"07-23 10:20", "08-20 10:40",
	}
	answered := []string{
		"01-28 16:20", "02-19 09:10", "03-13 17:45", "04-02 12:30", "04-23 08:50", "05-22 15:30", "06-26 16:15",
		"07-30 13:40", "08-27 17:05",
	}
	for i := range ask {
		sc.we(asked[i], ask[i])
		sc.they(answered[i], answers[i])
		if i == 2 {
			sc.quote("03-17 10:00", "Four air-jet looms", `Dear Greg,

so that you have a figure to think about, here is a quote for four machines: {link}

Which width would you need?`, world.Line{Name: "A-190 air-jet loom", Quantity: 4, Price: 46500})
			sc.they("03-24 15:10", "Not sure")
		}
	}
	sc.we("09-03 10:15", `Dear Greg,

then let me ask differently: what would have to happen for you to look at this again?`)
	sc.Expect = Expectation{Ratings: "CD", Reasons: []string{"A06"}}
}

func fifthQuote(sc *script) {
	sc.Name = "the one who wants the same quote a fifth time"
	sc.Story = "Loses the quote, or its link, or the will to open it, and asks for the same one again and again."
	sc.cast(outlook, world.Profile{
		First: "Derek", Last: "Malone", Email: "dmalone@malonehome.example", Zone: "Europe/Dublin", Country: "Ireland",
		Company: "Malone Home",
	})
	sc.sign = "Derek Malone\nMalone Home"
	sc.they("02-09 10:10", `Subject: Quote for two R-160

Good morning, could you send me a quote for two R-160 with delivery to Cork?`)
	q := sc.quote("02-10 09:30", "Two R-160, delivered to Cork", `Dear Derek,

here is the quote: {link}

When do you plan to decide?`, world.Line{Name: "R-160 rapier loom", Quantity: 2, Price: 38900}, world.Line{Name: "Delivery to Cork", Quantity: 1, Price: 2400})
	ask := []struct{ at, text, sent, reply string }{
		{
			"03-04 11:40", `Hi Robin, I cannot find your quote any more. Could you send me the same quote again?`,
			"03-05 09:20", "of course, here it is once more: {link}",
		},
		{
			"04-14 15:10", `Robin, please send me the quote for the two R-160 again, my partner wants to see it.`,
			"04-15 09:40", "here is the quote again: {link}",
		},
		{
			"06-03 10:25", `Can you resend that quote please? I changed my computer and it is gone.`, "06-04 10:00",
			"here is the link to the quote once more: {link}",
		},
		{
			"07-21 16:05", `Sorry to bother you, could I have the quote again? Same as before, two machines to Cork.`,
			"07-22 09:50", "here you are, the same quote again: {link}",
		},
		{
			"08-25 11:15", `Hi, would you send me the same quote one more time? I have mislaid it.`, "08-26 09:30",
			"and once more, the quote: {link}",
		},
	}
	for _, a := range ask {
		sc.they(a.at, a.text)
		sc.again(a.sent, q, "Dear Derek,\n\n"+a.reply)
	}
	sc.Expect = Expectation{Ratings: "CD", Reasons: []string{"A09"}, Never: []string{"disqualified"}}
}

func noCallTime(sc *script) {
	sc.Name = "the one who never agrees on a call time"
	sc.Story = "Keen to talk, in principle. No day is ever right, and the one appointment he makes he moves twice " +
		"and calls off. Writes German."
	sc.cast(outlookGerman, world.Profile{
		First: "Holger", Last: "Petersen", Email: "h.petersen@petersen-gewebe.example", Zone: "Europe/Berlin",
		Country: "Germany", Company: "Petersen Gewebe",
	})
	sc.sign = "Mit freundlichen Grüßen\nHolger Petersen\nPetersen Gewebe GmbH"
	sc.they("01-27 14:15", `Subject: Anfrage Greiferwebmaschine

Guten Tag Herr Vale,

wir interessieren uns für eine neue Greiferwebmaschine. Am besten besprechen wir das einmal am Telefon.`)
	sc.we("01-28 09:30", `Guten Tag Herr Petersen,

sehr gern. Passt es Ihnen am Donnerstag um 10 Uhr oder am Freitag um 14 Uhr?`)
	sc.they("02-02 17:10", `Guten Tag Herr Vale,

diese Woche passt es mir leider gar nicht, da ist zu viel los. Ich melde mich.`)
	sc.we("02-11 10:00", `Guten Tag Herr Petersen,

wie sieht es bei Ihnen am Dienstag um 11 Uhr aus, oder am Mittwoch um 15 Uhr?`)
	sc.they("02-16 16:40", `Leider kann ich an beiden Tagen nicht. Vielleicht später im Monat, mal sehen.`)
	sc.we("02-25 09:40", `Guten Tag Herr Petersen,

dann schlage ich den 4. März um 9 Uhr oder den 5. März um 13 Uhr vor. Welcher Termin passt Ihnen?`)
	sc.they("03-03 18:05", `Das wird nichts, ich bin in der Woche unterwegs. Ich komme auf Sie zu.`)
	sc.we("03-12 10:20", `Guten Tag Herr Petersen,

ich habe Ihnen den 24. März um 10 Uhr vorgemerkt. Passt das?`)
	sc.they("03-17 15:30", `Ja, den 24. März um 10 Uhr können wir machen.`)
	call := sc.meet("03-17 16:00", 7, "10:00", "Telefonat mit Herrn Petersen")
	sc.they("03-23 17:20",
		`Morgen um 10 Uhr klappt es bei mir leider doch nicht. Können wir auf die nächste Woche verschieben?`)
	sc.do("03-23 17:50", func(s world.CRM, _ string) { s.MoveMeeting(*call, sc.later(s, 8, "10:00")) })
	sc.they("03-30 16:45", `Guten Tag Herr Vale,

ich muss den Termin morgen leider noch einmal verschieben, bei uns steht eine Maschine.`)
	sc.do("03-30 17:15", func(s world.CRM, _ string) { s.MoveMeeting(*call, sc.later(s, 16, "10:00")) })
	sc.they("04-14 17:30", `Den Termin morgen muss ich leider absagen. Im Moment passt es einfach nicht.`)
	sc.ended("04-14 17:50", call, world.Cancelled)
	sc.we("04-28 10:10", `Guten Tag Herr Petersen,

wollen wir es noch einmal versuchen? Ich könnte am 6. Mai um 9 Uhr oder am 7. Mai um 16 Uhr.`)
	sc.they("05-05 12:20", `Beide Tage gehen leider nicht. Ich melde mich, wenn es ruhiger wird.`)
	sc.quote("05-12 10:00", "Zwei Greiferwebmaschinen R-180", `Guten Tag Herr Petersen,

damit Sie schon eine Zahl haben, hier ist unser Angebot: {link}

Wann können wir es am Telefon durchgehen?`, world.Line{Name: "R-180 rapier loom", Quantity: 2, Price: 41200})
	sc.they("05-18 16:20", `Danke. Diese Woche geht es leider nicht, ich melde mich.`)
	sc.we("06-09 10:30", `Guten Tag Herr Petersen,

ist es bei Ihnen ruhiger geworden? Ich schlage den 17. Juni um 11 Uhr vor.`)
	sc.they("06-15 17:40", `Am 17. Juni kann ich nicht. Nach den Ferien vielleicht.`)
	sc.we("08-11 09:50", `Guten Tag Herr Petersen,

die Ferien sind vorbei. Passt Ihnen der 19. August um 10 Uhr oder der 20. August um 14 Uhr?`)
	sc.they("08-18 16:30", `Diese Woche geht es leider nicht, und nächste bin ich unterwegs. Mal sehen.`)
	sc.we("08-26 10:00", `Guten Tag Herr Petersen,

wie wäre es mit dem 2. September um 9 Uhr?`)
	sc.they("09-01 17:15", `Am 2. September passt es leider auch nicht.`)
	sc.we("09-02 09:20", `Guten Tag Herr Petersen,

dann nennen Sie mir gern einen Termin, der Ihnen passt.`)
	sc.Expect = Expectation{Ratings: "CD", Reasons: []string{"A07"}}
}

func factFinder(sc *script) {
	sc.Name = "the fact-finder"
	sc.Story = "Asks for every price and every data sheet, answers none of our questions, and is gone once he has it " +
		"all. Writes Spanish."
	sc.cast(gmail, world.Profile{
		First: "Iker", Last: "Sanz", Email: "iker.sanz@telaressanz.example", Zone: "Europe/Madrid", Country: "Spain",
		Company: "Telares Sanz", Origin: world.Inbound,
	})
	sc.sign = "Un saludo,\nIker Sanz"
	sc.they("04-13 10:30", `Subject: Lista de precios

Buenos días, ¿me pueden enviar la lista de precios de todos sus telares? ¿Y qué modelos tienen en 220 cm?`)
	sc.we("04-13 16:00", `Buenos días, Iker:

con mucho gusto. Le adjunto el catálogo. Para aconsejarle bien: ¿qué tejidos fabrica, qué máquinas tiene hoy y para cuándo sería el proyecto?`)
	sc.they("04-15 12:15",
		`Gracias. ¿Cuál es el precio del R-220? ¿Y qué descuento hacen por diez máquinas? ¿Tienen la ficha técnica en español?`)
	sc.we("04-16 10:20", `Hola, Iker:

le adjunto la ficha técnica. El precio depende de la configuración: ¿cuántos colores de trama necesita, y trabaja con maquinita o con jacquard?`)
	sc.they("04-20 11:40",
		`¿Me puede mandar los precios de las dos configuraciones? ¿Y cuánto consume el R-220 por hora? ¿Qué plazo de entrega tienen?`)
	sc.we("04-21 09:45", `Hola, Iker:

le adjunto las dos configuraciones. ¿Quién decide en su empresa sobre la inversión, y le viene bien una llamada el jueves a las 11:00?`)
	sc.they("04-24 13:05",
		`¿Cuánto cuesta el mantenimiento al año? ¿Y qué precio tienen las piezas de recambio? Necesito también la lista de precios de los accesorios.`)
	sc.we("04-27 10:30", `Hola, Iker:

le adjunto los precios de mantenimiento y de recambios. ¿Podemos hablar el miércoles a las 10:00 sobre su proyecto?`)
	sc.they("04-30 10:50", `¿Y qué garantía dan? ¿Cuál es el precio de la ampliación a cinco años?`)
	sc.we("05-04 11:00", `Hola, Iker:

la garantía es de dos años y la ampliación cuesta 1.900 euros por máquina. ¿Para qué fecha tendría que estar en marcha la primera máquina?`)
	sc.we("05-13 10:10", `Hola, Iker:

¿ha podido ver la información? Me ayudaría saber qué tejidos fabrica.`)
	sc.we("05-27 10:40", `Hola, Iker:

¿sigue adelante el proyecto? ¿Le viene bien hablar esta semana?`)
	sc.we("06-17 10:15", `Hola, Iker:

¿qué le falta para poder decidir?`)
	sc.Expect = Expectation{Ratings: "CD", Passes: []string{"pending", "disqualified"}, Ends: []string{"disqualified"}}
}

func silent(sc *script) {
	sc.Name = "the silent one who is dropped fairly"
	sc.Story = "Asked once and never answered again, whatever we sent. Three mails, a message on his voicemail, a " +
		"cordial break-up mail, and peace."
	sc.cast(apple, world.Profile{
		First: "Marcus", Last: "Lund", Email: "marcus@lundinteriors.example", Zone: "Europe/Stockholm",
		Country: "Sweden", Company: "Lund Interiors",
	})
	sc.they("03-02 11:10", `Subject: Looms for curtain fabric

Hi, we think about weaving our curtain fabric ourselves. Could you tell me what we would need to get started?`)
	sc.we("03-03 09:50", `Dear Marcus,

gladly. It depends on the quantity: how many metres of curtain fabric do you sell in a year, and do you have a hall with three-phase power?`)
	sc.we("03-12 10:30", `Dear Marcus,

have you found the time to look at my two questions? A rough number is enough.`)
	sc.we("03-24 14:00", `Dear Marcus,

I have attached an example of a small weaving room. Would something of that size fit your plans?`)
	sc.call("04-09 10:20", world.Call{Outcome: world.Voicemail, Title: "Left a message"})
	sc.once("04-20 10:00", status("pending"), func(s world.CRM, c string) {
		sc.mail(s, c, false, `Dear Marcus,

I have not heard from you, so I assume that the time is not right and will not write again. If it ever is, a short answer to this mail is enough, and I will gladly help.`)
	})
	sc.Expect = Expectation{
		Ratings: "CD", Passes: []string{"pending", "disqualified"}, Ends: []string{"disqualified"},
		Fields: map[string]string{
			"recheck_on": "*", "disqualification_reason": "unresponsive", "disqualified": "true",
		},
	}
}

func saysNo(sc *script) {
	sc.Name = "the one who says no"
	sc.Story = "Tells us in plain words that he does not want it. Believed, thanked, and left alone."
	sc.cast(gmail, world.Profile{
		First: "Walt", Last: "Hopper", Email: "walt@hopperseats.example", Zone: "America/Chicago",
		Country: "United States", Company: "Hopper Seats",
	})
	sc.sign = "Walt Hopper"
	sc.they("06-09 09:30", `Subject: Upholstery looms

Hello, we compare suppliers for two upholstery looms. Could you send me something about yours?`)
	sc.we("06-09 14:10", `Dear Walt,

thank you for thinking of us. The R-190 would be the one. What do you weave, and when do you want to decide?`)
	sc.they("06-11 10:20",
		`We make seat fabric for buses, around 40,000 metres a year. The decision is due by the end of the month.`)
	sc.we("06-12 11:00", `Dear Walt,

that is well within what two R-190 can do. I have attached a calculation. What do you think of it?`)
	sc.they("06-30 15:45",
		`Hi Robin, thanks for your work. We have decided to go with another supplier and are no longer interested. Please close our file.`)
	sc.we("07-01 09:30", `Dear Walt,

thank you for letting me know so clearly. All the best with the new machines.`)
	sc.Expect = Expectation{
		Ratings: "CD", Passes: []string{"pending", "disqualified"}, Ends: []string{"disqualified"},
		Fields: map[string]string{"disqualification_reason": "not_interested"},
	}
}
