package dhcp

import (
	"path"
	"slices"
	"strings"

	"pxe/boot"
)

// Misfit tells why a machine cannot use a file, judged by the file's name; "" if
// nothing speaks against it. With chosen somebody named the file for this
// architecture, and the name does not count against it.
func Misfit(file string, m boot.Machine, chosen bool) string {
	uefi := m.HasArch && m.Arch.Platform() == boot.PlatformUEFI
	bios := !m.HasArch || m.Arch.Platform() == boot.PlatformBIOS
	switch {
	case m.Kind == boot.KindHTTP && !isURL(file):
		return file + " is not a URL, which HTTP Boot needs"
	case m.Kind == boot.KindIPXE && isIPXE(file):
		return "iPXE would load iPXE again (" + file + "), and so for ever; name a script for it"
	case m.Kind == boot.KindIPXE || chosen || m.Kind == boot.KindRPi:
		return ""
	case bios && isUEFIName(file):
		return file + " is a UEFI program, and this is a BIOS machine"
	case uefi && isBIOSName(file):
		return file + " is for BIOS machines, and this is a UEFI machine"
	}
	return ""
}

// isUEFIName reports whether a file is named as UEFI programs are.
func isUEFIName(file string) bool {
	name := baseName(file)
	return strings.HasSuffix(name, ".efi") || strings.HasSuffix(name, ".efi.signed")
}

// isBIOSName reports whether a file is named as network boot programs for BIOS
// machines are: pxelinux.0, undionly.kpxe, wdsnbp.com.
func isBIOSName(file string) bool {
	return slices.Contains([]string{".0", ".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".com", ".n12", ".lkrn"}, path.Ext(baseName(file)))
}

// isIPXE reports whether a file is named as the builds of iPXE are that have no
// script of their own: undionly.kpxe, ipxe.efi, snponly-x86_64.efi.
func isIPXE(file string) bool {
	name := baseName(file)
	ext := path.Ext(name)
	if !slices.Contains([]string{".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".efi", ".lkrn"}, ext) {
		return false
	}
	for _, build := range []string{"undionly", "ipxe", "snponly", "snp"} {
		if rest, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), build); ok && (rest == "" || rest[0] == '-' || rest[0] == '_' || rest[0] == '.') {
			return true
		}
	}
	return false
}

// baseName is the last part of a path or URL, in lower case.
func baseName(file string) string {
	file, _, _ = strings.Cut(file, "?")
	return strings.ToLower(path.Base(strings.ReplaceAll(file, `\`, "/")))
}
