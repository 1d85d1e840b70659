package probe

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"

	"pxe/fault"
	"pxe/fetch"
	"pxe/tftp"
)

// TestTransferFault: what went wrong with a file, as the catalogue calls it.
func TestTransferFault(t *testing.T) {
	kind := func(k, cause error) error { return &fetch.Error{Kind: k, Err: cause} }
	packet := func(c tftp.Code) error { return &tftp.Error{Code: c} }
	for name, tt := range map[string]struct {
		url      string
		received int64
		err      error
		want     string
		missing  bool
	}{
		"code 1":               {"tftp://h/f", 0, kind(fetch.ErrNotFound, packet(1)), fault.BootFileMissing, true},
		"code 2":               {"tftp://h/f", 0, kind(fetch.ErrForbidden, packet(2)), fault.TFTPForbidden, true},
		"code 0":               {"tftp://h/f", 0, kind(nil, packet(0)), fault.TFTPError, true},
		"port closed":          {"tftp://h/f", 0, kind(fetch.ErrRefused, syscall.ECONNREFUSED), fault.TFTPRefused, false},
		"no route":             {"tftp://h/f", 0, kind(fetch.ErrNoAnswer, syscall.EHOSTUNREACH), fault.ServerUnreachable, false},
		"silent":               {"tftp://h/f", 0, kind(fetch.ErrNoAnswer, tftp.ErrNoAnswer), fault.TFTPSilent, false},
		"stalled":              {"tftp://h/f", 1408, kind(fetch.ErrNoAnswer, tftp.ErrStalled), fault.TFTPStalled, false},
		"no size":              {"tftp://h/f", 0, kind(fetch.ErrNoSize, tftp.ErrNoSize), fault.OACKWithoutTsize, false},
		"option not asked for": {"tftp://h/f", 0, kind(nil, fmt.Errorf("%w: x", tftp.ErrProtocol)), fault.OACKUnasked, false},
		"wrong length":         {"tftp://h/f", 9, kind(nil, tftp.ErrSize), fault.SizeMismatch, false},
		"404":                  {"http://h/f", 0, kind(fetch.ErrNotFound, &fetch.StatusError{Code: 404}), fault.HTTPNotFound, true},
		"403":                  {"http://h/f", 0, kind(fetch.ErrForbidden, &fetch.StatusError{Code: 403}), fault.HTTPForbidden, true},
		"302":                  {"http://h/f", 0, kind(nil, &fetch.StatusError{Code: 302, Location: "/x"}), fault.HTTPRedirect, false},
		"500":                  {"http://h/f", 0, kind(nil, &fetch.StatusError{Code: 500}), fault.HTTPServerError, false},
		"HTTP port closed":     {"http://h/f", 0, kind(fetch.ErrRefused, syscall.ECONNREFUSED), fault.HTTPRefused, false},
		"HTTP silent":          {"http://h/f", 0, kind(fetch.ErrNoAnswer, syscall.ETIMEDOUT), fault.HTTPSilent, false},
	} {
		err := &fileError{url: tt.url, received: tt.received, err: tt.err}
		if got := transferFault(err); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if _, known := fault.ByID(tt.want); !known {
			t.Errorf("%s: the catalogue has no %s", name, tt.want)
		}
		if missing(err) != tt.missing {
			t.Errorf("%s: missing %v", name, !tt.missing)
		}
	}
}

// TestTFTPURL: any name can be asked for.
func TestTFTPURL(t *testing.T) {
	for name, want := range map[string]string{
		"a/b.0":  "tftp://192.0.2.1/a/b.0",
		"/a":     "tftp://192.0.2.1//a",
		"a b%20": "tftp://192.0.2.1/a%20b%2520",
		`a\b?c#`: "tftp://192.0.2.1/a%5Cb%3Fc%23",
		"x\xff":  "tftp://192.0.2.1/x%FF",
	} {
		if got := tftpURL(netip.MustParseAddr("192.0.2.1"), name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
