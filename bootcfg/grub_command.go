package bootcfg

import "strings"

// command runs one command, or leaves it be.
func (e *grubRun) command(s grubStmt) {
	args, miss := e.vars.expandAll(s.words)
	if len(args) == 0 {
		return
	}
	name, args := args[0], args[1:]
	if body, ok := e.functions[name]; ok {
		e.call(s, body, args)
		return
	}
	switch name {
	case "set":
		if len(args) > 0 {
			e.assign(args[0], miss)
		}
	case "unset":
		for _, v := range args {
			e.vars.set(v, "")
		}
	case "source", ".":
		e.source(s)
	case "menuentry", "submenu":
		if s.hasBlock && !e.inEntry {
			e.menu = append(e.menu, grubPending{grubEntry(args, name == "submenu"), s.body})
		}
	case "linux", "linuxefi", "linux16":
		e.load(s, TypeLinux)
		e.boot.Append = kernelArgs(args[min(1, len(args)):])
	case "initrd", "initrdefi", "initrd16":
		e.boot.Initrds = nil
		for i := 1; i < len(s.words); i++ {
			if file, ok := e.file(s, i); ok {
				e.boot.Initrds = append(e.boot.Initrds, file)
			}
		}
	case "chainloader":
		e.load(s, TypeNBP)
		if strings.HasSuffix(e.boot.Kernel, "+1") { // the boot sector of a disk
			e.boot = Choice{Type: TypeLocal}
		}
	case "configfile", "normal":
		e.configFile(s, len(args))
	case "boot":
		if e.loaded {
			choice := e.boot
			e.result = &choice
		}
	case "exit", "halt", "reboot", "fwsetup":
		e.result = &Choice{Type: TypeLocal}
	case "multiboot", "multiboot2", "module", "module2", "eval":
		e.stopAt(s.line, "%s is not followed", name)
	default:
		if len(args) == 0 && strings.Contains(name, "=") {
			e.assign(name, miss)
			return
		}
		e.unknownCommand(s)
		for _, v := range assigned(s) {
			e.vars.forget(v)
		}
	}
}

// load takes the file of a command that loads one.
func (e *grubRun) load(s grubStmt, t Type) {
	if file, ok := e.file(s, 1); ok {
		e.boot = Choice{Type: t, Kernel: file}
		e.loaded = true
	}
}

// kernelArgs joins arguments to a command line as GRUB does (lib/cmdline.c):
// with quotes around what has a blank in it.
func kernelArgs(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`).Replace(arg)
		if strings.Contains(arg, " ") {
			quoted[i] = `"` + quoted[i] + `"`
		}
	}
	return strings.Join(quoted, " ")
}

// configFile hands over to another configuration; normal alone means the usual
// one.
func (e *grubRun) configFile(s grubStmt, args int) {
	if args == 0 {
		prefix, known := e.vars.get("prefix")
		if !known {
			e.stopAt(s.line, "the usual configuration is where $prefix says")
			return
		}
		e.result = &Choice{Type: TypeConfig, Kernel: prefix + "/grub.cfg"}
		return
	}
	if file, ok := e.file(s, 1); ok {
		e.result = &Choice{Type: TypeConfig, Kernel: file}
	}
}

func (e *grubRun) assign(text, miss string) {
	name, value, ok := strings.Cut(text, "=")
	switch {
	case !ok || name == "":
	case miss != "":
		e.vars.forget(name)
	default:
		e.vars.set(name, value)
	}
}

// grubEntry reads the arguments of menuentry and submenu (normal/menu_entry.c):
// options with and without a value, and the title.
func grubEntry(args []string, submenu bool) GRUBEntry {
	entry := GRUBEntry{Submenu: submenu}
	titled := false
	for i := 0; i < len(args); i++ {
		option, value, inline := strings.Cut(args[i], "=")
		switch option {
		case "--class", "--users", "--hotkey", "--source", "--id":
			if !inline {
				if i++; i < len(args) {
					value = args[i]
				}
			}
			if option == "--id" {
				entry.ID = value
			}
		case "--unrestricted":
		default:
			if !titled {
				entry.Title, titled = args[i], true
			}
		}
	}
	return entry
}
