package share

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// HTTP serves tree, whose files must be io.Seekers. For a directory of the host
// give (*os.Root).FS(), which keeps every path and symbolic link inside it.
//
// It answers GET and HEAD, with ranges and conditions (RFC 9110 13, 14), and
// lists directories. A missing file is 404, one that must not be read is 403.
// It never redirects: `//grubx64.efi`, which shim asks for, is grubx64.efi, and
// a directory needs no slash at its end.
//
// onEvent, when not nil, is told of every answer; it is called from the
// goroutines of the requests, several at a time.
func HTTP(tree fs.FS, onEvent func(Event)) http.Handler {
	if onEvent == nil {
		onEvent = func(Event) {}
	}
	return &handler{tree: tree, onEvent: onEvent, now: time.Now}
}

// handler is immutable, so it is safe for concurrent use.
type handler struct {
	tree    fs.FS
	onEvent func(Event)
	now     func() time.Time
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := h.now()
	rec := &recorder{ResponseWriter: w}
	err := h.serve(rec, r)
	length := announced(w.Header())
	if err == nil {
		err = rec.err
	}
	if err == nil && r.Method == http.MethodGet && rec.bytes < length {
		err = fmt.Errorf("sent %d of %d bytes: %w", rec.bytes, length, io.ErrUnexpectedEOF)
	}
	client, _ := netip.ParseAddrPort(r.RemoteAddr)
	h.onEvent(Event{
		Time:      begin,
		Client:    netip.AddrPortFrom(client.Addr().Unmap(), client.Port()),
		UserAgent: r.UserAgent(),
		Method:    r.Method,
		Path:      r.URL.Path,
		Range:     r.Header.Get("Range"),
		Status:    rec.status,
		Length:    length,
		Bytes:     rec.bytes,
		Duration:  h.now().Sub(begin),
		Err:       err,
	})
}

// serve writes the whole answer. Its error is the reason of an answer that
// refuses, which the client is told by number alone.
func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed)
		return fmt.Errorf("method %q is not supported", r.Method)
	}
	r = withRange(r)
	name := clean(r.URL.Path)
	file, info, err := open(h.tree, name)
	if err != nil {
		refuse(w, r, statusOf(err))
		return err
	}
	defer file.Close()

	if info.IsDir() {
		page, err := listing(h.tree, name)
		if err != nil {
			refuse(w, r, statusOf(err))
			return err
		}
		w.Header().Set("Content-Type", typeHTML)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
		return nil
	}
	content, ok := file.(io.ReadSeeker)
	if !ok {
		refuse(w, r, http.StatusInternalServerError)
		return fmt.Errorf("%s: a %T cannot seek", name, file)
	}
	w.Header().Set("Content-Type", contentType(name))
	if !info.ModTime().IsZero() {
		w.Header().Set("ETag", etag(info))
	}
	http.ServeContent(w, r, "", info.ModTime(), content)
	return nil
}

// clean turns a request's path into a name in the tree: slashes doubled or at
// the end mean nothing, and dots never lead out of the root.
func clean(p string) string {
	name := strings.TrimPrefix(path.Clean("/"+p), "/")
	if name == "" {
		return "."
	}
	return name
}

var errNotAFile = errors.New("neither a file nor a directory")

// open opens a file or a directory and nothing else: a pipe in the tree would
// block its opener until somebody writes to it.
func open(tree fs.FS, name string) (fs.File, fs.FileInfo, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	info, err := fs.Stat(tree, name)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errNotAFile}
	}
	file, err := tree.Open(name)
	if err != nil {
		return nil, nil, err
	}
	// The file may have been replaced since: describe the one that is open.
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// statusOf is the answer to a failed open. A name that cannot exist is missing
// like any other. Trouble of the system carries an errno; an error without one
// is a refusal, as of a symbolic link that leads out of the root.
func statusOf(err error) int {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid),
		errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return http.StatusNotFound
	case errors.Is(err, fs.ErrPermission), !errors.As(err, &errno):
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// refuse answers with a status and its name.
func refuse(w http.ResponseWriter, r *http.Request, status int) {
	body := http.StatusText(status) + "\n"
	w.Header().Set("Content-Type", typeText)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	// GRUB 2.06 waits half a minute after an error, unless the connection ends.
	if strings.HasPrefix(r.UserAgent(), "GRUB ") {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		io.WriteString(w, body)
	}
}

// etag changes whenever the file does. It is a strong one, which If-Range
// demands of a client that resumes (RFC 9110 13.1.5).
func etag(info fs.FileInfo) string {
	return fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())
}

// announced is the Content-Length that was sent, -1 when none was.
func announced(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
