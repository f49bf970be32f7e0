package signals

var inboundRow = Signal{
	ID: "A03", Name: "inbound", Early: 100, On: true,
	Why:    "came to us: adds nothing, and alone never makes an A",
	Source: S0,
}
