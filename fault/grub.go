package fault

func grubFaults() []Fault {
	return []Fault{
		{
			ID:    GRUBNoEntry,
			Title: "GRUB's configuration has no menu entry",
			GRUB:  "grub>",
			Means: "GRUB has read its configuration and found nothing to show or to boot, so it shows its prompt.",
			Causes: []string{
				"The word menuentry is missing or misspelt.",
				"The file is another loader's configuration, or a web page.",
			},
			Remedy:  "Add a menuentry with a linux and an initrd command.",
			Sources: []string{"GRUB normal/main.c"},
		},
		{
			ID:    GRUBEntryBootsNothing,
			Title: "the entry of GRUB's menu boots nothing",
			GRUB:  "Press any key to continue...",
			Means: "GRUB runs the commands of the entry. None of them loads a kernel or another loader, so it comes back to its menu.",
			Causes: []string{
				"The command linux is missing in the entry.",
				"The default is a submenu, which only opens.",
			},
			Remedy:  "Give the entry a linux and an initrd command, or set default to an entry that has them.",
			Sources: []string{"GRUB normal/menu.c"},
		},
		{
			ID:      GRUBUnknownCommand,
			Title:   "GRUB's configuration has a command that GRUB does not know",
			Warning: true,
			GRUB:    "error: can't find command `{name}'.",
			Means:   "GRUB says so, passes over the command and goes on with the next one.",
			Causes: []string{
				"The command is misspelt.",
				"It is in a module that this GRUB does not have.",
			},
			Remedy:  "Correct the command.",
			Sources: []string{"GRUB script/execute.c"},
		},
		{
			ID:    GRUBSyntax,
			Title: "GRUB's configuration is not closed: a } or a quote is missing",
			GRUB:  "grub>",
			Means: "GRUB reads on to the end of the file for what closes the block, and throws away all of it from where the block began.",
			Causes: []string{
				"A } was deleted, or a fi or done.",
				"The file was cut short when it was copied.",
			},
			Remedy:  "Close the block. grub-script-check finds such faults on any Linux machine.",
			Sources: []string{"GRUB script/parser.y", "GRUB script/lexer.c"},
		},
		{
			ID:    GRUBConfigNotFound,
			Title: "GRUB finds no configuration file",
			GRUB:  "grub>",
			Means: "GRUB looked for grub.cfg under the prefix that is built into it, found none and shows its prompt.",
			Causes: []string{
				"grub.cfg is not where this GRUB's prefix says: /grub for Debian's and Ubuntu's network GRUB, beside itself for Red Hat's.",
				"It is a GRUB for disks (prefix /EFI/debian), not the one for the network (grubnetx64.efi).",
			},
			Remedy:  "Put grub.cfg into the folder of the built-in prefix, counted from the TFTP root, and use the distribution's network GRUB.",
			Sources: []string{"GRUB normal/main.c", "GRUB net/net.c"},
		},
		{
			ID:    GRUBWantsOACK,
			Title: "GRUB gets data where it wants an OACK",
			GRUB:  "error: time out opening {name}.",
			Means: "GRUB always sends options with its request and ignores a server that answers with data at once.",
			Causes: []string{
				"The TFTP server knows no options, or has them switched off.",
				"The server leaves the OACK out for an empty file.",
			},
			Remedy:  "Use a TFTP server that answers blksize and tsize.",
			Sources: []string{"GRUB net/tftp.c", "RFC 2347"},
		},
		{
			ID:    GRUBWrongServer,
			Title: "GRUB asks another server than the firmware did",
			GRUB:  "error: time out opening {name}.",
			Means: "GRUB takes its server from the next-server field of the DHCP server's ACK and knows nothing of what a proxyDHCP server said.",
			Causes: []string{
				"The boot file came from a proxyDHCP server, and the plain DHCP server's next server is 0 or another host.",
			},
			Remedy:  "Set next-server on the plain DHCP server as well, or boot iPXE in place of GRUB behind a proxy.",
			Sources: []string{"GRUB net/drivers/efi", "rhboot/shim issue 165"},
		},
	}
}
