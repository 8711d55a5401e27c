// Package text cuts outbound text into messages a platform accepts.
//
// It owns the rules of where a long text may be broken and how its length is counted: in UTF-16 code units, as every
// platform here counts. It does not know any platform's limit, and it does not read markup: a code fence may be cut.
// Everything in it is a pure function; there is no state to rebuild.
package text
