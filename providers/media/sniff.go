package media

import (
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

// The library looks at 3 KiB unless told otherwise, too little for office documents. This is the only package here that
// uses it.
func init() { mimetype.SetLimit(sniffed) }

const (
	unknownType = "application/octet-stream"
	plainText   = "text/plain"
)

// Sniff finds out what a file is from its first bytes. name and claimed, what somebody says of it, count only where bytes
// cannot tell: for the kind of a plain text, and for media of a type that no library here knows. The extension begins
// with a dot, or is empty.
func Sniff(head []byte, name, claimed string) (mime, ext string) {
	found := mimetype.Detect(head)
	mime, ext = bare(found.String()), found.Extension()
	claimed = bare(claimed)
	switch mime {
	case plainText:
		if strings.HasPrefix(claimed, "text/") && claimed != "text/html" && claimed != "text/javascript" {
			mime = claimed
		}
		ext = extensionOf(name, ext)
	case unknownType:
		media := strings.HasPrefix(claimed, "audio/") || strings.HasPrefix(claimed, "video/")
		if media && mimetype.Lookup(claimed) == nil {
			mime = claimed
		}
		ext = extensionOf(name, ext)
	}
	return mime, ext
}

// Kind is the family of a type that platforms treat alike.
type Kind string

// Kinds of attachments (reference 0.2).
const (
	Image    Kind = "image"
	Audio    Kind = "audio"
	Video    Kind = "video"
	Document Kind = "document"
)

// KindOf sorts a MIME type.
func KindOf(mime string) Kind {
	family, _, _ := strings.Cut(bare(mime), "/")
	switch k := Kind(family); k {
	case Image, Audio, Video:
		return k
	}
	return Document
}

// bare is a MIME type without its parameters.
func bare(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

var extension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,10}$`)

// extensionOf is the name's own extension when it is a harmless one.
func extensionOf(name, otherwise string) string {
	if ext := filepath.Ext(name); extension.MatchString(ext) {
		return strings.ToLower(ext)
	}
	return otherwise
}

const longestName = 120

// CleanName makes the name that somebody gave a file one that can be shown and sent: no directories, no control
// characters, nothing that turns the direction of writing, not too long. A name without an extension gets ext.
func CleanName(name, ext string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) { // a format character is not printable
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if name == "" {
		return ""
	}
	own := extensionOf(name, "")
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	if own == "" {
		own, stem = ext, name
	} else {
		own = filepath.Ext(name)
	}
	for len(stem)+len(own) > longestName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return stem + own
}
