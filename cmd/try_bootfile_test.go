package cmd

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"pxe/boot"
	"pxe/demo"
)

func TestFindBootfileInTheBuiltInTree(t *testing.T) {
	for arch, want := range map[boot.Arch]string{boot.ArchBIOS: demo.BIOSFile, boot.ArchEFIX64: demo.EFIFile} {
		got, err := findBootfile(demo.FS(), arch)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", arch, got, err, want)
		}
	}
}

func TestFindBootfilePrefersTheTop(t *testing.T) {
	program, err := fs.ReadFile(demo.FS(), demo.EFIFile)
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{
		"a/b/boot.efi":       {Data: program},
		"z.efi":              {Data: program},
		"a/b/c/d/e/deep.efi": {Data: program},
		"text.efi":           {Data: []byte("not a program")},
	}
	if got, err := findBootfile(tree, boot.ArchEFIX64); err != nil || got != "z.efi" {
		t.Errorf("%q, %v; want z.efi", got, err)
	}
	_, err = findBootfile(tree, boot.ArchEFIARM64)
	if err == nil || !strings.Contains(hintOf(err), "--firmware") {
		t.Errorf("error %v with hint %q, want one that tells of the other firmware", err, hintOf(err))
	}
	_, err = findBootfile(fstest.MapFS{"README": {Data: []byte("hi")}}, boot.ArchBIOS)
	if err == nil || !strings.Contains(hintOf(err), "pxelinux.0") {
		t.Errorf("error %v with hint %q, want one that tells what to put there", err, hintOf(err))
	}
}

func TestTheBuiltInProgramsAreKnown(t *testing.T) {
	for name, want := range map[string]string{
		demo.BIOSFile: "demonstration program of pxe for x86 BIOS",
		demo.EFIFile:  "demonstration program of pxe for x64 UEFI",
	} {
		im, err := identifyIn(demo.FS(), name)
		if err != nil || im.Kind != boot.ImageDemo || im.String() != want {
			t.Errorf("%s: %v (%s), %v; want %s", name, im, im.Kind, err, want)
		}
	}
}

func TestBootfileIsTheOneThatServeDHCPHandsOut(t *testing.T) {
	program, err := fs.ReadFile(demo.FS(), demo.EFIFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		files      fstest.MapFS
		name, note string
	}{
		{fstest.MapFS{"bootx64.efi": {Data: []byte("no program")}, "a.efi": {Data: program}}, "bootx64.efi", ""},
		{fstest.MapFS{"a.efi": {Data: program}}, "a.efi", "--bootfile-for efi-x64=a.efi"},
	} {
		tree := &bootTree{title: "/srv/tftp", files: tt.files}
		name, note, err := tree.bootfile(boot.ArchEFIX64)
		if err != nil || name != tt.name || !strings.HasSuffix(note, tt.note) || (note == "") != (tt.note == "") {
			t.Errorf("%q, %q, %v; want %q, %q", name, note, err, tt.name, tt.note)
		}
	}
}
