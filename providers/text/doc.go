// Package text makes of what the agent wrote what a messaging platform takes: it cuts long texts and rewrites Markdown.
//
// It owns the rules of where a text may be broken (Split, which knows code fences, and Chunk, which does not), how its
// length is counted (in UTF-16 code units, as every platform here counts), and how each Markup writes bold, links and code
// (Convert). It does not know any platform's limit. Everything in it is a pure function; there is no state to rebuild.
//
// The reader of Markdown is a small one of our own, line by line: what it does not know for certain as a mark stays as it
// was written, so that nothing an agent says can vanish. A library would cost every gateway a megabyte and read more than
// any platform shows.
package text
