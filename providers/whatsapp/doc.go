// Package whatsapp is the WhatsApp surface: this gateway as a linked device of somebody's phone, over whatsmeow.
//
// It owns one account's socket, the reconnect policy of providers a.1, the linking of the device and the credentials in
// whatsapp.db, which it reaches through Env.Vault alone. It does not own sessions, allowlists or the outbox.
//
// One at a time: whoever wants a socket or the database, a Run or a login, takes the turn (Provider.turn), then the
// identity on this host (Vault.Hold), and gives both back only when its socket is closed. A client of whatsmeow serves for
// one connection: the next one gets a fresh one, so that nothing of a lost connection acts on its successor.
//
// In: messages are handled one after the other on whatsmeow's queue; a message is acknowledged when Env.Receive has
// taken it. When it has not, the connection is given up, and WhatsApp delivers the message again on the next one.
// Out: the id of a message follows from Outgoing.Key, so that the repeat of a send is recognised by those who have it.
//
// whatsmeow links libsignal, which is under the GPL-3.0: a program without this package is free of it.
package whatsapp
