package boot

import "testing"

func TestFormatUUID(t *testing.T) {
	full := []byte{0xcc, 0xbb, 0xaa, 0x77, 0x22, 0x11, 0x44, 0x43, 0x80, 0x01, 2, 3, 4, 5, 6, 0xff}
	tests := []struct {
		name string
		raw  []byte
		want string
	}{
		{"wire order is kept", full, "ccbbaa77-2211-4443-8001-0203040506ff"},
		{"not sent", nil, ""},
		{"type byte still there", append([]byte{0}, full...), ""},
		{"short", full[:15], ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FormatUUID(tt.raw); got != tt.want {
				t.Errorf("FormatUUID = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestKindString(t *testing.T) {
	seen := map[string]Kind{}
	for k := KindPlain; k <= KindUBoot; k++ {
		if old, ok := seen[k.String()]; ok {
			t.Errorf("kinds %d and %d are both %q", old, k, k)
		}
		seen[k.String()] = k
	}
	if got := Kind(200).String(); got != "plain" {
		t.Errorf("an unknown kind is %q, want plain", got)
	}
}
