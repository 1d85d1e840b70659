package dhcp

import (
	"encoding/binary"
	"fmt"

	"pxe/boot"
)

// Sample is a message as a machine of that architecture and kind sends it, for
// asking a server what it would answer: the options by which clients are told
// apart, and a list of wishes as that kind has it. A machine without HasArch
// that boots is a BIOS.
func Sample(is boot.Machine, t MessageType) *Message {
	m := &Message{
		Op: OpRequest, HType: HTypeEthernet, XID: 0x70786500, CHAddr: is.MAC,
		Options: Options{byteOption(OptionMessageType, byte(t))},
	}
	add := func(code uint8, value ...byte) { m.Options = append(m.Options, RawOption{code, value}) }
	arch := func() {
		add(OptionClientArch, binary.BigEndian.AppendUint16(nil, uint16(is.Arch))...)
		add(OptionClientNDI, 1, 3, 16)
	}
	class := func(word string) string { return fmt.Sprintf("%s:Arch:%05d:UNDI:003016", word, is.Arch) }
	switch is.Kind {
	case boot.KindGRUB:
		return m
	case boot.KindPXE, boot.KindRPi:
		add(OptionMaxMessageSize, 0x05, 0xc0)
		add(OptionParameterList, 1, 3, 6, 12, 15, 28, 43, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135)
		arch()
		m.Options = append(m.Options, textOption(OptionVendorClass, class(ClassPXE)))
	case boot.KindHTTP:
		add(OptionParameterList, 1, 3, 6, 15, 43, 60, 67)
		arch()
		m.Options = append(m.Options, textOption(OptionVendorClass, class(ClassHTTP)))
	case boot.KindIPXE:
		add(OptionMaxMessageSize, 0x05, 0xc0)
		add(OptionParameterList, 1, 3, 6, 7, 12, 15, 17, 26, 42, 43, 60, 66, 67, 119, 175, 203)
		arch()
		m.Options = append(m.Options, textOption(OptionVendorClass, class(ClassPXE)), textOption(OptionUserClass, "iPXE"))
		add(OptionIPXE, 0x13, 1, 1) // speaks HTTP
	case boot.KindUBoot:
		add(OptionParameterList, 1, 3, 6, 12, 17, 67, 209)
		arch()
		m.Options = append(m.Options, textOption(OptionVendorClass, "U-Boot.armv8"))
	default:
		add(OptionParameterList, 1, 28, 2, 3, 15, 6, 12)
	}
	return m
}
