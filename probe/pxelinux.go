package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"pxe/bootcfg"
	"pxe/dhcp"
	"pxe/fault"
	"pxe/fetch"
)

// pxelinux is a PXELINUX that runs: where it reads, and what it has read.
type pxelinux struct {
	*runner
	program program
	server  netip.Addr
	prefix  string // before every relative name
	config  string // option 209
	dirs    []string
}

// pxelinux follows PXELINUX and syslinux.efi: core module, configuration, menu
// modules, and what boots when nobody touches a key.
func (r *runner) pxelinux(ctx context.Context, p program) error {
	x := r.newPXELINUX(p)
	r.screen = fault.OnLoader
	r.enter(StageLoader)
	if err := x.core(ctx); err != nil {
		return err
	}
	r.enter(StageConfig)
	c, err := x.findConfig(ctx)
	if err != nil {
		return err
	}
	return x.follow(ctx, c)
}

// newPXELINUX reads what PXELINUX reads from the cached packets (core/fs/pxe):
// the ACK, overridden by the answer of a proxy or boot server. There the header
// file wins over option 67, and siaddr over option 54; 209 and 210 may stand
// inside option 43 as well.
func (r *runner) newPXELINUX(p program) *pxelinux {
	x := &pxelinux{runner: r, program: p, server: r.ack.Addr(dhcp.OptionServerID)}
	var bootFile string
	packets := []*dhcp.Reply{r.ack}
	if r.pxe != nil {
		packets = append(packets, r.pxe)
	}
	for _, reply := range packets {
		if isSet(reply.SIAddr) {
			x.server = reply.SIAddr
		}
		if name := fileOf(reply); name != "" {
			bootFile = name
		}
		inside := dhcp.Options(reply.PXE())
		for _, opts := range []dhcp.Options{reply.Options, inside} {
			if v := opts.Get(dhcp.OptionPXELINUXConfigFile); len(v) > 0 {
				x.config = strings.TrimRight(string(v), "\x00")
			}
			if v := opts.Get(dhcp.OptionPXELINUXPathPrefix); len(v) > 0 {
				x.prefix = strings.TrimRight(string(v), "\x00")
			}
		}
	}
	if x.prefix == "" {
		x.prefix = bootcfg.PXELINUXPrefix(bootFile)
	}
	return x
}

// url is the file that a name in a configuration means.
func (x *pxelinux) url(name string) string {
	path := bootcfg.ResolvePXELINUX(x.prefix, name)
	if strings.Contains(path, "://") {
		return path
	}
	return tftpURL(x.server, path)
}

// request asks for a file as PXELINUX does.
func (x *pxelinux) request(name string, keep int) request {
	return request{
		url: x.url(name), name: name, keep: keep, optional: true,
		options: fetch.PXELINUX().Read,
	}
}

// core is ldlinux.c32: in the folder of the prefix, else where a SYSLINUX on a
// disk would keep it (core/elflink).
func (x *pxelinux) core(ctx context.Context) error {
	name := x.program.Image.SecondStage()
	dirs := []string{"/boot/isolinux", "/isolinux", "/boot/syslinux", "/syslinux", "/"}
	if err := x.module(ctx, name, dirs); err != nil {
		return x.moduleHalt(err, name, fault.LdlinuxMissing)
	}
	return nil
}

// module looks for a module by its name, then in each folder, and checks that
// this SYSLINUX can load it.
func (x *pxelinux) module(ctx context.Context, name string, dirs []string) error {
	c, err := x.get(ctx, x.request(name, keepHead))
	first := err
	for _, dir := range dirs {
		if err == nil || !missing(err) {
			break
		}
		c, err = x.get(ctx, x.request(strings.TrimSuffix(dir, "/")+"/"+name, keepHead))
	}
	if missing(err) { // a file that may not be read, or is empty, says more than none
		return first
	}
	if err != nil {
		return err
	}
	if ok, why := c.Image.ModuleFor(x.p.Arch); !ok {
		return stopAt(fault.ModuleMismatch, name, "%s: %s", name, why)
	}
	return whole(c)
}

// moduleHalt is the halt for a module: id when it is nowhere.
func (x *pxelinux) moduleHalt(err error, name, id string) error {
	if f, ok := asFileError(err); ok && (forbidden(err) || errors.Is(err, errEmpty)) {
		return x.halted(f, id)
	} else if ok && missing(err) {
		return stopAt(id, name, "%s is neither beside the boot program, at %s, nor where else it is looked for", name, x.url(name))
	} else if ok {
		return x.halted(f, "")
	}
	return err
}

// menuModules looks for the module that shows the menu and for the libraries
// that it loads.
func (x *pxelinux) menuModules(ctx context.Context, ui string) error {
	names := append([]string{ui}, libraries(ui)...)
	for _, name := range names {
		if err := x.module(ctx, name, x.dirs); err != nil {
			return x.moduleHalt(err, name, fault.ModuleMissing)
		}
	}
	return nil
}

// libraries are the modules that a module of SYSLINUX 5 and later needs beside
// itself.
func libraries(module string) []string {
	switch name := strings.ToLower(module[strings.LastIndex(module, "/")+1:]); name {
	case "menu.c32", "vesamenu.c32", "cmenu.c32", "chain.c32":
		return []string{"libcom32.c32", "libutil.c32"}
	case "hdt.c32":
		return []string{"libcom32.c32", "libutil.c32", "libgpl.c32", "libmenu.c32"}
	case "linux.c32", "mboot.c32":
		return []string{"libcom32.c32"}
	}
	return nil
}

// findConfig asks for the names under which PXELINUX looks, in its order, until
// one is there and not empty.
func (x *pxelinux) findConfig(ctx context.Context) (bootcfg.Config, error) {
	names := bootcfg.PXELINUXLookup(x.id.uuid[:], dhcp.HTypeEthernet, x.id.mac, x.rep.Lease.Address.Addr())
	if x.config != "" {
		names = append([]string{x.config}, names...)
	}
	s := search{runner: x.runner, program: "PXELINUX", fault: fault.ConfigNotFound, right: bootcfg.PXELINUXNameMAC(dhcp.HTypeEthernet, x.id.mac)}
	s.request = func(name string) request { return x.request(name, keepText) }
	for _, name := range names {
		c, err := s.ask(ctx, name)
		if err != nil && !missing(err) {
			return bootcfg.Config{}, x.halted(err, "")
		}
		if err == nil {
			s.warn(ctx)
			return x.parse(ctx, name, c.data)
		}
	}
	return bootcfg.Config{}, s.halt(ctx, fmt.Sprintf("%v has none of the %d names that PXELINUX asks for, from %s to %s",
		x.server, len(names), bootcfg.ResolvePXELINUX(x.prefix, names[0]), bootcfg.ResolvePXELINUX(x.prefix, names[len(names)-1])))
}

// parse reads a configuration with its includes, and says what is odd in it.
func (x *pxelinux) parse(ctx context.Context, name string, text []byte) (bootcfg.Config, error) {
	include := func(name string) ([]byte, error) {
		c, err := x.get(ctx, x.request(name, keepText))
		return included(c, err)
	}
	c, err := bootcfg.ParsePXELINUX(name, text, include)
	if err != nil {
		return c, stop(fault.ConfigNoDefault, "%v", err)
	}
	for _, w := range c.Warnings {
		x.warn(w.Fault, "%v", &w)
	}
	x.dirs = c.Path
	return c, ctx.Err()
}

// configHops bounds how many configurations may call one another.
const configHops = 8

// follow takes what boots by itself, through configurations that name others.
func (x *pxelinux) follow(ctx context.Context, c bootcfg.Config) error {
	for range configHops {
		choice, err := c.DefaultEntry()
		if err != nil {
			return configHalt(err)
		}
		if choice.UI != "" {
			if err := x.menuModules(ctx, choice.UI); err != nil {
				return err
			}
		}
		if choice.Waits {
			x.warn(fault.ConfigWaits, "the menu waits for a key before it boots anything")
		}
		if choice.Type != bootcfg.TypeConfig {
			return x.startChoice(ctx, choice)
		}
		next, err := x.get(ctx, x.request(choice.Kernel, keepText))
		if err != nil {
			return x.halted(err, fault.ConfigNotFound)
		}
		if choice.Append != "" && choice.UI == "" { // CONFIG file, APPEND folder
			x.prefix = bootcfg.ResolvePXELINUX(x.prefix, choice.Append)
		}
		if c, err = x.parse(ctx, choice.Kernel, next.data); err != nil {
			return err
		}
	}
	return stop(fault.ConfigNoDefault, "more than %d configurations name one another", configHops)
}

// startChoice is what the default entry does.
func (x *pxelinux) startChoice(ctx context.Context, c bootcfg.Choice) error {
	if c.Type == bootcfg.TypeModule {
		if err := x.menuModules(ctx, c.Kernel); err != nil {
			return err
		}
	}
	return x.start(ctx, loader{name: x.program.loaderName(), request: func(name string) (request, error) {
		return x.request(name, keepHead), nil
	}}, c)
}

// configHalt is the halt for a configuration from which nothing boots.
func configHalt(err error) error {
	var problem *bootcfg.Problem
	if errors.As(err, &problem) {
		return stopAt(problem.Fault, problem.Name, "%v", problem)
	}
	return stop(fault.ConfigNoDefault, "%v", err)
}
