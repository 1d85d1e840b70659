package bootcfg

import "time"

// Type is what a loader takes a file for.
type Type uint8

// The types of thing that a loader starts.
const (
	TypeLinux  Type = iota // a Linux kernel, or what looks like one
	TypeModule             // a SYSLINUX module (.c32)
	TypeNBP                // another network boot program, or an EFI program that GRUB chains to
	TypeSector             // a boot sector or disk image
	TypeConfig             // another configuration file, which takes the place of this one
	TypeLocal              // the local disk, or the firmware's next boot option
)

func (t Type) String() string {
	switch t {
	case TypeModule:
		return "module"
	case TypeNBP:
		return "nbp"
	case TypeSector:
		return "sector"
	case TypeConfig:
		return "config"
	case TypeLocal:
		return "local"
	}
	return "linux"
}

// Choice is what boots when nobody touches a key, and what happens before.
type Choice struct {
	Label   string   // the entry's name, or its title where it has none; "" for a command line
	Type    Type     // of Kernel
	Kernel  string   // the file, as the configuration names it; "" for TypeLocal
	Initrds []string // likewise
	Append  string   // the arguments, without the initrd= that a loader adds

	// Implied is why Kernel may be no file at all: nothing in the configuration
	// calls it one. "" when a directive does.
	Implied string

	UI    string        // module that shows the menu before; "" for none
	Waits bool          // for ever: somebody has to press a key
	After time.Duration // otherwise how long the loader waits before it goes on
}
