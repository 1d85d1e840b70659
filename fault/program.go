package fault

func programFaults() []Fault {
	const silent = "NBP file downloaded successfully.\nBdsDxe: failed to load Boot0001 \"UEFI PXEv4 ...\" ...: Unsupported"
	return []Fault{
		{
			ID:    NBPNotAProgram,
			Title: "the boot file is no boot program",
			UEFI:  silent,
			Means: "The file arrived whole, but it is not something that this firmware can start. A BIOS starts it all the same and hangs or restarts.",
			Causes: []string{
				"The name points at another file: a kernel, a configuration, a CD image.",
				"The file is an error page that was saved under this name, or was copied in text mode.",
				"It is the right program in the wrong flavour, such as isolinux.bin for pxelinux.0 or ipxe.lkrn for undionly.kpxe.",
			},
			Remedy:  "Name a network boot program: pxelinux.0 or undionly.kpxe for a BIOS, shim, GRUB or iPXE for UEFI.",
			Sources: []string{"PXE 2.1", "UEFI 2.1.1"},
		},
		{
			ID:    BIOSNBPForUEFI,
			Title: "a boot program for a BIOS was given to UEFI firmware",
			UEFI:  silent,
			Means: "The firmware downloads the file, finds no EFI program in it and goes back to its menu, often without a word.",
			Causes: []string{
				"The DHCP server gives every client the same file and does not look at option 93.",
				"The architecture of this client (option 93) is not in the server's list, and the default is the BIOS file.",
			},
			Remedy:  "Choose the file by option 93: 0 gets pxelinux.0 or undionly.kpxe, 7 and 9 get an EFI program.",
			Sources: []string{"EDK2 DxeMain Image.c", "RFC 4578 2.1"},
		},
		{
			ID:    EFINBPForBIOS,
			Title: "an EFI program was given to a BIOS",
			BIOS:  "PXE-E79: NBP is too big to fit in free base memory",
			Means: "A BIOS loads any file and jumps to its first byte. An EFI program is too big for it, or hangs the machine.",
			Causes: []string{
				"The DHCP server gives every client the same file and does not look at option 93.",
				"The machine boots in legacy mode (CSM) although it is thought to be set to UEFI.",
			},
			Remedy:  "Choose the file by option 93: 0 gets pxelinux.0 or undionly.kpxe. Or set the machine to UEFI.",
			Sources: []string{"Broadcom KB 152549", "iPXE arch/x86/image/pxe_image.c"},
		},
		{
			ID:    NBPWrongArch,
			Title: "the boot program is for another processor",
			UEFI:  silent,
			Means: "The EFI program is for another architecture than the firmware's. The firmware refuses it after the download and goes back to its menu.",
			Causes: []string{
				"The DHCP server's list maps this client's architecture (option 93) to the wrong file.",
				"The x64 file is the default for architectures that the list does not know.",
				"A 64-bit machine has 32-bit firmware, which needs the ia32 file.",
			},
			Remedy:  "Give this architecture its own file, such as bootaa64.efi for 11 and bootia32.efi for 6.",
			Sources: []string{"UEFI 2.1.1", "pftf/RPi4 issue 191"},
		},
		{
			ID:    NBPTooBig,
			Title: "the boot program does not fit into a BIOS",
			BIOS:  "PXE-E79: NBP is too big to fit in free base memory",
			Means: "A BIOS loads the boot program below 640 KiB, beginning at 7C00. More than 623616 bytes cannot fit, and many ROMs stop at 512 KiB.",
			Causes: []string{
				"The file is a kernel, an image or an EFI program.",
				"The boot program was built with too much inside.",
			},
			Remedy:  "Use pxelinux.0 or undionly.kpxe and let that load what is large.",
			Sources: []string{"Broadcom KB 152549", "iPXE arch/x86/image/pxe_image.c"},
		},
		{
			ID:      NBPNotSigned,
			Title:   "the boot program is not signed",
			Warning: true,
			UEFI:    "BdsDxe: failed to load Boot0001 \"UEFI PXEv4 ...\" ...: Access Denied",
			Means:   "With Secure Boot on, firmware downloads the file and then refuses it. DHCP does not tell whether Secure Boot is on.",
			Causes: []string{
				"The program is iPXE or a GRUB of one's own, which nobody signed.",
			},
			Remedy:  "Boot the distribution's signed shim, with its signed GRUB beside it; that works with Secure Boot on or off.",
			Sources: []string{"UEFI Secure Boot and Driver Signing", "FOGProject/fog-docs issue 93"},
		},
		{
			ID:     ShimSecondStageMissing,
			Title:  "shim does not find its second stage",
			Loader: "Failed to open {name} - Not Found\nstart_image() returned Not Found",
			Means:  "shim loads a program of a fixed name, grubx64.efi on x64, from the folder of its own boot file name, and that file is not there.",
			Causes: []string{
				"GRUB is not beside shim, or has another name.",
				"The boot file name is in option 67 only, so that shim looks in the TFTP root.",
				"With proxyDHCP, shim asks the plain DHCP server's next server.",
			},
			Remedy:  "Put the signed GRUB of the same distribution beside shim as grubx64.efi (grubaa64.efi on ARM), and fill the header's file field.",
			Sources: []string{"SHIM shim.c", "SHIM netboot.c", "rhboot/shim issue 165"},
		},
		{
			ID:      ShimSecondStageRefused,
			Title:   "shim's second stage is not one that shim starts with Secure Boot on",
			Warning: true,
			Loader:  "Verification failed: (0x1A) Security Violation",
			Means:   "shim starts only programs that are signed by its own vendor and not revoked by its SBAT level. This one is not signed, or for another processor.",
			Causes: []string{
				"GRUB was built locally, or comes from another distribution than shim.",
				"shim is newer than GRUB and has revoked it.",
			},
			Remedy:  "Take shim and GRUB from the same distribution and release.",
			Sources: []string{"SHIM SBAT.md", "rhboot/shim issue 373"},
		},
		{
			ID:    IPXENothingToBoot,
			Title: "iPXE runs and is given nothing to boot",
			IPXE:  "Nothing to boot: No such file or directory (https://ipxe.org/2d03e13b)\nNo more network devices",
			Means: "iPXE asked DHCP again, as iPXE, and the answer had neither a file name nor a root path.",
			Causes: []string{
				"The server gives boot programs to PXE clients and nothing to iPXE (option 77 or 175).",
			},
			Remedy:  "Give clients whose option 77 is iPXE the URL or path of a script.",
			Sources: []string{"iPXE usr/autoboot.c"},
		},
		{
			ID:    IPXELoop,
			Title: "iPXE is given iPXE again",
			IPXE:  "iPXE initialising devices...",
			Means: "iPXE asks DHCP as every client does. The answer is its own boot program, which it loads, and so for ever.",
			Causes: []string{
				"The server does not tell iPXE (option 77 is iPXE, or option 175 is there) from firmware.",
			},
			Remedy:  "Give clients whose option 77 is iPXE, or which send option 175, a script in place of the boot program.",
			Sources: []string{"iPXE net/udp/dhcp.c"},
		},
	}
}
