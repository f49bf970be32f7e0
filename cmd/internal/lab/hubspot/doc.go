// Package hubspot is a HubSpot to try Winnow against: it speaks HubSpot's REST over a real socket, refuses what HubSpot
// refuses, and sends signed webhooks.
//
// It knows nothing of the connector that it is tried with, and shares no code with it: both are written from HubSpot's
// documentation, so that a misreading in one shows in the other. What people do in a CRM (write a mail, move a meeting,
// merge two contacts) are methods of Sandbox, the actors' side; what a program sees is HTTP.
//
// Everything is deterministic: ids come from one counter, time from Options.Now. Only the rate limits go by the real
// clock, because simulated time stands still while requests are made.
//
// Sources: HubSpot developer documentation, "Using object APIs", "Search the CRM", "Associations", "Properties",
// "Webhooks API", "Validating requests", "API usage guidelines", "Error handling"; what is known by observation only
// says so where it stands.
package hubspot
