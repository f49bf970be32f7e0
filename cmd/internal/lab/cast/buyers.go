package cast

import (
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

func quickBuyer(sc *script) {
	sc.Name = "the quick and clear buyer"
	sc.Story = "Knows what she needs, answers the same day and in full, keeps her appointments, signs, and comes " +
		"back for more."
	sc.cast(gmail, world.Profile{
		First: "Ada", Last: "Quill", Email: "ada.quill@quillmills.example", Zone: "Europe/London",
		Country: "United Kingdom", Company: "Quill Mills",
		Role: "Head of Production", Origin: world.Inbound,
	})
	sc.sign = "Kind regards,\nAda Quill\nHead of Production, Quill Mills"
	sc.they("01-13 10:05", `Subject: Four rapier looms for our Leeds site

Hello,

we are replacing four of our oldest machines this spring. We weave upholstery fabric, 190 cm, about 300 metres a day and machine. The budget is approved and I decide together with our managing director. Could you tell me which model you would suggest and when you could deliver?`)
	sc.we("01-13 14:20", `Dear Ada,

thank you for the clear description. For upholstery at that width I would look at the R-190. Three questions so that I can advise you properly: which yarn counts do you run, do you have compressed air at the looms, and would Thursday or Friday at 10:00 suit you for a call?`)
	sc.they("01-13 16:40", `Dear Robin,

yarn counts are Nm 8 to Nm 24, mostly chenille and polyester. Yes, we have compressed air at every loom, 6 bar. Thursday at 10:00 is good, please send an invitation. Our electrician will join for the second half.`)
	first := sc.meet("01-13 17:05", 2, "10:00", "First call with Quill Mills")
	sc.ended("01-15 11:00", first, world.Held)
	deal := sc.deal("01-15 11:20", "Quill Mills, four R-190", 186000)
	q := sc.quote("01-19 09:40", "Four R-190 for Quill Mills", `Dear Ada,

as promised, here is our quote for four R-190 with installation and two days of training: {link}

Does the delivery in week 14 work for you?`, world.Line{Name: "R-190 rapier loom", Quantity: 4, Price: 44500}, world.Line{Name: "Installation and training", Quantity: 1, Price: 8000})
	sc.stage("01-19 09:55", deal, world.Presented)
	sc.they("01-20 09:15", `Dear Robin,

thank you, that is complete. Week 14 works. One point: we need the spare parts list before we sign, because our maintenance team stocks them from day one. Can you send it this week?`)
	sc.we("01-21 10:30", `Dear Ada,

the spare parts list is attached, with the ten parts that wear first marked. Shall we go through it on Monday at 14:00?`)
	sc.they("01-21 13:10",
		`Monday at 14:00 is fine. Our maintenance lead, Tom, will be there as well, he has two questions about the weft feeders.`)
	second := sc.meet("01-21 13:40", 5, "14:00", "Spare parts and contract")
	sc.ended("01-26 14:50", second, world.Held)
	sc.do("01-29 11:00", func(s world.CRM, _ string) { s.AcceptQuote(*q) })
	sc.stage("01-29 11:30", deal, world.Won)
	sc.they("01-29 11:45", `Dear Robin,

we have signed, the order number is PO-2207. Please send the confirmation to our accounts department as well. We look forward to working with you.`)
	sc.we("01-30 09:30", `Dear Ada,

thank you very much. The confirmation is on its way to your accounts department, and the delivery is booked for 1 April.`)
	sc.do("04-08 10:00", func(s world.CRM, c string) { s.Become(c) })
	sc.we("05-12 10:10", `Subject: How are the R-190 doing?

Dear Ada,

the looms have now run for a month. Is the fabric quality what you hoped for, and is there anything we should adjust?`)
	sc.they("05-12 15:25", `Dear Robin,

they run well. We reach 97 % efficiency on three of them, the fourth stops too often at the left weft feeder. Tom would like a technician to look at it before the end of May. Apart from that we are very happy.`)
	sc.we("05-13 09:20", `Dear Ada,

our technician can come on Wednesday 20 May at 9:00. Does that suit Tom?`)
	sc.they("05-13 10:40", `Yes, Wednesday 20 May at 9:00 suits us. Please let him report at gate 2.`)
	sc.call("05-21 11:10", world.Call{
		Outcome: world.Connected, Duration: 6 * time.Minute, Title: "After the technician's visit",
	})
	sc.they("08-18 09:35", `Subject: Two more R-190

Dear Robin,

the technician solved it, thank you. We have decided to replace two more machines in the autumn, same configuration as in PO-2207. Could you quote for delivery in November?`)
	sc.we("08-18 13:50", `Dear Ada,

with pleasure. Would you like the same training package, and shall we talk it over on Thursday at 11:00?`)
	sc.they("08-18 15:05", `No training this time, the team knows the machines. Thursday at 11:00 is good.`)
	third := sc.meet("08-18 15:30", 2, "11:00", "Two more R-190")
	sc.ended("08-20 11:40", third, world.Held)
	sc.Expect = Expectation{Ratings: "AB", Never: []string{"pending", "disqualified"}}
}

func customer(sc *script) {
	sc.Name = "the customer"
	sc.Story = "Bought years ago, is content and quiet. Does not answer every mail of ours, and need not: a customer " +
		"is never shown the door."
	sc.cast(outlook, world.Profile{
		First: "Sofia", Last: "Brandt", Email: "s.brandt@brandttextil.example", Zone: "Europe/Zurich",
		Country: "Switzerland", Company: "Brandt Textil",
		Role: "Owner", Customer: true,
	})
	sc.sign = "Sofia Brandt\nBrandt Textil AG"
	won := sc.deal("01-14 09:30", "Brandt Textil, service contract", 24000)
	sc.stage("01-14 09:50", won, world.Won)
	sc.we("02-10 10:15", `Subject: Your service visit in spring

Dear Sofia,

your yearly service visit is due. Would the week of 16 March suit you?`)
	sc.they("02-12 16:45", `Dear Robin

The week of 16 March suits us. Please plan two days because of the second hall.`)
	sc.ended("03-18 17:00", sc.meet("03-02 10:00", 15, "09:00", "Service visit"), world.Held)
	sc.we("05-05 11:00", `Subject: A new warp tensioner

Dear Sofia,

we have a new warp tensioner that would fit your machines. Would you like to see it?`)
	sc.we("06-02 10:40", `Dear Sofia,

shall I bring the tensioner along when I am in Zurich in July?`)
	sc.we("06-30 14:10", `Dear Sofia,

I am in Zurich on 14 and 15 July. May I drop by for half an hour?`)
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}

func colleague(sc *script) {
	sc.Name = "the one whose colleague answers on the shared deal"
	sc.Story = "Never writes a word himself. His colleague does all the talking on the deal they share, so nobody " +
		"here is silent."
	sc.cast(outlook, world.Profile{
		First: "Piotr", Last: "Wrona", Email: "piotr.wrona@wronaweave.example", Zone: "Europe/Warsaw",
		Country: "Poland", Company: "Wrona Weave",
		Role: "Managing Director",
	})
	sc.Beside = map[string]string{"Ewa Lis": "the colleague who answers"}
	deal := sc.deal("01-20 10:00", "Wrona Weave, air-jet line", 310000)
	var other string
	sc.do("01-20 10:20", func(s world.CRM, _ string) {
		other = s.CreatePerson(world.Profile{
			First: "Ewa", Last: "Lis", Email: "ewa.lis@wronaweave.example", Zone: "Europe/Warsaw", Country: "Poland",
			Role: "Technical Buyer", Company: "Wrona Weave",
		})
		s.JoinDeal(*deal, other)
	})
	answer := func(when, text string) {
		sc.do(when, func(s world.CRM, _ string) {
			s.Email([]string{other}, world.Email{
				Incoming: true, Subject: "Re: " + sc.subject, Text: text + "\n\nEwa Lis\nTechnical Buyer",
				Deals: []string{*deal},
			})
		})
	}
	sc.we("01-22 09:30", `Subject: Air-jet line for your new hall

Dear Piotr,

thank you for your time at the fair. To plan the line I need two things from you: the floor plan of the new hall and the fabric types for the first year. Could you send me both?`)
	answer("01-27 11:15",
		`Hello Robin, Piotr asked me to take this over. The floor plan is attached, the fabrics are shirting and bed linen, 60 to 40. When can you send a first layout?`)
	sc.we("02-04 10:00", `Dear Piotr,

the first layout is attached, I have discussed it with Ewa. Are you fine with 24 machines in the first phase?`)
	answer("02-10 14:30",
		`We discussed it here. 24 machines in the first phase is right, with space for 12 more. Please prepare the quote on this basis.`)
	q := sc.quote("02-24 09:45", "Air-jet line, 24 machines", `Dear Piotr,

here is our quote for the first phase: {link}

Could you tell me by when your board decides?`, world.Line{Name: "AJ-230 air-jet loom", Quantity: 24, Price: 52000, Discount: 1500})
	answer("03-05 09:50",
		`Thank you for the quote. The board meets on 14 April. Until then we need a reference in Poland that we could visit, can you arrange that?`)
	sc.we("03-10 10:20", `Dear Piotr,

a visit in Łódź is possible on 26 March. Will you come yourself?`)
	answer("03-12 13:05", `26 March is good. I will come with our production manager, Piotr is travelling that week.`)
	sc.we("04-16 11:10", `Dear Piotr,

has the board decided?`)
	answer("04-20 15:40",
		`The board agreed on the investment, the bank needs the papers until the middle of May. I will keep you informed.`)
	sc.we("05-18 09:15", `Dear Piotr,

is everything clear with the bank? We would reserve the production slots for October.`)
	answer("05-21 10:30",
		`Yes, the bank confirmed yesterday. Please reserve the slots, the contract should be ready in June.`)
	sc.stage("05-21 11:00", deal, world.ContractSent)
	sc.do("06-23 12:00", func(s world.CRM, _ string) { s.AcceptQuote(*q) })
	sc.stage("06-23 12:15", deal, world.Won)
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}

func twice(sc *script) {
	sc.Name = "the one who was in the CRM twice"
	sc.Story = "Writes from two addresses and so became two contacts, one of them looking silent. Merged, they are " +
		"one good prospect with one history."
	sc.cast(apple, world.Profile{
		First: "Nora", Last: "Aalto", Email: "nora.aalto@aaltodesign.example", Zone: "Europe/Stockholm",
		Country: "Sweden", Company: "Aalto Design",
	})
	sc.sign = "Nora Aalto"
	sc.they("02-03 11:20", `Subject: Sample loom for a design studio

Hello, I run a design studio with five people and look for a small sample loom, 60 cm, computer controlled. Do you sell such machines to studios, and can I see one running?`)
	sc.we("02-03 15:00", `Dear Nora,

yes, the S-60 is made for studios. You can see one at our partner in Borås. How many designs a week do you plan to sample, and which software do you use?`)
	sc.they("02-04 09:30",
		`About ten designs a week, and we use ArahWeave. Borås is one hour from here, I could go on any Tuesday.`)
	var double string
	sc.do("02-05 10:00", func(s world.CRM, _ string) {
		double = s.CreatePerson(world.Profile{
			First: "Nora", Last: "Aalto", Email: "nora@studio-aalto.example", Zone: "Europe/Stockholm",
		})
		s.Email([]string{double}, world.Email{
			Subject: "Visit in Borås", Text: "Dear Nora,\n\nour partner expects you on Tuesday 17 February at 13:00. " +
				"Does that suit you?\n\n" + ourSign,
		})
	})
	sc.do("02-12 10:30", func(s world.CRM, _ string) {
		s.Email([]string{double}, world.Email{
			Subject: "Re: Visit in Borås", Text: "Dear Nora,\n\nwill you come to Borås on Tuesday?\n\n" + ourSign,
		})
	})
	sc.they("02-13 09:10", `Subject: Visit in Borås

Yes, I will be there on Tuesday 17 February at 13:00. Sorry, your mail went to my old address.`)
	visit := sc.meet("02-13 09:40", 4, "13:00", "Visit to the partner in Borås")
	sc.ended("02-17 15:00", visit, world.Held)
	sc.do("02-19 10:10", func(s world.CRM, c string) { s.Merge(c, double) })
	sc.we("03-03 10:00", `Subject: After your visit

Dear Nora,

did the S-60 convince you, and shall I prepare a quote with the ArahWeave interface?`)
	sc.they("03-05 14:20",
		`It did. Please quote the S-60 with the interface and one day of training here. We want to decide in April.`)
	sc.quote("03-09 11:00", "S-60 sample loom", `Dear Nora,

here is the quote with interface and training: {link}

Do you have any questions about it?`, world.Line{Name: "S-60 sample loom", Quantity: 1, Price: 21900}, world.Line{Name: "Training", Quantity: 1, Price: 900})
	sc.they("03-16 10:45",
		`The quote is clear, thank you. The bank wants to see the warranty terms, could you send them? Then we are ready to order in April.`)
	sc.we("03-17 09:30", `Dear Nora,

the warranty terms are attached. Shall we speak on 14 April, once the bank has answered?`)
	sc.they("03-18 12:00", `Yes, 14 April at 10:00 is good for me.`)
	close := sc.meet("03-18 12:30", 27, "10:00", "Order of the S-60")
	sc.ended("04-14 10:40", close, world.Held)
	sc.they("08-26 09:50", `Subject: More software

Hello Robin, the loom is in use every day. Is there an update of the interface for the new ArahWeave version, and what would it cost?`)
	sc.we("08-26 14:15", `Dear Nora,

there is, and it is free for you. Shall we install it remotely on Friday at 9:00?`)
	sc.they("08-27 08:50", `Great, Friday at 9:00 works. I will leave the machine switched on.`)
	sc.Expect = Expectation{Ratings: "ABC", Never: []string{"pending", "disqualified"}}
}
