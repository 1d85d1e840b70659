package dhcpdconf

import (
	"net/netip"
	"strings"

	"pxe/boot"
	"pxe/dhcp"
)

// answer is what a machine is told to boot.
type answer struct {
	file             string
	next             netip.Addr
	filePos, nextPos Pos
}

// told is what the file tells a machine. Option 67 is another word for filename
// and option 66 for next-server: the server sends both.
func (e *evaluation) told(host *scope, c client) answer {
	s := e.settings(host, c)
	var a answer
	if f, ok := s["filename"]; ok {
		a.file, a.filePos = string(f.data), f.Pos
	}
	if o, ok := s[optionKey(dhcp.OptionBootFileName)]; ok {
		if a.file != "" && a.file != string(o.data) {
			e.fail(o.Pos, "keep filename alone: it is sent as option 67 too", "bootfile-name %q and filename %q", o.data, a.file)
		}
		a.file, a.filePos = string(o.data), o.Pos
	}
	if n, ok := s["next-server"]; ok {
		a.next, a.nextPos = addrOf(n), n.Pos
	}
	if o, ok := s[optionKey(dhcp.OptionTFTPServerName)]; ok {
		addr, err := netip.ParseAddr(string(o.data))
		switch {
		case err != nil:
			e.fail(o.Pos, "write next-server with its address: firmware has no DNS", "tftp-server-name %q is not an address", o.data)
		case a.next.IsValid() && a.next != addr:
			e.fail(o.Pos, "keep next-server alone: it is sent as option 66 too", "tftp-server-name %s and next-server %s", addr, a.next)
		}
		a.next, a.nextPos = addr, o.Pos
	}
	return a
}

// boot plays every kind of machine and gathers what they are told; host may be
// nil.
//
// A file that does not look at the architecture means the machines that can run
// its program, and dhcpd would hang all others with it. So what an architecture
// gets because no condition names it counts only for a BIOS, or where it is a
// UEFI program and the architecture is one in use.
func (e *evaluation) boot(host *scope) dhcp.Boot {
	bios := e.told(host, machine(boot.ArchBIOS))
	plain := e.told(host, client{})
	if plain.file != "" && plain.file != bios.file {
		e.warn(plain.filePos, "clients that send no architecture get the file of BIOS machines, not "+plain.file)
	}
	b := dhcp.Boot{FileFor: make(map[boot.Arch]string)}
	if isUEFI(bios.file) {
		e.warn(bios.filePos, bios.file+" is a UEFI program: BIOS machines get no file")
	} else {
		b.File = bios.file
	}
	all, inUse := []answer{bios}, dhcp.DefaultFiles()
	for _, a := range archs() {
		t := e.told(host, machine(a))
		named := t.file != e.told(host, client{machine(a).kind, unnamed}).file
		_, inUse := inUse[a.Base()]
		switch {
		case t.file == "" || a == boot.ArchBIOS || !named && !(inUse && isUEFI(t.file)):
			continue
		case a.HTTP() && !isURL(t.file):
			if named {
				e.warn(t.filePos, a.Title()+" machines get no file: they need a URL")
			}
			continue
		}
		b.FileFor[a] = t.file
		all = append(all, t)
	}
	if script, ok := e.script(host); ok {
		b.IPXE = script.file
		all = append(all, script)
	}
	b.NextServer = e.nextServer(all)
	if b.File != "" && b.FileFor[boot.ArchEFIX64] == "" {
		e.warn(bios.filePos, b.File+" is for BIOS machines; UEFI machines get no file: add option arch code 93 = unsigned integer 16; "+
			`and if option arch = 00:07 { filename "bootx64.efi"; } else { filename "`+b.File+`"; }`)
	}
	return b
}

// script is what machines get that run iPXE already; ok is false where that is
// the same as without it.
func (e *evaluation) script(host *scope) (script answer, ok bool) {
	var other answer
	otherArch := boot.ArchBIOS
	for _, a := range archs() {
		if a.HTTP() || a.Platform() != boot.PlatformBIOS && a.Platform() != boot.PlatformUEFI {
			continue
		}
		t := e.told(host, client{boot.KindIPXE, a})
		ok = ok || t.file != e.told(host, machine(a)).file
		switch {
		case a == boot.ArchBIOS:
			script = t
		case t.file != script.file && otherArch == boot.ArchBIOS:
			other, otherArch = t, a
		}
	}
	if !ok || otherArch == boot.ArchBIOS && script.file != "" {
		return script, ok
	}
	at := e.subnet.Pos
	for _, p := range []Pos{script.filePos, other.filePos} {
		if p.Line > 0 {
			at = p
		}
	}
	e.fail(at, `ask for iPXE before the architecture: if exists user-class and option user-class = "iPXE" { filename "..."; } elsif ...`,
		"iPXE gets %q on %s and %q on %s: it has to be one script for all", script.file, boot.ArchBIOS.Title(), other.file, otherArch.Title())
	return answer{}, false
}

// nextServer is the one of all answers.
func (e *evaluation) nextServer(all []answer) netip.Addr {
	var first answer
	for _, a := range all {
		switch {
		case a.file == "" || isURL(a.file):
		case first.file == "":
			first = a
		case a.next != first.next:
			at := a.nextPos
			if at.Line == 0 {
				at = a.filePos
			}
			e.fail(at, "put all files on one server", "the next-server of %q is not that of %q", a.file, first.file)
			return first.next
		}
	}
	if first.file == "" {
		return all[0].next
	}
	return first.next
}

// bootOf is what a host boots; nil where that is what the subnet's machines do.
func (e *evaluation) bootOf(h *host, subnet dhcp.Boot) *dhcp.Boot {
	s := h.scope
	for s != nil && !e.subnet.scope.within(s) && !s.saysBoot() {
		s = s.outer
	}
	if s == nil || e.subnet.scope.within(s) {
		return nil
	}
	b, done := e.boots[s]
	if !done {
		made := e.boot(s)
		if !sameBoot(made, subnet) {
			b = &made
		}
		e.boots[s] = b
	}
	return b
}

// saysBoot reports whether the scope itself says what to boot, perhaps.
func (s *scope) saysBoot() bool {
	for _, st := range s.steps {
		if st.choice != nil || st.boots() {
			return true
		}
	}
	return false
}

// archs is the registry, in its order, the BIOS first.
func archs() []boot.Arch {
	var list []boot.Arch
	for _, name := range boot.ArchNames() {
		if a, err := boot.ParseArch(name); err == nil {
			list = append(list, a)
		}
	}
	return list
}

// isUEFI reports whether a name is one of a UEFI program.
func isUEFI(file string) bool {
	name := strings.ToLower(file)
	return strings.HasSuffix(name, ".efi") || strings.HasSuffix(name, ".efi.signed")
}

func isURL(file string) bool {
	return strings.HasPrefix(file, "http://") || strings.HasPrefix(file, "https://")
}
