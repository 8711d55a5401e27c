// Package whatsappfake is a WhatsApp server for tests: one HTTP server on loopback that the real client library connects
// to, with the real handshake, linking of devices, message encryption and media, and faults on demand.
//
// It owns the state of one account ("+15550001111"): its linked device, two people (Ann is Direct, Bob), one group of all
// three, what waits for the device, what the device has sent. The people's phones are simulated down to their Signal
// sessions: what they say is encrypted for the device, what it sends is decrypted by them. All of it lives in the test's
// process, so that a gateway in another process can be killed and started again.
//
// How a client gets here: Server.Endpoint is dev.endpoints.whatsapp. Every request, whatever host the library names
// (web.whatsapp.com, mmg.whatsapp.net), goes to url by a RoundTripper that replaces scheme and host; rootKey becomes
// whatsmeow.WACertPubKey. The root is the same for all servers of a process, because that variable is global.
//
//   - Link: Scan(ctx, code) is the owner scanning what the QR channel says, ScanImage the PNG of web.login.start, EnterCode(ctx, code) the owner typing the
//     code of PairPhone, Adopt(ctx, device) links a fresh *store.Device without a client. Then comes 515. One device is
//     linked at a time; linking another one logs the first out.
//   - Say, Post, SayReversed: people write; it returns the message's id at once and the message waits until a client is
//     connected and active, then comes again at every connection, unchanged, until a receipt acknowledges it (Acked,
//     WaitAcked; Read). Again: the same id, encrypted anew. Resend: the same stanza once more.
//   - Shown, Replies, WaitReplies: what arrived, decrypted, media included. A repeated id is in Seen but not in Shown.
//   - Sockets, Logins: connections logged in. A second login of the same device ends the first with "replaced".
//   - Faults: LogOut, Replace, StreamError, Drop, Silence, ScriptConnect and AlwaysConnect (HTTP status or failure
//     reason), ScriptSend, ScriptQuery (429 rate-overlimit), ScriptUpload, ForgetMedia; Inject is the contract's faults; Options.MinRevision refuses old clients, and
//     the version lookup answers Options.Revision.
//   - NewPeer, Server.Peer: as end-to-end tests want it.
//
// What is not there: communities, newsletters, calls, status, history; of the synchronised settings there is the push
// name. What the server does not know it refuses with item-not-found. As from the real platform, messages come that say
// nothing to a person: sender keys, and, with Options.PushName, the key to the settings that the owner's phone gives to a new device.
//
// # What the client library does not do right
//
// Found while these tests were written, at the version in go.mod:
//
//   - store.SetWAVersion does not change the version that a client logs in with. Client.GetClientPayload can: take
//     Store.GetClientPayload() and set UserAgent.AppVersion (and the build hash of DevicePairingData).
//   - A stanza that comes in while a client disconnects leaks the goroutine that has read it. See parking in the tests for
//     a way round: let the connection bring nothing more before Disconnect.
//   - Races that the race detector sees: sending while the server closes the connection, disconnecting at that moment, the
//     context's end while it disconnects, reading Store.ID while it is logged out, retry receipts of two phones for one
//     message. A test under the detector lets the client come to rest before it drops the connection.
//   - libsignal writes to standard output until logger.Logger is set; its choice of the default one is a race.
//
// Only tests import it: it links GPL code (libsignal) even where the gateway is built without.
package whatsappfake
