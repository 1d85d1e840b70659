package bootcfg

import (
	"strings"

	"pxe/fault"
)

// maxUnknown bounds the warnings about one configuration: a web page has no
// directive in any of its lines.
const maxUnknown = 8

// unknownDirective tells of a line that PXELINUX passes over without a word.
func (p *pxelinuxParser) unknownDirective(word string) {
	if word == "" || word[0] == '#' || isPassedOver(word) || p.unknown == maxUnknown {
		return
	}
	if p.config.marked != "" && p.line == 1 {
		return // the mark is what is wrong with it
	}
	p.unknown++
	p.warnf(fault.ConfigUnknownDirective, "%q is no directive of PXELINUX", word)
}

// isPassedOver knows the directives of SYSLINUX, of any version, that make no
// difference to what boots by itself (readconfig.c; doc/syslinux.txt). Those of
// U-Boot, which reads the same files, are among them.
func isPassedOver(word string) bool {
	switch word {
	case "allowoptions", "comboot", "console", "devicetree", "devicetreedir", "devicetree-overlay",
		"display", "endtext", "fallback", "fdt", "fdtdir", "fdtoverlays", "font", "kaslrseed", "kbdmap",
		"localboot", "nocomplete", "nohalt", "onerror", "say", "sendcookies", "totaltimeout", "initrd":
		return true
	}
	number, ok := strings.CutPrefix(word, "f") // F1 to F12: help screens; F0 is F10
	if _, isType := typeByKeyword(word); isType {
		return true // KERNEL and its like before any LABEL
	}
	n := cInt(number, 10)
	return ok && number != "" && strings.Trim(number, "0123456789") == "" && n <= 12
}
