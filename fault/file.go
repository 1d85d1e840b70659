package fault

func fileFaults() []Fault {
	return []Fault{
		{
			ID:    FileTruncated,
			Title: "a file of the boot is cut short",
			UEFI:  "NBP file downloaded successfully.\nBdsDxe: failed to load Boot0001 \"UEFI PXEv4 ...\" ...: Unsupported",
			Means: "The server sends all that it has of the file, and that is less than the file's own headers promise. UEFI firmware and shim refuse such a program; a BIOS runs it and hangs. A kernel dies as soon as it unpacks itself, mostly without a word, or does not find its root file system when it is the initrd that breaks off.",
			Causes: []string{
				"The copy into the served folder or the download before it was broken off.",
				"The disk of the server was full.",
				"The file is still being written.",
			},
			Remedy:  "Copy the file again from where it came and compare checksums.",
			Sources: []string{"EDK2 BasePeCoff.c", "Linux Documentation/arch/x86/boot.rst", "SYSLINUX core/elflink", "Linux init/initramfs.c"},
		},
	}
}
