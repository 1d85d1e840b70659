package bootcfg

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// PXELINUX writes the menu as a PXELINUX configuration. A menu that is not
// valid is refused; the error joins every fault.
func PXELINUX(m Menu) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if m.Serial != nil { // must come first (doc/syslinux.txt, SERIAL)
		fmt.Fprintf(&b, "SERIAL %d %d\n", m.Serial.Port, m.Serial.Baud)
	}
	if m.UI != "" {
		fmt.Fprintf(&b, "UI %s\n", m.UI)
	}
	prompt := 0
	if m.Prompt {
		prompt = 1
	}
	fmt.Fprintf(&b, "PROMPT %d\n", prompt)
	fmt.Fprintf(&b, "TIMEOUT %d\n", m.Timeout/(100*time.Millisecond))
	fmt.Fprintf(&b, "DEFAULT %s\n", m.Default)
	if m.Title != "" {
		fmt.Fprintf(&b, "MENU TITLE %s\n", m.Title)
	}
	for _, e := range m.Entries {
		b.WriteByte('\n')
		e.writePXELINUX(&b)
	}
	return b.Bytes(), nil
}

func (e Entry) writePXELINUX(b *bytes.Buffer) {
	fmt.Fprintf(b, "LABEL %s\n", e.Name)
	if e.Title != "" {
		fmt.Fprintf(b, "  MENU LABEL %s\n", e.Title)
	}
	switch {
	case e.Local != nil:
		fmt.Fprintf(b, "  LOCALBOOT %d\n", *e.Local)
	case typeByName(e.Kernel) == TypeLinux:
		fmt.Fprintf(b, "  LINUX %s\n", e.Kernel)
	default: // a module or another loader: the ending says which
		fmt.Fprintf(b, "  KERNEL %s\n", e.Kernel)
	}
	if len(e.Initrds) > 0 {
		fmt.Fprintf(b, "  INITRD %s\n", strings.Join(e.Initrds, ","))
	}
	if e.Append != "" {
		fmt.Fprintf(b, "  APPEND %s\n", e.Append)
	}
	if e.Help != "" {
		fmt.Fprintf(b, "  TEXT HELP\n%s\n  ENDTEXT\n", e.Help)
	}
}
