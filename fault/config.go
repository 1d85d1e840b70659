package fault

func configFaults() []Fault {
	return []Fault{
		{
			ID:     LdlinuxMissing,
			Title:  "PXELINUX does not find its core module",
			Loader: "Failed to load ldlinux.c32",
			Means:  "Since version 5, PXELINUX is in two parts. The second, ldlinux.c32 (ldlinux.e32 and ldlinux.e64 under UEFI), must be in the folder of pxelinux.0, and is not.",
			Causes: []string{
				"Only pxelinux.0 was copied.",
				"The path prefix (option 210) points elsewhere.",
			},
			Remedy:  "Copy ldlinux.c32 of the same version into the folder of pxelinux.0.",
			Sources: []string{"SYSLINUX core/elflink", "jpetazzo/pxe issue 20"},
		},
		{
			ID:     ModuleMissing,
			Title:  "a module that the configuration uses is missing",
			Loader: "Failed to load COM32 file ...",
			Means:  "The menu (menu.c32, vesamenu.c32) or another module is not on the server, or one of the libraries that it needs, and PXELINUX stays at its boot: prompt.",
			Causes: []string{
				"The module was not copied, or is in a folder that the PATH directive does not name.",
				"libcom32.c32 or libutil.c32 is missing beside it.",
			},
			Remedy:  "Copy the module with libcom32.c32 and libutil.c32 of the same version into the folder of pxelinux.0, or name their folder with PATH.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/execute.c"},
		},
		{
			ID:     ModuleMismatch,
			Title:  "a SYSLINUX module does not belong to this SYSLINUX",
			Loader: "...: not a COM32R image\nUndef symbol FAIL: ...",
			Means:  "Modules work only with the core of the same version and kind: those of version 4 with 4, of 5 and 6 with their own, of BIOS, 32-bit and 64-bit UEFI each with their own.",
			Causes: []string{
				"Files of two distributions or versions were mixed in one folder.",
				"BIOS and UEFI clients share one folder.",
			},
			Remedy:  "Take pxelinux.0 and all .c32 files from one package, and give UEFI clients a folder of their own.",
			Sources: []string{"SYSLINUX core/elflink", "DimmKirr/wimaging issue 29"},
		},
		{
			ID:     ConfigNotFound,
			Title:  "PXELINUX finds no configuration file",
			Loader: "Unable to locate configuration file",
			Means:  "PXELINUX asked for every name that it knows, from the machine's UUID to pxelinux.cfg/default, and none is there. It waits and restarts the machine.",
			Causes: []string{
				"pxelinux.cfg is not in the folder of pxelinux.0.",
				"The file's name has upper-case letters or colons in the hardware address, or lacks 01- before it.",
				"The file is empty, which counts as missing.",
			},
			Remedy:  "Put pxelinux.cfg/default into the folder of pxelinux.0, or name the file after the hardware address in lower case with dashes, such as 01-52-54-00-12-34-56.",
			Sources: []string{"SYSLINUX core/fs/pxe/pxe.c", "redhat-cop/ocp4-helpernode issue 133"},
		},
		{
			ID:     ConfigNoDefault,
			Title:  "the configuration says nothing to boot by itself",
			Loader: "No DEFAULT or UI configuration directive found!",
			Means:  "The loader has a configuration but no default entry, so it stays at a prompt.",
			Causes: []string{
				"DEFAULT and UI are both missing, or the menu has no entry.",
				"The default names an entry that does not exist.",
			},
			Remedy:  "Add DEFAULT with the name of an entry.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/ldlinux.c"},
		},
		{
			ID:      ConfigWaits,
			Title:   "the configuration waits for a key",
			Warning: true,
			Loader:  "boot:",
			Means:   "The loader shows a menu or a prompt without a time limit. A machine that nobody watches stays there.",
			Causes: []string{
				"TIMEOUT is 0 or missing, which means for ever.",
			},
			Remedy:  "Set TIMEOUT, in tenths of a second for PXELINUX, or set timeout=5 for GRUB.",
			Sources: []string{"SYSLINUX com32/menu/menumain.c", "GRUB normal/menu.c"},
		},
		{
			ID:      ConfigIncludeFailed,
			Title:   "a file that the configuration includes is missing",
			Warning: true,
			Means:   "PXELINUX skips a missing include without a word, and every entry in it with it.",
			Causes: []string{
				"The path is relative to the folder of pxelinux.0, not to that of the configuration.",
				"The distribution includes files that only some of its images have.",
			},
			Remedy:  "Correct the path, counted from the folder of pxelinux.0, or remove the line.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/readconfig.c"},
		},
		{
			ID:      ConfigLabelTwice,
			Title:   "two entries of the configuration have the same name",
			Warning: true,
			Means:   "By name, as in DEFAULT or at the boot: prompt, PXELINUX takes the first of them. The other can only be chosen in a menu.",
			Causes: []string{
				"An entry was copied and its LABEL line forgotten.",
				"Two included files use the same name.",
			},
			Remedy:  "Give each entry a name of its own.",
			Sources: []string{"SYSLINUX com32/elflink/ldlinux/readconfig.c"},
		},
		{
			ID:      ConfigNotFollowed,
			Title:   "what boots cannot be told from the configuration",
			Warning: true,
			Means:   "The configuration decides at run time, by a condition, a script or a choice that needs the machine itself. This tool stops here; the machine may well go on.",
			Causes: []string{
				"GRUB code tests something that only a running machine knows.",
				"The default entry chains to another loader.",
			},
			Remedy:  "Boot the machine, or a virtual one, to see what follows.",
			Sources: []string{"GRUB manual, Shell-like scripting"},
		},
		{
			ID:     GRUBConfigNotFound,
			Title:  "GRUB finds no configuration file",
			Loader: "grub>",
			Means:  "GRUB looked for grub.cfg under the prefix that is built into it, found none and shows its prompt.",
			Causes: []string{
				"grub.cfg is not where this GRUB's prefix says: /grub for Debian's and Ubuntu's network GRUB, beside itself for Red Hat's.",
				"It is a GRUB for disks (prefix /EFI/debian), not the one for the network (grubnetx64.efi).",
			},
			Remedy:  "Put grub.cfg into the folder of the built-in prefix, counted from the TFTP root, and use the distribution's network GRUB.",
			Sources: []string{"GRUB normal/main.c", "GRUB net/net.c"},
		},
		{
			ID:     GRUBWantsOACK,
			Title:  "GRUB gets data where it wants an OACK",
			Loader: "error: time out opening ...",
			Means:  "GRUB always sends options with its request and ignores a server that answers with data at once.",
			Causes: []string{
				"The TFTP server knows no options, or has them switched off.",
				"The server leaves the OACK out for an empty file.",
			},
			Remedy:  "Use a TFTP server that answers blksize and tsize.",
			Sources: []string{"GRUB net/tftp.c", "RFC 2347"},
		},
		{
			ID:     GRUBWrongServer,
			Title:  "GRUB asks another server than the firmware did",
			Loader: "error: time out opening ...",
			Means:  "GRUB takes its server from the next-server field of the DHCP server's ACK and knows nothing of what a proxyDHCP server said.",
			Causes: []string{
				"The boot file came from a proxyDHCP server, and the plain DHCP server's next server is 0 or another host.",
			},
			Remedy:  "Set next-server on the plain DHCP server as well, or boot iPXE in place of GRUB behind a proxy.",
			Sources: []string{"GRUB net/drivers/efi", "rhboot/shim issue 165"},
		},
	}
}
