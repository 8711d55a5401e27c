// Package backup makes archives of a state directory, also while a gateway works on it, and puts them back.
//
// An archive is a gzip-compressed tar file: the database as one moment has it, what it refers to, the configuration, credentials, and
// whatever else the gateway keeps; last the manifest, with a checksum of each file. With a passphrase all of it is encrypted
// (age, scrypt); the program age can open it, too. What is put back is proven first: the checksums, the database, what it
// refers to. It is no actor and needs no gateway.
package backup
