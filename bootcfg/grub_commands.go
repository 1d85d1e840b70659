package bootcfg

import (
	"fmt"
	"strings"

	"pxe/fault"
)

// unknownCommand tells of a command that no GRUB has. Where a part of the script
// was not seen, the command may be a function of that part.
func (e *grubRun) unknownCommand(s grubStmt) {
	name, whole := s.words[0].literal()
	if !whole || e.unseen || isGRUBCommand(name) || strings.HasPrefix(name, byteOrderMark) {
		return
	}
	p := Problem{Fault: fault.GRUBUnknownCommand, Line: s.line, Detail: fmt.Sprintf("%q is no GRUB command", name), Name: name}
	e.warnings = append(e.warnings, p)
	if e.unknown == nil {
		e.unknown = &p
	}
}

func isGRUBCommand(name string) bool {
	return !strings.Contains(name, " ") && strings.Contains(grubCommands, " "+name+" ")
}

// grubCommands are the commands of GRUB 2 and of the distributions' patches.
// Words of the language, such as if, are not among them.
const grubCommands = " " +
	". [ acpi all_functional_test appleloader authenticate background_color background_image " +
	"backtrace badram blocklist blscfg boot break cat cbmemc chainloader clear cmosclean " +
	"cmosdump cmosset cmostest cmp configfile connectefi continue coreboot_boottime cpuid crc " +
	"cryptocheck cryptomount cutmem date devicetree distrust drivemap dump echo efi-watchdog " +
	"efitextmode eval exit export extract_entries_configfile extract_entries_source " +
	"extract_legacy_entries_configfile extract_legacy_entries_source " +
	"extract_syslinux_entries_configfile extract_syslinux_entries_source fakebios false " +
	"fdtdump file fix_video freedos functional_test fwconfig fwsetup getkey gettext gptsync " +
	"halt hashsum hdparm hello help hexdump hexdump_random inb increment initrd initrd16 " +
	"initrdefi inl insmod inw kernel keymap keystatus kfreebsd kfreebsd_loadenv " +
	"kfreebsd_module kfreebsd_module_elf knetbsd knetbsd_module knetbsd_module_elf kopenbsd " +
	"kopenbsd_ramdisk legacy_check_password legacy_configfile legacy_initrd " +
	"legacy_initrd_nounzip legacy_kernel legacy_password legacy_source linux linux16 linuxefi " +
	"list_env list_trusted load_env loadbios loadfont loopback ls lsacpi lsapm lscoreboot " +
	"lsdev lsefi lsefimmap lsefisystab lsfonts lsmmap lsmod lspci lssal macppcbless " +
	"mactelbless map md5sum menuentry module module2 multiboot multiboot2 nativedisk " +
	"net_add_addr net_add_dns net_add_route net_bootp net_bootp6 net_del_addr net_del_dns " +
	"net_del_route net_dhcp net_get_dhcp_option net_ipv6_autoconf net_ls_addr net_ls_cards " +
	"net_ls_dns net_ls_routes net_nslookup netfetch normal normal_exit ntldr outb outl outw " +
	"parttool password password_pbkdf2 pcidump plan9 play probe pxechain rdmsr read read_byte " +
	"read_dword read_word reboot regexp reset return rmmod save_env search search.file " +
	"search.fs_label search.fs_uuid sendkey serial set setparams setpci sha1sum sha256sum " +
	"sha512sum shift sleep smbios source spi submenu suspend syslinux_configfile " +
	"syslinux_source terminal_input terminal_output terminfo test test_blockarg testload " +
	"testspeed time tpm tpm2_key_protector_clear tpm2_key_protector_init tr true truecrypt " +
	"trust unset usb vbeinfo vbetest verify_detached version versioncheck videoinfo videotest " +
	"write_byte write_dword write_word wrmsr xen_hypervisor xen_initrd xen_linux xen_module " +
	"xnu_devprop_load xnu_kernel xnu_kernel64 xnu_kext xnu_kextdir xnu_mkext xnu_ramdisk " +
	"xnu_resume xnu_splash xnu_uuid zfs-bootfs zfsinfo zfskey "
