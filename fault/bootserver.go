package fault

func bootServerFaults() []Fault {
	return []Fault{
		{
			ID:    BootServerSilent,
			Title: "the boot server does not answer on port 4011",
			BIOS:  "PXE-E55: ProxyDHCP service did not reply to request on port 4011",
			UEFI:  "PXE-E16: No valid offer received.",
			Means: "The offer says PXEClient (option 60) without boot server data in option 43, so the client asks port 4011 of that server what to boot. It does so even when the offer has a file name. Nobody answered.",
			Causes: []string{
				"Option 60 is set on a DHCP server that runs no boot service, often left over from one that moved.",
				"The boot service listens on port 67 only.",
				"A firewall drops UDP 4011.",
			},
			Remedy:  "Do not send option 60, or send it together with option 43 holding 06 01 08 FF, or answer on port 4011.",
			Sources: []string{"EDK2 PxeBcDhcp4.c", "Broadcom KB 152549", "FOGProject/fog-docs PR 188", "siderolabs/sidero issue 1212"},
		},
		{
			ID:    BootServerRefused,
			Title: "the boot server's host says that nothing listens on port 4011",
			BIOS:  "PXE-E55: ProxyDHCP service did not reply to request on port 4011",
			UEFI:  "PXE-E22: Client received ICMP error from server.",
			Means: "The client must ask port 4011 (see boot-server-silent), and the host answered with ICMP port unreachable.",
			Causes: []string{
				"Option 60 is set on a DHCP server that runs no boot service.",
				"The boot service has stopped.",
			},
			Remedy:  "Do not send option 60, or send it together with option 43 holding 06 01 08 FF, or start the service on port 4011.",
			Sources: []string{"EDK2 PxeBcBoot.c", "RFC 792"},
		},
		{
			ID:    BootServerWrongPort,
			Title: "the boot server answers from another port than 4011",
			IPXE:  "Nothing to boot: No such file or directory (https://ipxe.org/2d03e13b)",
			Means: "iPXE takes an answer to its boot server request only from port 4011 of the server that it asked.",
			Causes: []string{
				"The server opens a new socket for the reply.",
				"Address translation between client and server rewrites the port.",
			},
			Remedy:  "Send the reply from the socket that received the request.",
			Sources: []string{"iPXE net/udp/dhcp.c"},
		},
		{
			ID:    BootServerNoFile,
			Title: "the boot server answered on port 4011 without a boot file",
			BIOS:  "PXE-E53: No boot filename received",
			UEFI:  "PXE-E16: No valid offer received.",
			Means: "The answer has neither a file name nor a boot menu.",
			Causes: []string{
				"The service knows other architectures (option 93) but not this one.",
				"The file name is configured for port 67 only.",
			},
			Remedy:  "Give a file name for this architecture in the answer on port 4011 as well.",
			Sources: []string{"EDK2 PxeBcDhcp4.c"},
		},
		{
			ID:    BootServerNotFound,
			Title: "no boot server of the chosen type answered",
			BIOS:  "PXE-E78: Could not locate boot server",
			UEFI:  "PXE-E18: Server response timeout.",
			Means: "The client looked for a boot server of the type in the chosen menu item, by multicast, broadcast or from the list in option 43.8, and nobody answered.",
			Causes: []string{
				"The address in option 43.8 is that of a host without a boot service.",
				"Multicast or broadcast discovery does not cross a router.",
				"The service does not know this type.",
			},
			Remedy:  "List the boot server by address in option 43.8, or leave the menu out and send 43.6 = 8 with a file name.",
			Sources: []string{"Broadcom KB 152549", "PXE 2.1"},
		},
		{
			ID:    MenuMissing,
			Title: "the PXE options announce a menu that is not there",
			BIOS:  "PXE-E74: Bad or missing PXE menu and/or prompt information",
			Means: "Option 43 makes the client show a menu, but the menu (43.9) or its prompt (43.10) is missing or has a wrong length.",
			Causes: []string{
				"43.6 is set without bit 3 and without a menu.",
				"43.6 = 8 was sent without a boot file.",
				"The length of a menu text is wrong.",
			},
			Remedy:  "Send 43.6 = 8 with a file name, or a whole menu: 43.8, 43.9 and 43.10.",
			Sources: []string{"Broadcom KB 152549", "PXE 2.1"},
		},
		{
			ID:    MenuLocalBoot,
			Title: "the menu's default is to boot from the local disk",
			BIOS:  "PXE-M0F: Exiting PXE ROM.",
			UEFI:  "PXE-E21: Remote boot cancelled.",
			Means: "The first menu item has type 0, which means: leave the network and go on with the next boot device.",
			Causes: []string{
				"The item is meant as the harmless default of a menu that somebody is to use.",
			},
			Remedy:  "Nothing, if that is meant; else put another item first.",
			Sources: []string{"EDK2 PxeBcBoot.c", "PXE 2.1"},
		},
		{
			ID:    MulticastMissing,
			Title: "multicast discovery is on, and the multicast address is missing",
			BIOS:  "PXE-E76: Bad or missing multicast discovery address",
			UEFI:  "PXE-E18: Server response timeout.",
			Means: "Bit 1 of 43.6 is clear, so the client looks for its boot server by multicast, and 43.7 does not say where. UEFI firmware then sends to 0.0.0.0.",
			Causes: []string{
				"43.6 was set to 0 or 1 without 43.7.",
			},
			Remedy:  "Set bits 0 and 1 of 43.6 (value 3) and list the servers in 43.8, or send 43.6 = 8 with a file name.",
			Sources: []string{"Broadcom KB 152549", "EDK2 PxeBcBoot.c"},
		},
		{
			ID:    ServerListMissing,
			Title: "the client may use listed boot servers only, and the list is missing",
			BIOS:  "PXE-E77: Bad or missing discovery server list",
			UEFI:  "PXE-E18: Server response timeout.",
			Means: "43.6 forbids broadcast and multicast discovery, or admits listed servers only, and 43.8 is missing, empty or of a wrong length.",
			Causes: []string{
				"43.6 = 7 was copied from somewhere without the list that belongs to it.",
			},
			Remedy:  "Send 43.6 = 8 with a file name, or add 43.8 with the servers.",
			Sources: []string{"Broadcom KB 152549", "PXE 2.1"},
		},
	}
}
