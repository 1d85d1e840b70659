package demo

// BIOSMessage is the line that the BIOS program prints.
const BIOSMessage = "pxe: this machine boots (BIOS)"

// biosOrigin is where a PXE ROM puts its boot program: 0000:7C00 (PXE 2.1, 3.1).
const biosOrigin = 0x7C00

// biosCode is 16-bit code at biosOrigin. The message, NUL-terminated, follows
// it directly.
//
// The line goes to the first serial port as a whole and then to the screen as
// a whole: where the BIOS copies the screen to that port, the two would
// otherwise arrive interleaved, letter by letter.
const biosCode = "" +
	// 7C00: Some ROMs enter at 07C0:0000. The far jump makes CS zero, so that
	// addresses below are absolute, whichever it was.
	"\xEA\x05\x7C\x00\x00" + // 7C00 jmp 0000:7C05
	"\x31\xC0" + //             7C05 xor ax, ax
	"\x8E\xD8" + //             7C07 mov ds, ax
	"\xFC" + //                 7C09 cld

	// COM1: 115200 baud, 8 bits, no parity, 1 stop bit; DTR and RTS on.
	"\xBA\xFB\x03" + //         7C0A mov dx, 3FBh    line control
	"\xB0\x80" + //             7C0D mov al, 80h     divisor latch on
	"\xEE" + //                 7C0F out dx, al
	"\xBA\xF8\x03" + //         7C10 mov dx, 3F8h    divisor, low byte
	"\xB0\x01" + //             7C13 mov al, 1
	"\xEE" + //                 7C15 out dx, al
	"\x42" + //                 7C16 inc dx          divisor, high byte
	"\xB0\x00" + //             7C17 mov al, 0
	"\xEE" + //                 7C19 out dx, al
	"\xBA\xFB\x03" + //         7C1A mov dx, 3FBh
	"\xB0\x03" + //             7C1D mov al, 3       latch off, 8N1
	"\xEE" + //                 7C1F out dx, al
	"\x42" + //                 7C20 inc dx          modem control
	"\xEE" + //                 7C21 out dx, al      3 is DTR and RTS

	// The message to COM1. The wait is bounded: a port that never drains must
	// not keep the line from the screen. A missing port reads as all ones.
	"\xBE\x55\x7C" + //         7C22 mov si, message
	"\xAC" + //                 7C25 lodsb           <- next character
	"\x84\xC0" + //             7C26 test al, al
	"\x74\x14" + //             7C28 jz 7C3E
	"\x88\xC4" + //             7C2A mov ah, al
	"\xBA\xFD\x03" + //         7C2C mov dx, 3FDh    line status
	"\x31\xC9" + //             7C2F xor cx, cx      65536 tries
	"\xEC" + //                 7C31 in al, dx       <- wait
	"\xA8\x20" + //             7C32 test al, 20h    transmitter empty
	"\xE1\xFB" + //             7C34 loopz 7C31
	"\xBA\xF8\x03" + //         7C36 mov dx, 3F8h    data
	"\x88\xE0" + //             7C39 mov al, ah
	"\xEE" + //                 7C3B out dx, al
	"\xEB\xE7" + //             7C3C jmp 7C25

	// The message to the screen.
	"\xBE\x55\x7C" + //         7C3E mov si, message
	"\xAC" + //                 7C41 lodsb           <- next character
	"\x84\xC0" + //             7C42 test al, al
	"\x74\x0B" + //             7C44 jz 7C51
	"\xB4\x0E" + //             7C46 mov ah, 0Eh     teletype output
	"\xBB\x07\x00" + //         7C48 mov bx, 7       page 0, grey
	"\x56" + //                 7C4B push si         not every BIOS keeps it
	"\xCD\x10" + //             7C4C int 10h
	"\x5E" + //                 7C4E pop si
	"\xEB\xF0" + //             7C4F jmp 7C41

	// Done: sleep, with interrupts on so that Ctrl-Alt-Del still works.
	"\xFB" + //                 7C51 sti             <- for ever
	"\xF4" + //                 7C52 hlt
	"\xEB\xFC" //               7C53 jmp 7C51

// biosProgram is a network boot program for a BIOS PXE ROM: raw code, no header.
func biosProgram() []byte {
	return []byte(biosCode + "\r\n" + BIOSMessage + "\r\n\x00")
}
