package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"pxe/boot"
	"pxe/fault"
	"pxe/fetch"
)

// loaderName is the program with its version: "PXELINUX 6.04".
func (p program) loaderName() string {
	return strings.TrimSpace(p.Image.Kind.Title() + " " + p.Image.Version)
}

// load goes on from a boot program that runs, as far as its kind can be
// followed.
func (r *runner) load(ctx context.Context, p program) error {
	switch p.Image.Kind {
	case boot.ImagePXELINUX, boot.ImageSyslinuxEFI:
		return r.pxelinux(ctx, p)
	case boot.ImageShim:
		return r.shim(ctx, p)
	case boot.ImageGRUBEFI, boot.ImageGRUBPXE:
		r.skip(StatusNotNeeded, "not needed: GRUB is one file", StageLoader)
		return r.grub(ctx, p)
	case boot.ImageUKI:
		r.skip(StatusNotNeeded, "not needed: a unified kernel image has all of it inside",
			StageLoader, StageConfig, StageKernel, StageInitrd)
		r.goal = fmt.Sprintf("%s (%v) starts with the kernel, initrd and command line inside it", p.name, p.Image)
		return nil
	case boot.ImageLinuxX86, boot.ImageLinuxImage, boot.ImageLinuxZBoot:
		r.skip(StatusNotNeeded, "not needed: the firmware starts the kernel itself", StageLoader, StageConfig, StageKernel)
		r.skip(StatusNotFollowed, "a kernel started by the firmware gets no initrd and no command line", StageInitrd)
		r.goal = fmt.Sprintf("%s (%v) starts by its EFI stub, without initrd and command line", p.name, p.Image)
		return nil
	}
	name, what := fmt.Sprintf("%s (%v)", p.name, p.Image), "what it does next is its own"
	if p.Image.Kind == boot.ImageUnknown {
		name = fmt.Sprintf("%s, a program of no known make,", p.name)
	}
	if p.Image.Kind == boot.ImageIPXENBP || p.Image.Kind == boot.ImageIPXEEFI {
		what = "what it does next, a second DHCP exchange and a script, is not followed"
	}
	r.skip(StatusNotFollowed, what, StageLoader, StageConfig, StageKernel, StageInitrd)
	r.goal = fmt.Sprintf("%s starts; %s", name, what)
	return nil
}

// shim fetches what shim asks for: its optional neighbours, and the second
// stage, from the folder of its own name as the header of the ACK has it (shim
// netboot.c; option 67 and 66 are not read).
func (r *runner) shim(ctx context.Context, p program) error {
	r.enter(StageLoader)
	r.screen = fault.OnLoader
	server, dir := r.shimSource()
	if !isSet(server) {
		return stopAt(fault.ShimSecondStageMissing, p.Image.SecondStage(), "shim reads its server from next-server (siaddr), which the ACK does not have")
	}
	options := fetch.Shim().Read
	for _, name := range []string{"revocations_sku.efi", "revocations_sbat.efi", "shim_certificate_0.efi"} {
		_, err := r.get(ctx, request{url: tftpURL(server, dir+name), options: options, keep: keepHead, optional: true})
		if err != nil && !missing(err) {
			return r.halted(err, "")
		}
	}
	name := dir + p.Image.SecondStage()
	c, err := r.get(ctx, request{url: tftpURL(server, name), name: name, options: options, keep: keepProgram})
	if err != nil {
		return r.halted(err, fault.ShimSecondStageMissing)
	}
	if m, why := c.Image.NBPMismatch(r.p.Arch); m != boot.Fits {
		return stopAt(nbpFault(m), name, "%s: %s", name, why)
	}
	if err := whole(c); err != nil {
		return err
	}
	if !c.Image.Signed {
		r.warn(fault.ShimSecondStageRefused, "%s is not signed: shim refuses it with Secure Boot on", name)
	}
	if c.Image.Kind == boot.ImageShim {
		return stopAt(fault.ShimSecondStageMissing, name, "%s is shim again, which would start itself for ever", name)
	}
	return r.load(ctx, program{c, server, name})
}

// shimSource is where shim looks: the server and the folder of the file in the
// header of the first cached packet that has one. A name in option 67 alone
// leaves the root.
func (r *runner) shimSource() (server netip.Addr, dir string) {
	src := r.ack
	if src.File == "" && r.pxe != nil {
		src = r.pxe
	}
	return src.SIAddr, folder(src.File)
}

// folder is the part of a file name up to its last slash or backslash.
func folder(name string) string {
	return name[:strings.LastIndexAny(name, `/\`)+1]
}

// halted is the halt for a file that a loader did not get: id when the server
// does not have it, else what went wrong. A server that refuses the file is
// another fault with the same text on the screen.
func (r *runner) halted(err error, id string) error {
	f, ok := asFileError(err)
	if !ok {
		return err
	}
	why := f.sentence()
	switch {
	case id == "" || !missing(err):
		return stopAt(transferFault(err), f.name, "%s", why)
	case forbidden(err):
		return lookingLike(stopAt(transferFault(err), f.name, "%s", why), id)
	}
	return stopAt(id, f.name, "%s", why)
}

// lookingLike is a halt with the text of another fault on the screen.
func lookingLike(err error, id string) error {
	var h *halt
	if errors.As(err, &h) {
		h.shown, _ = fault.ByID(id)
	}
	return err
}
