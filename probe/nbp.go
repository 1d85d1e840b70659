package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/fault"
	"pxe/fetch"
)

// program is a boot program that runs.
type program struct {
	content
	server netip.Addr // where it came from
	name   string     // as it was asked for
}

// nbp fetches the boot program that a packet names, and looks whether the
// firmware would run it.
func (r *runner) nbp(ctx context.Context, src *dhcp.Reply) (program, error) {
	r.enter(StageNBP)
	name := r.bootFile(src)
	if name == "" && src == r.ack && r.offer.hasFile() {
		return program{}, stop(fault.BootFileNotInACK, "%v names the boot file in its OFFER, and not in the ACK", r.offer.Server)
	}
	if name == "" {
		return program{}, stop(fault.NoBootFile, "%v names no boot file, in the header or in option 67", src.Addr(dhcp.OptionServerID))
	}
	server := r.fileServerOf(src)
	if !isSet(server) {
		return program{}, stop(fault.NextServerMissing, "the boot file is %q and the packet has no next-server address (siaddr)", name)
	}
	r.fileServer = server
	r.warnAboutName(name)
	size, err := r.sizeOf(ctx, src, server, name)
	if err != nil {
		return program{}, err
	}
	req := request{url: tftpURL(server, name), options: r.p.files.Read, keep: keepProgram}
	if r.tooBig(size) { // the beginning tells what it is instead
		req.limit = keepHead
	}
	c, err := r.get(ctx, req)
	if err != nil {
		return program{}, r.nbpHalt(err, server, name)
	}
	if m, why := c.Image.NBPMismatch(r.p.Arch); m != boot.Fits {
		return program{}, stop(nbpFault(m), "%s: %s", name, why)
	}
	if whole := max(size, c.Bytes); r.tooBig(whole) {
		return program{}, stop(fault.NBPTooBig, "%s has %d bytes, and a BIOS has room for %d", name, whole, r.p.maxNBP)
	}
	if src.Options.Has(dhcp.OptionBootFileSize) && r.p.size13 && c.Bytes > size {
		return program{}, stop(fault.SizeMismatch, "option 13 says %d bytes and %s has %d", size, name, c.Bytes)
	}
	if err := whole(c); err != nil {
		return program{}, err
	}
	if r.p.uefi() && !c.Image.Signed {
		r.warn(fault.NBPNotSigned, "%s is not signed: firmware with Secure Boot on refuses it", name)
	}
	return program{c, server, name}, nil
}

// bootFile is the file name that the firmware reads: ROMs look into the header
// first, EDK2 into option 67 first.
func (r *runner) bootFile(src *dhcp.Reply) string {
	first, second := src.Text(dhcp.OptionBootFileName), src.File
	if r.p.headerFirst {
		first, second = second, first
	}
	if first != "" {
		return first
	}
	return second
}

// fileServerOf is the TFTP server that the firmware asks: the first of the boot
// server list when the menu is skipped, else siaddr, else for some option 54.
func (r *runner) fileServerOf(src *dhcp.Reply) netip.Addr {
	tags := discoveryTags(src)
	if control, _ := tags.Control(); control&dhcp.ControlBootFile != 0 {
		if list, _ := tags.Servers(); len(list) > 0 && len(list[0].Addrs) > 0 {
			return list[0].Addrs[0]
		}
	}
	if isSet(src.SIAddr) || !r.p.serverFromID {
		return src.SIAddr
	}
	return src.Addr(dhcp.OptionServerID)
}

// warnAboutName names what is odd in a boot file name.
func (r *runner) warnAboutName(name string) {
	switch {
	case strings.Contains(name, "://"):
		r.warn(fault.BootFileIsURL, "boot file %q is a URL: PXE firmware asks the TFTP server for a file of that name", name)
	case strings.HasSuffix(name, "\xff"):
		r.warn(fault.NameTrailingFF, "boot file %q ends in byte 255: the server ends option 67 without a NUL", name)
	case strings.Contains(name, "\\"):
		r.warn("", "boot file %q has backslashes: not every TFTP server takes them for slashes", name)
	}
}

// sizeOf asks for the size of the boot program as the firmware does, -1 when
// it is not told. EDK2 believes option 13 (RFC 2132 section 3.15) instead.
func (r *runner) sizeOf(ctx context.Context, src *dhcp.Reply, server netip.Addr, name string) (int64, error) {
	if blocks, ok := src.Options.Uint16(dhcp.OptionBootFileSize); ok && r.p.size13 {
		r.info("option 13 says %d bytes, so the size is not asked for", 512*int64(blocks))
		return 512 * int64(blocks), nil
	}
	start := r.now()
	url := tftpURL(server, name)
	watched, done := r.reach(ctx, url)
	size, err := r.files.Size(watched, fetch.Request{URL: url, TFTPOptions: r.p.files.Size, Timeout: r.patience(r.p.files.Silence())})
	err = because(watched, err)
	done()
	if err == nil {
		r.step(start, Step{Asked: "size of " + url, Answer: fmt.Sprintf("%d bytes", size), Outcome: OutcomeOK})
		return size, nil
	}
	if errors.Is(err, fetch.ErrNoSize) && !r.p.uefi() { // a ROM reads on without
		r.step(start, Step{Asked: "size of " + url, Answer: plain(err), Outcome: OutcomeAbsent})
		return -1, nil
	}
	noSize := errors.Is(err, fetch.ErrNoSize)
	err = r.failedStep(ctx, start, request{url: "size of " + url}, 0, err)
	if noSize && r.ignoresOptions(ctx, url) {
		return 0, stop(fault.TFTPNoOptions, "%v sends %q at once, without an OACK", server, name)
	}
	return 0, r.nbpHalt(err, server, name)
}

// ignoresOptions reports whether a TFTP server that does not tell a size knows
// no options at all, which EDK2 takes worse. It is asked once more, for a byte.
func (r *runner) ignoresOptions(ctx context.Context, url string) bool {
	req := r.fetchRequest(request{url: url, options: r.p.files.Size, limit: 1})
	res, err := r.files.Get(ctx, req, io.Discard)
	return err == nil && res.TFTP != nil && len(res.TFTP.Options) == 0
}

// tooBig holds a size in bytes against the room that the firmware has.
func (r *runner) tooBig(size int64) bool { return r.p.maxNBP > 0 && size > r.p.maxNBP }

// nbpHalt is the halt for a boot program that could not be fetched.
func (r *runner) nbpHalt(err error, server netip.Addr, name string) error {
	f, ok := asFileError(err)
	if !ok {
		return err
	}
	asked := fileError{url: tftpURL(server, name), received: f.received, err: f.err}
	return stopAt(transferFault(err), name, "%s", asked.sentence())
}

// nbpFault is the fault of a program that the firmware does not run.
func nbpFault(m boot.Mismatch) string {
	switch m {
	case boot.EFIForBIOS:
		return fault.EFINBPForBIOS
	case boot.BIOSForUEFI:
		return fault.BIOSNBPForUEFI
	case boot.WrongProcessor:
		return fault.NBPWrongArch
	case boot.TooBig:
		return fault.NBPTooBig
	}
	return fault.NBPNotAProgram
}
