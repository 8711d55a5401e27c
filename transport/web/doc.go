// Package web serves plain HTTP on the gateway's port: the WebChat page, its assets, and the probes
// /healthz and /readyz. Requests that ask for a WebSocket are handed on untouched, those of hooks after
// the rules about hosts and paths, and posts of messaging platforms to whoever has mounted a path (Mounts).
//
// It owns the page's files (embedded, no build step), their caching and compression, the security
// headers, and the rules about hosts, paths and methods. It does not own sessions, authentication or
// the WebSocket: the page is a client like any other and speaks protocol 2 to the Upgrade handler.
//
// The page comes in two parts: static/index.html, and ES modules and style sheets in static/assets.
// Nothing here keeps state between requests, so a restart rebuilds nothing.
package web
