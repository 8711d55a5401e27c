// Package modeltest has what model formats are tested with: servers on loopback that speak a vendor's streaming format, and
// the suite that each format passes.
//
// A Server answers each request with the next Step of its script, in the shapes that the vendors' servers send: server-sent
// events piece by piece, and errors as they word them. It is as strict as they are about what it reads: a request that a
// vendor would refuse is refused. It keeps what it has been asked. It is for tests only and opens no port but its own.
package modeltest
