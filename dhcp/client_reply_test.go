package dhcp

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// replyBytes is an OFFER with the given options area and header fields, and
// nothing that the caller does not say.
func replyBytes(options, file, sname string) []byte {
	b := (&Message{
		Op:     2,
		HType:  1,
		XID:    0x01020304,
		Flags:  FlagBroadcast,
		YIAddr: netip.MustParseAddr("192.0.2.10"),
		SIAddr: netip.MustParseAddr("192.0.2.1"),
		CHAddr: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56},
	}).Append(nil)
	copy(b[offFile:offCookie], file)
	copy(b[offSName:offFile], sname)
	return append(b[:offOptions], options...)
}

func TestParseReply(t *testing.T) {
	long := strings.Repeat("x", 255)
	tests := map[string]struct {
		raw     []byte
		options Options
		file    string
		sname   string
		defects []string
	}{
		"plain": {
			raw:     replyBytes("\x35\x01\x02\x36\x04\xc0\x00\x02\x01\xff", "pxelinux.0\x00junk", "srv"),
			options: Options{{OptionMessageType, []byte{2}}, {OptionServerID, []byte{192, 0, 2, 1}}},
			file:    "pxelinux.0", sname: "srv",
		},
		"padding between and behind": {
			raw:     replyBytes("\x00\x35\x01\x02\x00\xff\x00\x00", "", ""),
			options: Options{{OptionMessageType, []byte{2}}},
		},
		"bytes behind the end are not options": {
			raw:     replyBytes("\x35\x01\x02\xff\x42\xff", "", ""),
			options: Options{{OptionMessageType, []byte{2}}},
		},
		"header and option 67 are kept apart": {
			raw:     replyBytes("\x43\x05a.efi\xff", "b.efi", ""),
			options: Options{{OptionBootFileName, []byte("a.efi")}},
			file:    "b.efi",
		},
		"repeated option is joined where it first stood": {
			raw:     replyBytes("\x43\xff"+long+"\x35\x01\x02\x43\x03yyy\xff", "", ""),
			options: Options{{OptionBootFileName, []byte(long + "yyy")}, {OptionMessageType, []byte{2}}},
		},
		"file and sname overloaded, file first": {
			raw:     replyBytes("\x34\x01\x03\xff", "\x43\x01f\xff", "\x43\x01s\x35\x01\x05\xff"),
			options: Options{{OptionOverload, []byte{3}}, {OptionBootFileName, []byte("fs")}, {OptionMessageType, []byte{5}}},
		},
		"only sname overloaded": {
			raw:     replyBytes("\x34\x01\x02\xff", "a.0", "\x43\x01s\xff"),
			options: Options{{OptionOverload, []byte{2}}, {OptionBootFileName, []byte("s")}},
			file:    "a.0",
		},
		"overloaded field without an end": {
			raw:     replyBytes("\x34\x01\x01\xff", "\x43\x7e"+long[:126], ""),
			options: Options{{OptionOverload, []byte{1}}, {OptionBootFileName, []byte(long[:126])}},
			defects: []string{"option 255 is missing: the file field has no end"},
		},
		"no end": {
			raw:     replyBytes("\x35\x01\x02", "", ""),
			options: Options{{OptionMessageType, []byte{2}}},
			defects: []string{"option 255 is missing: the options field has no end"},
		},
		"option runs past the end": {
			raw:     replyBytes("\x35\x01\x02\x43\x09abc", "", ""),
			options: Options{{OptionMessageType, []byte{2}}},
			defects: []string{"option 67 says 9 bytes, but the options field ends after 3"},
		},
		"option without a length": {
			raw:     replyBytes("\x35\x01\x02\x43", "", ""),
			options: Options{{OptionMessageType, []byte{2}}},
			defects: []string{"option 67 has no length byte: the options field ends behind its code"},
		},
		"known options of a wrong form, unknown ones of any": {
			raw: replyBytes("\x0d\x01\x09\x06\x05aaaaa\x13\x01\x02\x3d\x01\x01\x43\x00\x53\x00\x36\x08aaaabbbb\x79\x02ab\x19\x03abc\xff", "", ""),
			options: Options{{13, []byte{9}}, {6, []byte("aaaaa")}, {19, []byte{2}}, {61, []byte{1}}, {67, []byte{}},
				{83, []byte{}}, {54, []byte("aaaabbbb")}, {121, []byte("ab")}, {25, []byte("abc")}},
			defects: []string{
				"option 13 has 1 byte, want 2",
				"option 6 has 5 bytes, want a multiple of 4",
				"option 19 is 2, want 0 or 1",
				"option 61 has 1 byte, want at least 2",
				"option 67 has 0 bytes, want at least 1",
				"option 54 has 8 bytes, want 4",
				"option 121 has 2 bytes, want at least 5",
				"option 25 has 3 bytes, want a multiple of 2",
			},
		},
		"values out of range": {
			raw:     replyBytes("\x35\x01\x0a\x34\x01\x04\xff", "f", "s"),
			options: Options{{OptionMessageType, []byte{10}}, {OptionOverload, []byte{4}}},
			file:    "f", sname: "s",
			defects: []string{"option 53 is 10, want 1 to 9", "option 52 is 4, want 1, 2 or 3"},
		},
		"BOOTP without a cookie": {
			raw:  append(replyBytes("", "boot.0", "")[:offCookie], "\x63\x82\x53\x64\x35\x01\x02\xff"...),
			file: "boot.0",
		},
		"header alone": {raw: replyBytes("", "boot.0", "")[:offCookie], file: "boot.0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := ParseReply(tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			var defects []string
			for _, d := range r.Defects {
				defects = append(defects, d.String())
			}
			if diff := cmp.Diff(tt.options, r.Options); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.defects, defects); diff != "" {
				t.Errorf("defects (-want +got):\n%s", diff)
			}
			if r.File != tt.file || r.SName != tt.sname {
				t.Errorf("file %q, sname %q; want %q, %q", r.File, r.SName, tt.file, tt.sname)
			}
			if !bytes.Equal(r.Raw, tt.raw) {
				t.Error("Raw is not what was received")
			}
		})
	}
}

func TestParseReplyShort(t *testing.T) {
	if _, err := ParseReply(make([]byte, offCookie-1)); err == nil {
		t.Fatal("a message shorter than the header was read")
	}
}

func TestReplyAccessors(t *testing.T) {
	r, err := ParseReply(replyBytes("\x03\x08\x0a\x00\x00\x01\x0a\x00\x00\x02\x43\x04x.0\x00\x2b\x03\x06\x01\x08\xff", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Addr(OptionRouter), netip.MustParseAddr("10.0.0.1"); got != want {
		t.Errorf("router %v, want %v", got, want)
	}
	if got := r.Addr(OptionServerID); !got.IsUnspecified() {
		t.Errorf("absent address %v, want 0.0.0.0", got)
	}
	if got := r.Text(OptionBootFileName); got != "x.0" {
		t.Errorf("text %q, want x.0", got)
	}
	if bits, ok := r.PXE().Control(); !ok || bits != ControlBootFile {
		t.Errorf("43.6 = %d, %v; want 8", bits, ok)
	}
	if r.Type() != TypeBOOTP {
		t.Errorf("type %v, want BOOTP", r.Type())
	}
}

// FuzzParseReply: whatever is read can be written again and reads the same, and
// no option holds more bytes than the message.
func FuzzParseReply(f *testing.F) {
	f.Add([]byte("\x35\x01\x02\x36\x04\xc0\x00\x02\x01\xff"), "pxelinux.0", "")
	f.Add([]byte("\x34\x01\x03\xff"), "\x43\x01f\xff", "\x43\x01s\xff")
	f.Add([]byte("\x43\xff"+strings.Repeat("x", 255)+"\x43\x01y"), "", "")
	f.Add([]byte("\x2b\x03\x06\x01"), "", "")
	f.Fuzz(func(t *testing.T, options []byte, file, sname string) {
		r, err := ParseReply(replyBytes(string(options), file, sname))
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, o := range r.Options {
			total += len(o.Data)
		}
		if total > len(r.Raw) {
			t.Fatalf("%d bytes of options out of %d", total, len(r.Raw))
		}
		again, err := ParseReply(append(AppendOptions(replyBytes("", "", ""), without(r.Options, OptionOverload)), OptionEnd))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(values(without(r.Options, OptionOverload)), values(again.Options)); diff != "" {
			t.Fatalf("read again (-want +got):\n%s", diff)
		}
		for _, d := range again.Defects {
			if !contains(r.Defects, d) {
				t.Fatalf("new defect: %v", d)
			}
		}
	})
}

// values makes options comparable: code and bytes.
func values(opts Options) (list []string) {
	for _, o := range opts {
		list = append(list, string(append([]byte{o.Code}, o.Data...)))
	}
	return list
}

func without(opts Options, code uint8) (rest Options) {
	for _, o := range opts {
		if o.Code != code {
			rest = append(rest, o)
		}
	}
	return rest
}

func contains(list []Defect, want Defect) bool {
	for _, d := range list {
		if d == want {
			return true
		}
	}
	return false
}
