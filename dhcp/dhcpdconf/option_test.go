package dhcpdconf

import (
	"encoding/hex"
	"testing"

	"pxe/dhcp"
)

// TestOptionTypes reads a value of each type, and compares its bytes.
func TestOptionTypes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"option x code 200 = unsigned integer 8; option x 255;", "ff"},
		{"option x code 200 = integer 8; option x -1;", "ff"},
		{"option x code 200 = signed integer 16; option x 0x10;", "0010"},
		{"option x code 200 = array of unsigned integer 32; option x 1, 2;", "0000000100000002"},
		{"option x code 200 = boolean; option x on;", "01"},
		{"option x code 200 = ip-address; option x 10.0.0.1;", "0a000001"},
		{"option x code 200 = ip6-address; option x 2001:db8::1;", "20010db8000000000000000000000001"},
		{"option x code 200 = text; option x \"a\\x01b\";", "610162"},
		{"option x code 200 = string; option x 1:2:ff;", "0102ff"},
		{"option x code 200 = string; option x \"1:2\";", "313a32"},
		{"option x code 200 = domain-name; option x a.example;", "016107" + hex.EncodeToString([]byte("example")) + "00"},
		{"option x code 200 = domain-list compressed; option x \"a.b\", \"c\";", "0161016200" + "016300"},
		{"option x code 200 = { ip-address, integer 8, text }; option x 10.0.0.1 5 \"t\";", "0a0000010574"},
		{"option x code 200 = array of { ip-address, integer 8 }; option x 10.0.0.1 5, 10.0.0.2 6;", "0a000001050a00000206"},
		{"option x code 200 = { integer 8, array of ip-address }; option x 5 10.0.0.1, 10.0.0.2;", "050a0000010a000002"},
		{"option unknown-200 01:02;", "0102"},
		{"option x code 200 = text; option dhcp.x \"t\";", "74"},
	}
	for _, tt := range tests {
		f, err := Read("a.conf", files{"a.conf": tt.text + in("")}.open)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		r, err := f.Config()
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := r.Config.Subnets[0].Options; len(got) != 1 || got[0].Code != 200 || hex.EncodeToString(got[0].Data) != tt.want {
			t.Errorf("%s: %v, want %s", tt.text, dhcp.Describe(got), tt.want)
		}
	}
}
