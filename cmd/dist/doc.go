// Command dist makes what is passed on beside a binary: the licences of everything that is linked into it, in one file, and
// its bill of materials (CycloneDX 1.6, JSON). The first two go by what the Go tool has recorded in the binary itself.
//
//	dist licences [-npm DIR] BINARY... > THIRD_PARTY_LICENCES
//	dist sbom [-name NAME] [-version V] BINARY > sbom.cdx.json
//	dist zip DIR > archive.zip, in which everything is from SOURCE_DATE_EPOCH
//
// A module without a licence, or with one that asks for more than to be named, is an error; those that are known to are
// listed in copyleft.
package main
