// Package bridge is the transport of device nodes: TCP, one JSON object per line, both ways (bridge-canvas 1).
//
//	node                                       gateway
//	hello {nodeId, token?}              ->
//	                                    <-     hello-ok, or error NOT_PAIRED | UNAUTHORIZED
//	pair-request {nodeId, ...}          ->     (a person decides; minutes may pass)
//	                                    <-     pair-ok {token}, hello-ok, or error UNAUTHORIZED
//	req {id, method, paramsJSON}        ->     any time after hello-ok
//	                                    <-     res {id, ok, payloadJSON | error}
//	event {event, payloadJSON}          <->    never acknowledged
//	                                    <-     invoke {id, command, paramsJSON}
//	invoke-res {id, ok, payloadJSON}    ->
//	ping {id}                           <->    pong {id}
//
// frame.go, decode.go and line.go are the codec, which both ends use. The rest is the gateway's end: a listener that
// bounds what strangers can make it hold, and connections that read, write and time out; what a frame means is decided
// behind Handler. It knows nothing of actors, pairing or sessions, and keeps nothing over a restart.
package bridge
