package bootcfg

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// GRUB writes the menu as a grub.cfg. UI, the title and help have no place in
// it. Relative names count from the root of the TFTP server, for GRUB knows no
// prefix of its boot file; a kernel that ends in .efi is chained to. What
// Validate refuses is refused, and what GRUB cannot do, such as SYSLINUX modules.
func GRUB(m Menu) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	v := &validator{}
	var b bytes.Buffer
	if s := m.Serial; s != nil {
		fmt.Fprintf(&b, "serial --unit=%d --speed=%d\n", s.Port, s.Baud)
		b.WriteString("terminal_input serial console\nterminal_output serial console\n")
	}
	fmt.Fprintf(&b, "set timeout=%d\n", m.grubTimeout())
	// By number: a name could be taken for a number, or be another's title.
	i := slices.IndexFunc(m.Entries, func(e Entry) bool { return e.Name == m.Default })
	fmt.Fprintf(&b, "set default=%d\n", i)
	for i, e := range m.Entries {
		e.writeGRUB(&b, v, fmt.Sprintf("entries[%d]", i))
	}
	if err := errors.Join(v.errs...); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// grubTimeout is in whole seconds. A PXELINUX menu without anything to wait in
// boots at once, which is 0 here; waiting for ever is -1.
func (m Menu) grubTimeout() int {
	switch {
	case m.Timeout > 0:
		return int((m.Timeout + time.Second - 1) / time.Second)
	case m.Prompt || m.UI != "":
		return -1
	}
	return 0
}

func (e Entry) writeGRUB(b *bytes.Buffer, v *validator, field string) {
	fmt.Fprintf(b, "\nmenuentry %s --id %s {\n", quoteGRUB(e.grubTitle()), quoteGRUB(e.Name))
	switch {
	case e.Local != nil:
		b.WriteString("\texit\n")
	case strings.HasSuffix(e.Kernel, ".efi"):
		fmt.Fprintf(b, "\tchainloader %s%s\n", v.grubFile(field+".kernel", e.Kernel), v.grubArgs(field, e.Append))
	case typeByName(e.Kernel) != TypeLinux:
		v.failf(field+".kernel", "%q is for PXELINUX, GRUB cannot start it", e.Kernel)
	default:
		fmt.Fprintf(b, "\tlinux %s%s\n", v.grubFile(field+".kernel", e.Kernel), v.grubArgs(field, e.Append))
	}
	if len(e.Initrds) > 0 {
		b.WriteString("\tinitrd")
		for i, name := range e.Initrds {
			fmt.Fprintf(b, " %s", v.grubFile(fmt.Sprintf("%s.initrds[%d]", field, i), name))
		}
		b.WriteString("\n")
	}
	b.WriteString("}\n")
}

// grubTitle is what the menu shows; the caret of PXELINUX's hot keys goes.
func (e Entry) grubTitle() string {
	if title := strings.TrimSpace(strings.ReplaceAll(e.Title, "^", "")); title != "" {
		return title
	}
	return e.Name
}

// grubFile turns a name in PXELINUX's notation into a path of GRUB's.
func (v *validator) grubFile(field, name string) string {
	path, err := grubPath(name)
	if err != nil {
		v.failf(field, "%v", err)
	}
	return quoteGRUB(path)
}

func grubPath(name string) (string, error) {
	if strings.HasPrefix(name, "(") {
		return name, nil // GRUB's own notation
	}
	resolved := ResolvePXELINUX("", name)
	scheme, rest, isURL := strings.Cut(resolved, "://")
	if !isURL {
		return "/" + strings.TrimLeft(resolved, "/"), nil
	}
	host, path, _ := strings.Cut(rest, "/")
	switch scheme {
	case "tftp", "http", "https":
		return "(" + scheme + "," + host + ")/" + path, nil
	}
	return "", fmt.Errorf("%q: GRUB knows no %s", name, scheme)
}

// grubArgs writes the kernel's arguments, each quoted on its own.
func (v *validator) grubArgs(field, args string) string {
	if strings.ContainsAny(args, `'"\`) {
		v.failf(field+".append", "%q has a quote or backslash, to which GRUB adds a backslash", args)
	}
	if strings.Contains(args, "initrd=") {
		v.failf(field+".append", "says initrd=, which is PXELINUX's way: use initrds")
	}
	var b strings.Builder
	for arg := range strings.FieldsSeq(args) {
		b.WriteString(" " + quoteGRUB(arg))
	}
	return b.String()
}

// quoteGRUB makes a word of a text, whatever is in it.
func quoteGRUB(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@%()"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
