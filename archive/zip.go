package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// zipTree is a zip file. Only stored and deflated files are read.
type zipTree struct {
	r     io.ReaderAt
	size  int64
	zip   *zip.Reader // for directories
	files map[string]*zip.File
}

func openZip(r io.ReaderAt, size int64) (fs.FS, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // such a path has no name here
		return nil, formatf("%v", err)
	}
	t := &zipTree{r: r, size: size, zip: z, files: make(map[string]*zip.File)}
	for _, f := range z.File {
		if name := path.Clean(f.Name); fs.ValidPath(name) && f.Mode().IsRegular() {
			t.files[name] = f
		}
	}
	return t, nil
}

const zipEncrypted = 1 // in the flags of an entry

func (t *zipTree) Open(name string) (fs.File, error) {
	f, ok := t.files[name]
	if !ok || !fs.ValidPath(name) {
		return t.zip.Open(name)
	}
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if f.Flags&zipEncrypted != 0 {
		return fail(fmt.Errorf("%w: it is encrypted", fs.ErrPermission))
	}
	info := f.FileInfo()
	if info.Size() < 0 {
		return fail(formatf("impossible size"))
	}
	switch f.Method {
	case zip.Store:
		offset, err := f.DataOffset()
		if err != nil {
			return fail(formatf("%v", err))
		}
		if f.CompressedSize64 != f.UncompressedSize64 || info.Size() > t.size-offset {
			return fail(formatf("a stored file of another size than it says"))
		}
		return newFile(io.NewSectionReader(t.r, offset, info.Size()), info), nil
	case zip.Deflate:
		return newFile(&inflated{open: f.Open, size: info.Size()}, info), nil
	}
	return fail(fmt.Errorf("%w: compression method %d", errors.ErrUnsupported, f.Method))
}
