package fault

import (
	"slices"
	"strings"
)

// Fault is one way in which a boot breaks. All text is for people, in English.
type Fault struct {
	ID      string // stable slug: "tftp-silent"
	Title   string // one line, in lower case and without a full stop
	Warning bool   // does not stop a boot by itself

	// What the screen shows, "" where it shows nothing of its own. Several
	// lines are separated by "\n"; "{name}" stands for the file or command that
	// it is about, "..." for what else differs.
	BIOS   string // a PC's PXE boot ROM
	UEFI   string // EDK2, from which all UEFI firmware derives
	Loader string // PXELINUX, shim, U-Boot or the kernel
	GRUB   string
	IPXE   string

	Means   string   // what has happened, in sentences
	Causes  []string // what leads to it, likeliest first, one sentence each
	Remedy  string   // what to do, in sentences
	Sources []string // where this is known from: RFC and section, source file, report
}

// Screen is whose text stands on the machine's screen.
type Screen uint8

// The programs that write on the screen of a machine that boots.
const (
	OnBIOS Screen = iota
	OnUEFI
	OnLoader // PXELINUX, shim, U-Boot or the kernel
	OnGRUB
	OnIPXE
)

// Shown is what somebody at the screen reads when the fault is about name, a
// file or command; "" for a name that is not known. "" when nothing is shown.
func (f Fault) Shown(on Screen, name string) string {
	text := [...]string{OnBIOS: f.BIOS, OnUEFI: f.UEFI, OnLoader: f.Loader, OnGRUB: f.GRUB, OnIPXE: f.IPXE}[on]
	if name == "" {
		name = "..."
	}
	return strings.ReplaceAll(text, "{name}", name)
}

// All lists the catalogue in the order of a boot: link, DHCP, boot server,
// TFTP, HTTP, files as such, boot program, configuration, GRUB and kernel.
func All() []Fault {
	return slices.Concat(linkFaults(), dhcpFaults(), bootServerFaults(), tftpFaults(),
		httpFaults(), fileFaults(), programFaults(), configFaults(), grubFaults(), kernelFaults())
}

// ByID finds a fault by its ID.
func ByID(id string) (Fault, bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Fault) bool { return f.ID == id })
	if i < 0 {
		return Fault{}, false
	}
	return all[i], true
}
