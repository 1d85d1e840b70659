package probe

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"pxe/boot"
	"pxe/bootcfg"
	"pxe/fault"
)

// loader is the loader whose configuration has been read.
type loader struct {
	name    string                             // "PXELINUX 6.04"
	request func(name string) (request, error) // for a file that the configuration names
}

// start does what boots by itself.
func (r *runner) start(ctx context.Context, l loader, c bootcfg.Choice) error {
	entry := fmt.Sprintf("entry %q", c.Label)
	if c.Label == "" {
		entry = "the default line"
	}
	if c.Type == bootcfg.TypeLocal {
		r.skip(StatusNotNeeded, "not needed: the default entry boots locally", StageKernel, StageInitrd)
		r.goal = fmt.Sprintf("%s takes %s, which leaves the network and boots the local disk", l.name, entry)
		return nil
	}
	p := payload{loader: l.name, entry: entry, args: c.Append, implied: c.Implied}
	for _, name := range append([]string{c.Kernel}, c.Initrds...) {
		req, err := l.request(name)
		if err == nil && !hostOf(req.url).IsValid() {
			err = fmt.Errorf("%q is on a host with a name, and the probe has no resolver", name)
		}
		if err != nil {
			r.skip(StatusNotFollowed, "not followed: "+err.Error(), StageKernel, StageInitrd)
			r.goal = fmt.Sprintf("%s takes %s; its files were not looked at: %v", l.name, entry, err)
			return nil
		}
		req.limit, req.keep, req.optional = r.head(), keepHead, false
		p.files = append(p.files, req)
	}
	if c.Type == bootcfg.TypeLinux {
		return r.boots(ctx, p)
	}
	r.enter(StageKernel)
	if _, err := r.get(ctx, p.files[0]); err != nil {
		return r.halted(err, fault.KernelMissing)
	}
	r.skip(StatusNotFollowed, "not followed: what "+c.Kernel+" does is its own", StageInitrd)
	r.goal = fmt.Sprintf("%s takes %s and starts %s; what that does next is its own", l.name, entry, c.Kernel)
	return nil
}

// payload is a kernel that a loader starts, and its initrds.
type payload struct {
	loader, entry string
	files         []request // the kernel, then the initrds
	args          string    // the kernel's command line
	implied       string    // why the kernel may be no file; see bootcfg.Choice
}

// boots fetches kernel and initrds as the loader would, and looks whether they
// are what they are taken for.
func (r *runner) boots(ctx context.Context, p payload) error {
	r.enter(StageKernel)
	file, initrds := p.files[0], p.files[1:]
	kernel, err := r.get(ctx, file)
	if f, ok := asFileError(err); ok && p.implied != "" && missing(err) && !forbidden(err) {
		return stopAt(fault.ConfigNameAsFile, file.name, "%s, and %s", p.implied, f.sentence())
	}
	if err != nil {
		return r.halted(err, fault.KernelMissing)
	}
	if m, why := kernel.Image.KernelMismatch(r.p.Arch); m == boot.WrongProcessor {
		return stopAt(fault.KernelWrongArch, file.name, "%s: %s", shortName(file.url), why)
	} else if m != boot.Fits {
		return stopAt(fault.KernelWrongType, file.name, "%s: %s", shortName(file.url), why)
	}
	if err := whole(kernel); err != nil {
		return err
	}
	r.warnAboutSize(kernel.File)
	if n := len(p.args); n > maxArgs {
		r.warn(fault.CommandLineTooLong, "the command line has %d bytes, and most kernels take %d", n, maxArgs)
	}
	what := fmt.Sprintf("kernel %s (%v)", shortName(file.url), kernel.Image)
	if len(initrds) == 0 {
		r.skip(StatusNotNeeded, "not needed: the entry has no initrd", StageInitrd)
		what += " without initrd"
	} else if err := r.initrds(ctx, initrds, kernel.Image.Kind); err != nil {
		return err
	} else {
		what += " with " + baseNames(initrds)
	}
	r.goal = fmt.Sprintf("%s takes %s and starts %s", p.loader, p.entry, what)
	return nil
}

// head is how much of a kernel or initrd is fetched: no less than it takes to
// tell what it is.
func (r *runner) head() int64 {
	if r.cfg.Head == 0 {
		return 0
	}
	return max(r.cfg.Head, keepHead)
}

// maxArgs is the room for a command line in an x86 kernel, in bytes (Linux,
// COMMAND_LINE_SIZE less its NUL).
const maxArgs = 2047

func (r *runner) initrds(ctx context.Context, files []request, kernel boot.ImageKind) error {
	r.enter(StageInitrd)
	for _, file := range files {
		c, err := r.get(ctx, file)
		if err != nil {
			return r.halted(err, fault.InitrdMissing)
		}
		if ok, why := c.Image.InitrdFor(kernel); !ok {
			return stopAt(fault.InitrdWrongType, file.name, "%s: %s", shortName(file.url), why)
		}
		if err := whole(c); err != nil {
			return err
		}
		r.warnAboutSize(c.File)
	}
	return nil
}

// warnAboutSize names files for which TFTP's 16-bit block numbers do not
// suffice: they wrap, and not every client and server goes on at the same one.
func (r *runner) warnAboutSize(f File) {
	const large = 90 << 20 // 65535 blocks of the 1408 to 1468 bytes that loaders ask for
	if f.Size > large && strings.HasPrefix(f.URL, "tftp:") {
		r.warn(fault.TFTPRollover, "%s has %d bytes: over TFTP its block numbers wrap; HTTP is faster and safe", shortName(f.URL), f.Size)
	}
}

// hostOf is the server of a URL, not valid when it is named and not numbered.
func hostOf(raw string) netip.Addr {
	u, err := url.Parse(raw)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// pathOf is the path in a URL, as GRUB names a file on a device.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return "/" + strings.TrimLeft(u.Path, "/")
}

// shortName is the last part of a file's URL, as a person calls the file.
func shortName(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return path.Base(u.Path)
	}
	return raw
}

func baseNames(files []request) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = shortName(f.url)
	}
	return strings.Join(names, " and ")
}
