package cmd

import "pxe/boot"

// firmware names what kind of machine boots.
type firmware string

// The machines that try and probe-client play.
const (
	firmwareBIOS firmware = "bios"
	firmwareEFI  firmware = "efi-x64"
)

// arch is what the machine says it is in option 93.
func (f firmware) arch() boot.Arch {
	if f == firmwareBIOS {
		return boot.ArchBIOS
	}
	return boot.ArchEFIX64
}
