// Package device is the node's end of the bridge: it dials a gateway, has itself let in, keeps the connection up, and
// carries out what the gateway asks for (bridge-canvas 1). What a command does is the business of Options.Invoke.
//
// # What is promised
//
// An invoke is carried out at most once. It is started when its line has arrived and answered on the connection it came
// on; when that is gone, so is the answer, and the gateway tells its caller that the outcome is not known. Nothing is kept
// to be repeated, and an id that comes twice is not carried out again.
//
// Invokes run beside each other and beside the reading of the connection, so a long one keeps nobody from getting a pong.
// One that is running goes on when the connection is lost, and is ended when Run returns.
//
// A device asks to be let in when the gateway does not know it or its token, on the same connection, and waits as long as
// the gateway does. It sends no token to a gateway but the one that it is for.
package device
