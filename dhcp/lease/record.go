package lease

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"net/netip"
	"strconv"
	"time"
)

// A journal is a text file: the line `pxe leases 1`, then a record a line,
//
//	b560129f bound 2026-01-02T09:04:05Z 192.0.2.10 01525400123456 "node1"
//
// which is the CRC-32C of the rest of the line, the state, the end ("never" for
// a lease without one), the address, the key in hex ("-" for an empty one) and,
// if there is one, the client's name as a Go string. The last record of an
// address counts. Reservations are apart from the leases on their addresses: of
// the records "reserved" and "unreserved" of an address the last one counts.
const header = "pxe leases 1\n"

const (
	endNever = "never"
	keyEmpty = "-"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errRecord is a line that is no record, or not the one that was written.
var errRecord = errors.New("damaged record")

// appendRecord appends the line of a lease.
func appendRecord(dst []byte, l Lease) []byte {
	at := len(dst)
	dst = append(dst, "00000000 "...)
	body := len(dst)
	dst = append(append(dst, l.State.String()...), ' ')
	if l.Expires.IsZero() {
		dst = append(dst, endNever...)
	} else {
		dst = l.Expires.UTC().AppendFormat(dst, time.RFC3339)
	}
	dst = append(dst, ' ')
	dst = append(l.Addr.AppendTo(dst), ' ')
	if l.Key == "" {
		dst = append(dst, keyEmpty...)
	} else {
		dst = hex.AppendEncode(dst, []byte(l.Key))
	}
	if l.Name != "" {
		dst = strconv.AppendQuote(append(dst, ' '), l.Name)
	}
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(dst[body:], castagnoli))
	hex.Encode(dst[at:body-1], sum[:])
	return append(dst, '\n')
}

// parseRecord reads a line without its newline.
func parseRecord(line []byte) (Lease, error) {
	sum, body, ok := bytes.Cut(line, []byte{' '})
	if !ok || len(sum) != 8 {
		return Lease{}, errRecord
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.Checksum(body, castagnoli) {
		return Lease{}, errRecord
	}
	state, rest, _ := bytes.Cut(body, []byte{' '})
	end, rest, _ := bytes.Cut(rest, []byte{' '})
	addr, rest, _ := bytes.Cut(rest, []byte{' '})
	key, name, named := bytes.Cut(rest, []byte{' '})
	var l Lease
	if l.State, err = parseState(state); err != nil {
		return Lease{}, err
	}
	if string(end) != endNever {
		if l.Expires, err = time.Parse(time.RFC3339, string(end)); err != nil {
			return Lease{}, errRecord
		}
	}
	if l.Addr, err = netip.ParseAddr(string(addr)); err != nil || !l.Addr.Is4() {
		return Lease{}, errRecord
	}
	if l.Key, err = parseKey(key); err != nil {
		return Lease{}, err
	}
	if named {
		if l.Name, err = strconv.Unquote(string(name)); err != nil {
			return Lease{}, errRecord
		}
	}
	return l, nil
}

func parseKey(word []byte) (Key, error) {
	if len(word) == 0 {
		return "", errRecord
	}
	if string(word) == keyEmpty {
		return "", nil
	}
	var room [64]byte
	key, err := hex.AppendDecode(room[:0], word)
	if err != nil {
		return "", errRecord
	}
	return Key(key), nil
}

func parseState(word []byte) (State, error) {
	for s := Bound; s <= unreserved; s++ {
		if string(word) == stateNames[s] {
			return s, nil
		}
	}
	return 0, errRecord
}
