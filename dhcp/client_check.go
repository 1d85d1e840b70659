package dhcp

import "fmt"

// Defect is one thing in a reply that is malformed.
type Defect struct {
	Code   uint8 // the option, or 255 for a missing end
	Reason string
}

func (d Defect) String() string { return fmt.Sprintf("option %d %s", d.Code, d.Reason) }

func (r *Reply) defect(code uint8, format string, args ...any) {
	r.Defects = append(r.Defects, Defect{code, fmt.Sprintf(format, args...)})
}

// checkOptions holds every option whose form RFC 2132 fixes against that form.
// EDK2 does the same (Dhcp4Option.c), and before 2026 it dropped the whole
// message in silence when a single option failed.
func (r *Reply) checkOptions() {
	for _, o := range r.Options {
		if want, ok := formOf(o.Code); ok {
			if why := want.check(o.Data); why != "" {
				r.defect(o.Code, "%s", why)
				continue
			}
		}
		switch {
		case o.Code == OptionOverload && (o.Data[0] < 1 || o.Data[0] > 3):
			r.defect(o.Code, "is %d, want 1, 2 or 3", o.Data[0])
		case o.Code == OptionMessageType && (o.Data[0] < 1 || o.Data[0] > 9):
			r.defect(o.Code, "is %d, want 1 to 9", o.Data[0])
		}
	}
}

// form is the shape of an option's value: from min to max units of so many
// bytes; max 0 means any number.
type form struct {
	unit, min, max int
	boolean        bool // each byte is 0 or 1
}

func (f form) check(data []byte) string {
	n := len(data)
	if n%f.unit != 0 || n/f.unit < f.min || f.max > 0 && n/f.unit > f.max {
		return fmt.Sprintf("has %s, want %s", plural(n, "byte"), f)
	}
	for _, b := range data {
		if f.boolean && b > 1 {
			return fmt.Sprintf("is %d, want 0 or 1", b)
		}
	}
	return ""
}

func (f form) String() string {
	switch {
	case f.max > 0:
		return fmt.Sprint(f.unit * f.max)
	case f.unit == 1:
		return fmt.Sprintf("at least %d", f.min)
	}
	return fmt.Sprintf("a multiple of %d", f.unit)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// formOf is the form of an option's value (RFC 2132, RFC 3442 for 121).
func formOf(code uint8) (form, bool) {
	switch code {
	case 1, 16, 28, 32, 50, 54: // an address
		return form{unit: 4, min: 1, max: 1}, true
	case 3, 4, 5, 6, 7, 8, 9, 10, 11, 41, 42, 44, 45, 48, 49, 65,
		69, 70, 71, 72, 73, 74, 75, 76: // addresses
		return form{unit: 4, min: 1}, true
	case 68: // home agents, possibly none
		return form{unit: 4}, true
	case 21, 33: // pairs of addresses
		return form{unit: 8, min: 1}, true
	case 2, 24, 35, 38, 51, 58, 59: // a 32-bit number
		return form{unit: 4, min: 1, max: 1}, true
	case 13, 22, 26, 57: // a 16-bit number
		return form{unit: 2, min: 1, max: 1}, true
	case 25: // 16-bit numbers
		return form{unit: 2, min: 1}, true
	case 23, 37, 46, 52, 53: // a byte
		return form{unit: 1, min: 1, max: 1}, true
	case 19, 20, 27, 29, 30, 31, 34, 36, 39: // a switch
		return form{unit: 1, min: 1, max: 1, boolean: true}, true
	case 12, 14, 15, 17, 18, 40, 43, 47, 55, 56, 60, 64, 66, 67: // text or bytes, not empty
		return form{unit: 1, min: 1}, true
	case 61:
		return form{unit: 1, min: 2}, true
	case 121:
		return form{unit: 1, min: 5}, true
	}
	return form{}, false
}
