package bootcfg

import "strings"

// passOver leaves out code that may or may not run. The variables that it sets
// are unknown from here on; when it could change what boots, that is reported.
func (e *grubRun) passOver(s grubStmt, what string, lists ...[]grubStmt) {
	matters := false
	if s.kind == grubLoop {
		for _, v := range assigned(s) {
			e.vars.forget(v)
		}
	}
	for _, list := range lists {
		matters = e.skip(list) || matters
	}
	if matters {
		e.stopAt(s.line, "%s decides what boots", what)
	}
}

// skip makes what code sets unknown, and reports whether the code could change
// what boots.
func (e *grubRun) skip(list []grubStmt) bool {
	matters := false
	for _, s := range list {
		if !e.step(s.line) {
			return true
		}
		e.unseen = e.unseen || s.kind == grubFunction
		name, known := "", true
		if len(s.words) > 0 {
			name, known = s.words[0].literal()
		}
		if body, ok := e.functions[name]; ok && e.depth < grubDepth {
			e.depth++
			matters = e.skip(body) || matters
			e.depth--
		}
		for _, v := range assigned(s) {
			e.vars.forget(v)
			matters = matters || v == "default" && !e.inEntry
		}
		matters = matters || s.kind == grubCommand && (changesBoot(name) || !known)
		matters = e.skip(s.body) || matters
		for _, b := range s.branches {
			matters = e.skip(b.cond) || matters
			matters = e.skip(b.body) || matters
		}
	}
	return matters
}

// changesBoot reports whether a command makes a difference to what boots.
func changesBoot(name string) bool {
	switch name {
	case "menuentry", "submenu", "linux", "linuxefi", "linux16", "initrd", "initrdefi", "initrd16",
		"chainloader", "configfile", "source", ".", "normal", "boot", "exit", "halt", "reboot", "fwsetup",
		"multiboot", "multiboot2", "module", "module2", "eval":
		return true
	}
	return false
}

// assigned lists the variables to which a statement gives values.
func assigned(s grubStmt) []string {
	if len(s.words) == 0 {
		return nil
	}
	command, _ := s.words[0].literal()
	if s.kind == grubLoop {
		return []string{command} // of "for"; harmless for the others
	}
	var names []string
	for i, w := range s.words {
		text, _ := w.literal()
		switch {
		case command == "load_env":
			return []string{"saved_entry", "next_entry", "prev_saved_entry", "boot_once"}
		case (command == "unset" || command == "read") && i > 0:
			names = append(names, text)
		case strings.HasPrefix(text, "--set="): // search, probe, regexp ...
			names = append(names, afterColon(strings.TrimPrefix(text, "--set=")))
		case text == "--set" || text == "-s":
			if i+1 < len(s.words) {
				name, _ := s.words[i+1].literal()
				names = append(names, afterColon(name))
			}
			if command == "search" { // where --set alone means root
				names = append(names, "root")
			}
		case command == "set" && i == 1, i == 0:
			if name, _, ok := strings.Cut(text, "="); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// afterColon is the variable in regexp's "--set 1:name".
func afterColon(s string) string {
	if _, name, ok := strings.Cut(s, ":"); ok {
		return name
	}
	return s
}
