// Package intake takes deliveries in: receive.go verifies and stores them, several with one fsync, and only then
// answers; read.go decodes what was stored to facts and references. Neither calls the CRM, so that no outage stops
// either.
package intake
