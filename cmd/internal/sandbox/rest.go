package sandbox

import "net/http"

// Handler is the REST API.
func (s *Sandbox) Handler() http.Handler { return s.mux }

func (s *Sandbox) routes() *http.ServeMux { return http.NewServeMux() }
