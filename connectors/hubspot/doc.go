// Package hubspot connects Winnow to HubSpot.
package hubspot
