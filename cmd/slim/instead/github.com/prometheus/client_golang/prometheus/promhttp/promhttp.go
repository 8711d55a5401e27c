// Package promhttp stands in for the page of Prometheus' library, which the actor engine would serve on a port of its own.
package promhttp

import "net/http"

// Handler answers 404: the gateway has /metrics of its own (actors/metrics).
func Handler() http.Handler { return http.NotFoundHandler() }
