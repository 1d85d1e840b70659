package fault

func kernelFaults() []Fault {
	return []Fault{
		{
			ID:     KernelMissing,
			Title:  "the kernel is not on the server",
			Loader: "Loading {name}... failed: No such file or directory",
			GRUB:   "error: file `{name}' not found.",
			Means:  "The loader read its configuration and asked for the kernel that it names, and the server does not have it.",
			Causes: []string{
				"The path is counted from another folder: PXELINUX counts from the folder of pxelinux.0, GRUB from the root.",
				"The kernel was renamed by an update.",
			},
			Remedy:  "Correct the path in the configuration or put the file there.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/kernel.c", "GRUB loader/linux.c"},
		},
		{
			ID:     KernelWrongType,
			Title:  "the file that the configuration calls a kernel is none",
			Loader: "Booting kernel failed: Invalid argument",
			GRUB:   "error: invalid magic number.",
			Means:  "The file arrived and does not begin as a kernel does.",
			Causes: []string{
				"It is an error page or another file saved under this name.",
				"It was copied in text mode, which changes bytes.",
				"It is still packed, or is an ELF vmlinux where a bzImage belongs.",
			},
			Remedy:  "Copy the kernel again, in binary, and compare its checksum.",
			Sources: []string{"Linux Documentation/arch/x86/boot.rst", "Thinstation issue 294"},
		},
		{
			ID:     KernelWrongArch,
			Title:  "the kernel is for another processor",
			Loader: "This kernel requires an x86-64 CPU, but only detected an i686 CPU.",
			GRUB:   "error: invalid magic number.",
			Means:  "The kernel is for another architecture than the machine's.",
			Causes: []string{
				"One configuration serves machines of several architectures.",
			},
			Remedy:  "Give each architecture a configuration and a kernel of its own, by folder or by per-machine file.",
			Sources: []string{"Linux Documentation/arch/x86/boot.rst"},
		},
		{
			ID:     InitrdMissing,
			Title:  "the initrd is not on the server",
			Loader: "Loading {name}... failed: No such file or directory\nKernel panic - not syncing: VFS: Unable to mount root fs",
			GRUB:   "error: file `{name}' not found.",
			Means:  "The server does not have the initrd that the configuration names. PXELINUX and GRUB stop there; a loader that goes on ends in a kernel panic.",
			Causes: []string{
				"The path is counted from another folder.",
				"Kernel and initrd were updated apart.",
				"Several initrds are separated by blanks where PXELINUX wants commas.",
			},
			Remedy:  "Correct the path in the configuration or put the file there.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/kernel.c", "GRUB loader/linux.c"},
		},
		{
			ID:     InitrdWrongType,
			Title:  "the file that the configuration calls an initrd is none",
			Loader: "Initramfs unpacking failed: invalid magic at start of compressed archive\nKernel panic - not syncing: VFS: Unable to mount root fs",
			Means:  "The kernel cannot unpack the file and has no root file system.",
			Causes: []string{
				"It is an error page or another file saved under this name.",
				"It was cut short or copied in text mode.",
			},
			Remedy:  "Copy the initrd again, in binary, and compare its checksum.",
			Sources: []string{"Linux init/initramfs.c"},
		},
		{
			ID:     CommandLineTooLong,
			Title:  "the kernel's command line is too long",
			Loader: "cmdline too long",
			Means:  "PXELINUX refuses a command line of 2048 bytes, kernel name and initrds included. Kernels have limits of their own and cut off what is longer, without a word.",
			Causes: []string{
				"Everything was put into APPEND.",
			},
			Remedy:  "Keep it below 1900 bytes and move the rest into the installer's answer file.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/execute.c", "Linux Documentation/arch/x86/boot.rst"},
		},
	}
}
