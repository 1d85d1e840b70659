package fault

import "slices"

// Fault is one way in which a boot breaks. All text is for people, in English.
type Fault struct {
	ID      string // stable slug: "tftp-silent"
	Title   string // one line, in lower case and without a full stop
	Warning bool   // does not stop a boot by itself

	// What the screen shows, "" where it shows nothing of its own. Several
	// lines are separated by "\n"; "..." stands for names that differ.
	BIOS   string // a PC's PXE boot ROM
	UEFI   string // EDK2, from which all UEFI firmware derives
	Loader string // PXELINUX, GRUB, shim, iPXE or the kernel

	Means   string   // what has happened, in sentences
	Causes  []string // what leads to it, likeliest first, one sentence each
	Remedy  string   // what to do, in sentences
	Sources []string // where this is known from: RFC and section, source file, report
}

// Shown is what somebody at the screen reads: the text of UEFI firmware or of a
// BIOS boot ROM, or of the boot loader when the firmware is no longer running.
// "" when nothing is shown.
func (f Fault) Shown(uefi bool) string {
	text := f.BIOS
	if uefi {
		text = f.UEFI
	}
	if text == "" {
		return f.Loader
	}
	return text
}

// All lists the catalogue in the order of a boot: link, DHCP, boot server,
// TFTP, HTTP, files as such, boot program, configuration and kernel.
func All() []Fault {
	return slices.Concat(linkFaults(), dhcpFaults(), bootServerFaults(), tftpFaults(),
		httpFaults(), fileFaults(), programFaults(), configFaults(), kernelFaults())
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
