// Package conn has one actor per WebSocket client connection, and their supervisor "conns".
//
// A connection's actor says hello, hands each request to the method's owner and sees to it that every request is
// answered once, or with a typed error when its owner does not answer in time. It owns the list of calls in flight;
// it does not own the socket (transport/ws does) and holds nothing that is stored. It is never restarted: when it
// fails, its socket is closed with 1011 and the client reconnects.
package conn
