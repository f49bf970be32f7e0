package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// misfit reports whether one of the conditions in the settings says that we cannot serve the contact, and which.
func (h *view) misfit() (string, bool) {
	for _, p := range h.s.misfits {
		if p.holds(h.r.Property(p.property)) {
			return p.property, true
		}
	}
	return "", false
}

// helped reports whether a message of ours has reached them since they first wrote, or at all where they never did.
func (h *view) helped() bool {
	for i := range h.events {
		e := &h.events[i]
		if !e.peer && (e.kind == eTalk || e.kind == eOut && e.f.Message != nil && e.at >= h.r.Lasting.FirstIn) {
			return true
		}
	}
	return false
}

// refers reports whether the contact has sent us others.
func (h *view) refers() bool {
	for i := range h.r.Items {
		if ref := h.r.Items[i].Referral; ref != nil && ref.Direction == crm.Out && h.r.Items[i].At <= h.limit {
			return true
		}
	}
	return false
}

func (h *view) profileSignals(sh *sheet) {}

func (h *view) lowMargin() bool { return false }

func (h *view) tenured() bool { return false }
