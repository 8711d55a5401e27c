package canvas

import (
	"path"
	"strings"
)

// types by extension. The reference knows those of the first block only and sends everything else as octet-stream, which
// keeps module scripts and fonts from working; the second block is ours.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8",
	".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
	".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".mp4": "video/mp4",
	".pdf": "application/pdf", ".json": "application/json",
	".zip": "application/zip", ".gz": "application/gzip", ".tar": "application/x-tar", ".7z": "application/x-7z-compressed", ".rar": "application/vnd.rar",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".csv":  "text/csv", ".txt": "text/plain", ".md": "text/markdown",

	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".jpeg": "image/jpeg", ".avif": "image/avif", ".ico": "image/x-icon", ".bmp": "image/bmp",
	".wasm": "application/wasm", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf",
	".wav": "audio/wav", ".m4a": "audio/mp4", ".opus": "audio/ogg", ".webm": "video/webm", ".mov": "video/quicktime",
	".xml": "application/xml", ".map": "application/json",
}

func contentType(name string) string {
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

func isHTML(name string) bool { return strings.HasPrefix(contentType(name), "text/html") }
