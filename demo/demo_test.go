package demo

import (
	"bytes"
	"crypto/sha256"
	"debug/pe"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"
	"unicode/utf16"
)

func TestFS(t *testing.T) {
	if err := fstest.TestFS(FS(), BIOSFile, EFIFile, ReadmeFile); err != nil {
		t.Error(err)
	}
}

// The tree's files are served by TFTP and HTTP, which read at offsets.
func TestFilesCanBeReadAnywhere(t *testing.T) {
	f, err := FS().Open(BIOSFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tail := make([]byte, 2)
	if _, err := f.(io.ReaderAt).ReadAt(tail, 1); err != nil {
		t.Fatal(err)
	}
	if want := biosProgram()[1:3]; !bytes.Equal(tail, want) {
		t.Errorf("bytes 1 and 2 = % x, want % x", tail, want)
	}
	if _, ok := f.(io.Seeker); !ok {
		t.Error("a file cannot seek")
	}
}

// These are the bytes that were seen to print their line on SeaBIOS with iPXE
// and on OVMF. A change here means: boot both again before taking the new sum.
func TestProgramsAreThoseThatBooted(t *testing.T) {
	for name, want := range map[string]string{
		BIOSFile: "cbd2acc7e25f656ddf69b3ca120cb8be4068a20134fd711dd05241c429487ca2",
		EFIFile:  "1ca137f0004c877aec977af733c192eec50c63825da3581e40181bb36c868519",
	} {
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has SHA-256 %s, want %s", name, got, want)
		}
	}
}

func TestBIOSProgram(t *testing.T) {
	program := biosProgram()
	if len(program) > 512 {
		t.Errorf("%d bytes, want at most one sector", len(program))
	}
	if program[0] != 0xEA {
		t.Errorf("starts with %#x, want a far jump (0xEA)", program[0])
	}
	if target := binary.LittleEndian.Uint16(program[1:]); target != biosOrigin+5 {
		t.Errorf("the far jump goes to %#x, want the next instruction, %#x", target, biosOrigin+5)
	}
	if segment := binary.LittleEndian.Uint16(program[3:]); segment != 0 {
		t.Errorf("the far jump sets CS to %#x, want 0", segment)
	}
	// Twice the program points SI (0xBE) at the message.
	want := []byte("\r\n" + BIOSMessage + "\r\n\x00")
	loads := 0
	for at := range program[:len(biosCode)-3] {
		if program[at] != 0xBE {
			continue
		}
		loads++
		message := int(binary.LittleEndian.Uint16(program[at+1:])) - biosOrigin
		if message != len(biosCode) {
			t.Errorf("the mov at %#x points to offset %#x, want the message at %#x", at, message, len(biosCode))
		}
	}
	if loads != 2 {
		t.Errorf("found %d loads of SI, want 2", loads)
	}
	if got := program[len(biosCode):]; !bytes.Equal(got, want) {
		t.Errorf("message = %q, want %q", got, want)
	}
}

// A tool that tells boot programs apart by their bytes must not take this one
// for a loader that would ask for more files.
func TestBIOSProgramLooksLikeNoLoader(t *testing.T) {
	program := biosProgram()
	if magic := binary.LittleEndian.Uint32(program[8:]); magic == 0x2983C8AC {
		t.Error("has PXELINUX's magic number at offset 8")
	}
	if bytes.Equal(program[3:5], []byte{0xC0, 0x07}) {
		t.Error("starts as iPXE does, with a jump to segment 07C0")
	}
	for _, word := range []string{"PXELINUX", "SYSLINUX", "iPXE", "GRUB", "HdrS"} {
		if bytes.Contains(program, []byte(word)) {
			t.Errorf("contains %q", word)
		}
	}
}

func TestEFIProgram(t *testing.T) {
	data := efiProgram()
	if len(data) > 4096 {
		t.Errorf("%d bytes, want at most a page", len(data))
	}
	f, err := pe.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 {
		t.Errorf("machine = %#x, want x64", f.Machine)
	}
	if f.Characteristics&pe.IMAGE_FILE_RELOCS_STRIPPED != 0 {
		t.Error("marked as having no relocations: it would load at its preferred address only")
	}
	header, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		t.Fatalf("optional header is %T, want PE32+", f.OptionalHeader)
	}
	if header.Subsystem != pe.IMAGE_SUBSYSTEM_EFI_APPLICATION {
		t.Errorf("subsystem = %d, want EFI application", header.Subsystem)
	}

	text := f.Section(".text")
	if text == nil {
		t.Fatal("no .text section")
	}
	if entry := header.AddressOfEntryPoint; entry < text.VirtualAddress || entry >= text.VirtualAddress+uint32(len(efiCode)) {
		t.Errorf("entry point %#x is outside the code at %#x", entry, text.VirtualAddress)
	}
	end := uint32(0)
	for _, s := range f.Sections {
		if s.VirtualAddress%header.SectionAlignment != 0 || s.Offset%header.FileAlignment != 0 {
			t.Errorf("%s at %#x, offset %#x, is not aligned", s.Name, s.VirtualAddress, s.Offset)
		}
		if s.VirtualSize > s.Size || int(s.Offset+s.Size) > len(data) {
			t.Errorf("%s: %d bytes in memory, %d at %#x of a file of %d", s.Name, s.VirtualSize, s.Size, s.Offset, len(data))
		}
		if w, x := s.Characteristics&pe.IMAGE_SCN_MEM_WRITE, s.Characteristics&pe.IMAGE_SCN_MEM_EXECUTE; w != 0 && x != 0 {
			t.Errorf("%s is both writable and executable", s.Name)
		}
		end = max(end, s.VirtualAddress+header.SectionAlignment)
	}
	if header.SizeOfImage != end {
		t.Errorf("image size %#x, want %#x, the end of the last section", header.SizeOfImage, end)
	}

	reloc := f.Section(".reloc")
	dir := header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC]
	if reloc == nil || dir.VirtualAddress != reloc.VirtualAddress || dir.Size != reloc.VirtualSize {
		t.Errorf("relocation directory %+v is not the .reloc section %+v", dir, reloc)
	}
}

func TestEFIProgramPrintsItsMessage(t *testing.T) {
	f, err := pe.NewFile(bytes.NewReader(efiProgram()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	const lea = "\x48\x8D\x15" // lea rdx, [rip+offset], seven bytes long
	at := bytes.Index(text, []byte(lea))
	if at < 0 {
		t.Fatal("the code loads no address into RDX")
	}
	message := at + 7 + int(int32(binary.LittleEndian.Uint32(text[at+3:])))
	if message%2 != 0 {
		t.Errorf("message at %#x: UTF-16 wants an even address", message)
	}
	var units []uint16
	for i := message; ; i += 2 {
		unit := binary.LittleEndian.Uint16(text[i:])
		if unit == 0 {
			break
		}
		units = append(units, unit)
	}
	if got, want := string(utf16.Decode(units)), "\r\n"+EFIMessage+"\r\n"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
}
