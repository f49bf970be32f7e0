// Package rest is how connectors speak to a CRM's REST API: one client per source, with one budget that its writes,
// fetches and polls share. It makes one attempt per request, because the queue retries, and turns every failure into a
// connectors.Error that names neither a body, nor a URL's query, nor a credential.
//
//	Auth    what a request proves itself with, and where it is good: a fixed header, or tokens that OAuth renews
//	Budget  how many requests may go now: the vendor's limits as its answers tell them, cut on 429, and the breaker for outages
//	Client  one request: wait for the budget, authorise, send, bound and read the answer, report back to the budget
package rest
