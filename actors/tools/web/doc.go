// Package web has the tools web_fetch and web_search: a page of the internet as text, and where to find one.
//
// What comes back is marked as written by others. Addresses lead to public hosts only; the client of providers/media sees to
// that, also over redirects. The one exception is the search endpoint that the configuration names.
//
// It is no actor and keeps nothing.
package web
