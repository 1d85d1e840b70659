package wire

import (
	"strings"
	"testing"
)

func TestOpenInterfaceErrors(t *testing.T) {
	for name, want := range map[string]string{
		"nosuch0": "wire: interface nosuch0: route ip+net: no such network interface",
		"lo":      "wire: interface lo: is not an Ethernet interface",
	} {
		if _, err := OpenInterface(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
