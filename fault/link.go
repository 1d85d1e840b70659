package fault

func linkFaults() []Fault {
	return []Fault{
		{
			ID:    NoLink,
			Title: "the network card sees no link",
			BIOS:  "PXE-E61: Media test failure, check cable",
			UEFI:  "PXE-E12: Could not detect network connection.",
			IPXE:  "Link status: Down",
			Means: "The card found no carrier, so nothing was sent at all.",
			Causes: []string{
				"The cable is unplugged or broken, or sits in another port of the machine.",
				"The switch port is shut down.",
				"The port takes longer to come up than the firmware waits.",
			},
			Remedy:  "Look at the lights beside the port, then try another cable and another switch port.",
			Sources: []string{"Broadcom KB 152549", "EDK2 PxeBcImpl.c"},
		},
		{
			ID:    NetworkCard,
			Title: "the network card or its boot ROM is at fault",
			BIOS:  "PXE-E00 to PXE-E09, PXE-E20 to PXE-E28, PXE-E60 to PXE-E69, PXE-E81 to PXE-E89 or PXE-EC1 to PXE-EC9",
			UEFI:  "PXE-E07: Network device error.",
			Means: "The machine failed before or below the network protocols.",
			Causes: []string{
				"The card's ROM does not match the card, or its memory is corrupt.",
				"Another option ROM took the memory that this one needs.",
				"The firmware's driver for the card fails.",
			},
			Remedy:  "Update the machine's firmware and the card's ROM, and turn off option ROMs that are not used. Servers cannot cure this.",
			Sources: []string{"Broadcom KB 152549", "EDK2 PxeBcImpl.c"},
		},
		{
			ID:    ServerUnreachable,
			Title: "the boot server's or the router's address does not answer ARP",
			BIOS:  "PXE-E11: ARP timeout",
			UEFI:  "PXE-E18: Server response timeout.",
			GRUB:  "error: timeout: could not resolve hardware address.",
			Means: "The client has an address, but nobody owns the address that it must send its next packet to: the boot server's, or the router's when the server is on another subnet.",
			Causes: []string{
				"The next server (siaddr) is an address that no machine has.",
				"The server is on another subnet and DHCP gave no router, or a wrong one.",
				"The subnet mask makes a distant server look local.",
				"Option 60 is set on a plain DHCP server, so the client asks it for what another host would answer.",
			},
			Remedy:  "Ping the next server from another machine on the client's subnet, and compare the router and the mask in the offer with that subnet.",
			Sources: []string{"Broadcom KB 152549", "RFC 826"},
		},
	}
}
