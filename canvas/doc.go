// Package canvas serves what an agent draws: the files of one directory, as pages that reload by themselves when a file
// changes, and the page that renders A2UI. It listens on a port of its own for devices and is mounted on the gateway's port
// for the web page; one Host does both.
//
// It owns the rules about paths (nothing outside of the directory, no links that lead out, no devices), the script that
// every page gets, the reload socket, and who may read: everybody on this host, and from elsewhere a connected node's
// address or whoever has a URL with a capability in it. It knows nothing of sessions, nodes or the gateway: who is connected
// is a function given at construction.
//
// What is there after a restart is what is on disk. Capabilities are signed with a key that lives as long as the Host.
package canvas
