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
	"pxe/tftp"
)

// loader is the loader whose configuration has been read.
type loader struct {
	name    string                            // "PXELINUX 6.04"
	url     func(name string) (string, error) // of a file that the configuration names
	options []tftp.Option
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
	p := payload{loader: l.name, entry: entry, args: c.Append, options: l.options}
	for _, name := range append([]string{c.Kernel}, c.Initrds...) {
		url, err := l.url(name)
		if err == nil && !hostOf(url).IsValid() {
			err = fmt.Errorf("%q is on a host with a name, and the probe has no resolver", name)
		}
		if err != nil {
			r.skip(StatusNotFollowed, "not followed: "+err.Error(), StageKernel, StageInitrd)
			r.goal = fmt.Sprintf("%s takes %s; its files were not looked at: %v", l.name, entry, err)
			return nil
		}
		p.urls = append(p.urls, url)
	}
	if c.Type == bootcfg.TypeLinux {
		return r.boots(ctx, p)
	}
	r.enter(StageKernel)
	if _, err := r.get(ctx, request{url: p.urls[0], options: l.options, limit: r.head(), keep: keepHead}); err != nil {
		return r.halted(err, fault.KernelMissing)
	}
	r.skip(StatusNotFollowed, "not followed: what "+c.Kernel+" does is its own", StageInitrd)
	r.goal = fmt.Sprintf("%s takes %s and starts %s; what that does next is its own", l.name, entry, c.Kernel)
	return nil
}

// payload is a kernel that a loader starts, and its initrds.
type payload struct {
	loader, entry string
	urls          []string // the kernel's, then those of the initrds
	args          string   // the kernel's command line
	options       []tftp.Option
}

// boots fetches kernel and initrds as the loader would, and looks whether they
// are what they are taken for.
func (r *runner) boots(ctx context.Context, p payload) error {
	r.enter(StageKernel)
	kernel, err := r.get(ctx, request{url: p.urls[0], options: p.options, limit: r.head(), keep: keepHead})
	if err != nil {
		return r.halted(err, fault.KernelMissing)
	}
	if m, why := kernel.Image.KernelMismatch(r.p.Arch); m == boot.WrongProcessor {
		return stop(fault.KernelWrongArch, "%s: %s", shortName(p.urls[0]), why)
	} else if m != boot.Fits {
		return stop(fault.KernelWrongType, "%s: %s", shortName(p.urls[0]), why)
	}
	if err := whole(kernel); err != nil {
		return err
	}
	r.warnAboutSize(kernel.File)
	if n := len(p.args); n > maxArgs {
		r.warn(fault.CommandLineTooLong, "the command line has %d bytes, and most kernels take %d", n, maxArgs)
	}
	what := fmt.Sprintf("kernel %s (%v)", shortName(p.urls[0]), kernel.Image)
	if len(p.urls[1:]) == 0 {
		r.skip(StatusNotNeeded, "not needed: the entry has no initrd", StageInitrd)
		what += " without initrd"
	} else if err := r.initrds(ctx, p, kernel.Image.Kind); err != nil {
		return err
	} else {
		what += " with " + baseNames(p.urls[1:])
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

func (r *runner) initrds(ctx context.Context, p payload, kernel boot.ImageKind) error {
	r.enter(StageInitrd)
	for _, u := range p.urls[1:] {
		c, err := r.get(ctx, request{url: u, options: p.options, limit: r.head(), keep: keepHead})
		if err != nil {
			return r.halted(err, fault.InitrdMissing)
		}
		if ok, why := c.Image.InitrdFor(kernel); !ok {
			return stop(fault.InitrdWrongType, "%s: %s", shortName(u), why)
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

// shortName is the last part of a file's URL, as a person calls the file.
func shortName(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return path.Base(u.Path)
	}
	return raw
}

func baseNames(urls []string) string {
	names := make([]string, len(urls))
	for i, u := range urls {
		names[i] = shortName(u)
	}
	return strings.Join(names, " and ")
}
