package share

import (
	"path"
	"strings"
)

// The content types. The first three are those by which UEFI HTTP Boot knows a
// program from a disk image (EDK2 HttpBootSupport.c, HttpBootCheckImageType;
// IANA media types).
const (
	typeEFI    = "application/efi"
	typeISO    = "application/vnd.efi-iso"
	typeImage  = "application/vnd.efi-img"
	typeJSON   = "application/json"
	typeXML    = "application/xml"
	typeHTML   = "text/html; charset=utf-8"
	typeText   = "text/plain; charset=utf-8"
	typeBinary = "application/octet-stream"
)

// contentType is the type of a file by its name alone: a kernel whose bytes
// happen to look like a page must not be announced as one.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".efi":
		return typeEFI
	case ".iso":
		return typeISO
	case ".img":
		return typeImage
	case ".json":
		return typeJSON
	case ".xml":
		return typeXML
	case ".html", ".htm":
		return typeHTML
	case ".cfg", ".conf", ".ipxe", ".ks", ".list", ".log", ".md", ".preseed",
		".seed", ".sh", ".toml", ".txt", ".yaml", ".yml":
		return typeText
	}
	return typeBinary
}
