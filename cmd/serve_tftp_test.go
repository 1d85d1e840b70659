package cmd

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/tftp"
)

func TestServeTFTP(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pxelinux.0"), []byte("loader"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := startServer(t, "serve-tftp", dir, "--listen", "127.0.0.1:0",
		"--strip-prefix", "/tftpboot", "--strip-prefix", "srv/tftp/", "--max-blksize", "1024")
	var listening listeningJSON
	server.next(&listening)
	addr, err := netip.ParseAddrPort(strings.Trim(listening.URL, "tfp:/"))
	if listening.Event != "listening" || listening.Root != dir || err != nil {
		t.Fatalf("first line %+v", listening)
	}
	options := []tftp.Option{{Name: "tsize", Value: "0"}, {Name: "blksize", Value: "1468"}}
	asJSON := []tftpOptionJSON{{"tsize", "0"}, {"blksize", "1468"}}
	local := netip.MustParseAddr("127.0.0.1")
	notFound := tftp.CodeNotFound
	for _, tt := range []struct {
		ask  string
		size bool
		want tftpRequestJSON
	}{
		{"pxelinux.0", false, tftpRequestJSON{Outcome: "done", File: "pxelinux.0", TotalBytes: 6, SentBytes: 6, Blocks: 1, BlockSize: 1024, Window: 1}},
		{"/tftpboot/pxelinux.0", false, tftpRequestJSON{Outcome: "done", File: "tftpboot/pxelinux.0", TotalBytes: 6, SentBytes: 6, Blocks: 1, BlockSize: 1024, Window: 1}},
		{`\srv\tftp\pxelinux.0`, false, tftpRequestJSON{Outcome: "done", File: "srv/tftp/pxelinux.0", TotalBytes: 6, SentBytes: 6, Blocks: 1, BlockSize: 1024, Window: 1}},
		{"pxelinux.0", true, tftpRequestJSON{Outcome: "size_probe", File: "pxelinux.0", TotalBytes: 6, BlockSize: 1024, Window: 1}},
		{"ldlinux.c32", false, tftpRequestJSON{Outcome: "refused", File: "ldlinux.c32", TotalBytes: -1, ErrorCode: &notFound,
			Error: `TFTP error 1: "file not found: ldlinux.c32"`}},
	} {
		got := make(chan struct{})
		go func() {
			defer close(got)
			req := tftp.Request{Server: addr, Name: tt.ask, Options: options}
			if tt.size {
				_, _ = new(tftp.Client).Size(t.Context(), req)
			} else {
				_, _ = new(tftp.Client).Get(t.Context(), req, io.Discard)
			}
		}()
		var line tftpRequestJSON
		server.next(&line)
		<-got
		if !line.Client.IsValid() || line.Time.IsZero() || line.Seconds <= 0 || (line.Rate > 0) != (line.SentBytes > 0) {
			t.Errorf("%s: line %+v", tt.ask, line)
		}
		tt.want.Event, tt.want.Mode, tt.want.Options, tt.want.Local = "request", "octet", asJSON, &local
		tt.want.Client, tt.want.Time, tt.want.Seconds, tt.want.Rate, tt.want.Retransmits = line.Client, line.Time, line.Seconds, line.Rate, line.Retransmits
		same := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
		if diff := cmp.Diff(tt.want, line, same, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.ask, diff)
		}
	}
	server.stop()
}

// What the flags about names do together: rules first, then prefixes, then the
// client's own folder, then the trees in order, as asked before any case.
func TestServeTFTPNames(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"first/menu": "first", "second/menu": "second", "second/linux": "kernel", "second/Initrd": "initrd",
		"second/127.0.0.1/menu": "mine", "first/7F000001/only": "hex", "map": "r ^/pub/ /\na secret\n", "first/Linux": "other case",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	zipped := filepath.Join(dir, "x.zip")
	writeZip(t, zipped, map[string]string{"tree/from-zip": "zipped", "elsewhere": "not served"})
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	server := startServer(t, "serve-tftp", first, second, zipped+"//tree", "--listen", "127.0.0.1:0",
		"--map", filepath.Join(dir, "map"), "--strip-prefix", "boot", "--per-client", "ip", "--loose-names")
	var listening listeningJSON
	server.next(&listening)
	if listening.Root != first || len(listening.Roots) != 3 {
		t.Errorf("first line %+v", listening)
	}
	addr := netip.MustParseAddrPort(strings.Trim(listening.URL, "tfp:/"))
	for _, tt := range []struct {
		ask, want string
		code      tftp.Code
	}{
		{"menu", "mine", 0},
		{"/boot/menu", "mine", 0},
		{"/pub/boot/menu", "mine", 0},
		{"only", "hex", 0},
		{"linux", "kernel", 0}, // as asked in the second, in another case in the first
		{"LINUX", "other case", 0},
		{`boot\INITRD`, "initrd", 0},
		{"from-zip", "zipped", 0},
		{"elsewhere", "", tftp.CodeNotFound},
		{"secret", "", tftp.CodeAccess},
		{"127.0.0.1", "", tftp.CodeAccess},
	} {
		var got bytes.Buffer
		done := make(chan error, 1)
		go func() {
			_, err := new(tftp.Client).Get(t.Context(), tftp.Request{Server: addr, Name: tt.ask}, &got)
			done <- err
		}()
		var line tftpRequestJSON
		server.next(&line)
		err := <-done
		asked := ""
		if strings.HasPrefix(tt.ask, "/pub/") { // as the rule says
			asked = tt.ask
		}
		if line.Asked != asked {
			t.Errorf("%s: file %q, asked %q", tt.ask, line.File, line.Asked)
		}
		var fault *tftp.Error
		if got.String() != tt.want || (err != nil) != (tt.want == "") || err != nil && (!errors.As(err, &fault) || fault.Code != tt.code) {
			t.Errorf("%s: %q, %v; want %q, code %d", tt.ask, &got, err, tt.want, tt.code)
		}
	}
	server.stop()
}

// What clients send arrives whole under the name that the flags leave, and no
// more than they allow.
func TestServeTFTPTakes(t *testing.T) {
	dir, root := t.TempDir(), t.TempDir()
	stale := filepath.Join(dir, ".pxe-upload-KILLED")
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * staleUpload)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	for _, overwrite := range []bool{false, true} {
		args := []string{"serve-tftp", root, "--listen", "127.0.0.1:0", "--upload", dir, "--upload-max", "1KB", "--strip-prefix", "boot"}
		if overwrite {
			args = append(args, "--upload-overwrite")
		}
		server := startServer(t, args...)
		var listening listeningJSON
		server.next(&listening)
		if listening.Upload != dir {
			t.Errorf("first line %+v", listening)
		}
		addr := netip.MustParseAddrPort(strings.Trim(listening.URL, "tfp:/"))
		put := func(name, content string) tftpRequestJSON {
			_, err := new(tftp.Client).Put(t.Context(), tftp.Request{Server: addr, Name: name}, strings.NewReader(content), int64(len(content)))
			var line tftpRequestJSON
			server.next(&line)
			if (err == nil) != (line.Outcome == "done") {
				t.Errorf("%s: the client has %v, the server %+v", name, err, line)
			}
			return line
		}
		if line := put("/boot/log", "hello"); line.Outcome != "done" && !overwrite || !line.Upload {
			t.Errorf("%+v", line)
		} else if line.Outcome == "done" && (line.Received != 5 || line.SentBytes != 0 || line.TotalBytes != 5) {
			t.Errorf("%+v", line)
		}
		want, code := "hello", tftp.CodeExists
		if overwrite {
			want = "again"
		}
		if line := put("log", "again"); (line.Outcome == "done") != overwrite || !overwrite && (line.ErrorCode == nil || *line.ErrorCode != code) {
			t.Errorf("overwrite %v: %+v", overwrite, line)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "log")); string(got) != want {
			t.Errorf("overwrite %v: %q, %v", overwrite, got, err)
		}
		if line := put("large", strings.Repeat("x", 1001)); line.Outcome != "failed" || line.ErrorCode != nil && *line.ErrorCode != tftp.CodeDiskFull {
			t.Errorf("%+v", line)
		}
		server.stop()
		if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

// writeZip makes a zip file.
func writeZip(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestParseRequestRate(t *testing.T) {
	for text, want := range map[string]requestRate{
		"100/2s": {100, 2 * time.Second}, "5/1m": {5, time.Minute}, "7/s": {7, time.Second}, "7/2": {7, 2 * time.Second},
		"": {}, "100": {}, "/2s": {}, "0/2s": {}, "1/0s": {}, "-1/2s": {}, "1/2s/3": {},
	} {
		got, err := parseRequestRate(text)
		if got != want || (err == nil) != (want.requests > 0) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

// Of a flood of what is dropped a few lines are shown.
func TestTFTPEventsAreLimited(t *testing.T) {
	for _, c := range []common{{format: formatText}, {format: formatJSON}} {
		var out bytes.Buffer
		v := newTFTPView(Streams{Out: &out, Err: &out}, c, newRunning())
		for range 300 {
			v.event(tftp.Event{Kind: tftp.EventDropped, Err: tftp.ErrRate})
		}
		v.limit.flush()
		text := out.String()
		if n := strings.Count(text, "too many requests"); n != limitEvents {
			t.Errorf("%s: %d lines of what was dropped", c.format, n)
		}
		if !strings.Contains(text, `what="dropped: rate" left_out=290`) && !strings.Contains(text, `"kind":"rate","count":290}`) {
			t.Errorf("%s: not told how many more:\n%s", c.format, text[max(0, len(text)-200):])
		}
	}
}

// A flood of requests for what is not there, from one address or in the name of
// many, is cut short; what many machines look for at once is all shown.
func TestTFTPNotFoundIsLimited(t *testing.T) {
	client := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 1)
	}
	notFound := &tftp.Error{Code: tftp.CodeNotFound}
	for _, tt := range []struct {
		name           string
		clients, names int
		upload         bool
		err            error
		most, left     int // lines of requests, and of what was left out
	}{
		{"a site", 500, 20, false, notFound, 10_000, 0},
		{"one client", 1, 20_000, false, notFound, limitOfClient, 1},
		{"many forged", 20_000, 1, false, notFound, limitKinds + limitOfClient, 1},
		{"refused uploads", 1, 5000, true, notFound, limitOfClient, 1},
		{"no answers", 1, 5000, false, tftp.ErrNoAnswer, limitOfClient, 1},
		{"crowded out", 1, 5000, true, tftp.ErrCrowdedOut, limitOfClient, 1},
	} {
		var out bytes.Buffer
		v := newTFTPView(Streams{Out: &out, Err: &out}, common{format: formatJSON}, newRunning())
		for range tt.names {
			for n := range tt.clients {
				e := tftp.Event{Kind: tftp.EventFailed, Upload: tt.upload, Client: client(n), Err: tt.err}
				if tt.err == notFound {
					e.Kind = tftp.EventRefused
				}
				v.event(e)
			}
		}
		v.limit.flush()
		shown, left := strings.Count(out.String(), `"event":"request"`), strings.Count(out.String(), `"event":"left-out"`)
		if shown != tt.most || left != tt.left {
			t.Errorf("%s: %d requests are shown, %d lines of what was left out; want %d, %d", tt.name, shown, left, tt.most, tt.left)
		}
		if tt.clients == 1 && !strings.Contains(out.String(), `"client":"10.0.0.0"}`) {
			t.Errorf("%s: not told whose", tt.name)
		}
	}
}

// What was forgotten while nobody read is told of, whatever event comes next.
func TestTFTPEventsMissed(t *testing.T) {
	for _, c := range []common{{format: formatText}, {format: formatJSON}} {
		var out bytes.Buffer
		newTFTPView(Streams{Out: &out, Err: &out}, c, newRunning()).event(tftp.Event{Kind: tftp.EventMalformed, Missed: 7})
		if text := out.String(); !strings.Contains(text, "left_out=7") && !strings.Contains(text, `"kind":"missed","count":7}`) {
			t.Errorf("%s: %s", c.format, text)
		}
	}
}

func TestServeTFTPSaysWhatIsWrong(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args       []string
		code       int
		text, hint string
	}{
		{[]string{}, exitUsage, "missing argument ROOT", ""},
		{[]string{dir + "/nothere"}, exitFailed, "no such directory", "mkdir -p"},
		{[]string{file}, exitFailed, "not a directory", "name the directory"},
		{[]string{dir, "--listen", taken.LocalAddr().String()}, exitFailed, "address already in use", "another server has this port"},
		{[]string{dir, "--listen", "192.0.2.1:0"}, exitFailed, "cannot assign", "does not have that address"},
		{[]string{dir, "--listen", "69"}, exitUsage, "want :69", ""},
		{[]string{dir, "--max-blksize", "7"}, exitUsage, "want a number from 8 to 65464", ""},
		{[]string{dir, "--max-window", "0"}, exitUsage, "want a number from 1 to 65535", ""},
		{[]string{dir, "--max-transfers", "many"}, exitUsage, "want a number", ""},
		{[]string{dir, "--timeout", "0s"}, exitUsage, "want a time", ""},
		{[]string{dir, "--retries", "-1"}, exitUsage, "want a number", ""},
		{[]string{dir, "--strip-prefix", "/"}, exitUsage, "not a directory of file names", ""},
	} {
		err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, append([]string{"serve-tftp"}, tt.args...)...)
		if err == nil || codeFor(err) != tt.code || !strings.Contains(err.Error(), tt.text) || !strings.Contains(hintOf(err), tt.hint) {
			t.Errorf("%q: code %d, error %v, hint %q; want %d, %q, %q", tt.args, codeFor(err), err, hintOf(err), tt.code, tt.text, tt.hint)
		}
	}
}

func TestServeTFTPWarnsOfAnEmptyRoot(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var log bytes.Buffer
	if err := run(ctx, Streams{Out: io.Discard, Err: &log}, "serve-tftp", t.TempDir(), "--listen", "127.0.0.1:0", "--no-confine"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "is empty") {
		t.Errorf("log %q does not warn", log.String())
	}
}

// Uploads that may replace what is served are warned of, wherever the links lead.
func TestServeTFTPWarnsOfUploads(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tree/logs", "treelogs"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("tree/logs", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		upload, flag string
		want         bool
	}{
		{"tree/logs", "--upload-overwrite", true},
		{"link", "--upload-overwrite", true},
		{"tree", "--upload-overwrite", true},
		{".", "--upload-overwrite", true},
		{"treelogs", "--upload-overwrite", false},
		{"tree/logs", "--upload-max=1MB", false},
	} {
		var log bytes.Buffer
		upload := filepath.Join(dir, tt.upload)
		err := run(ctx, Streams{Out: io.Discard, Err: &log}, "serve-tftp", filepath.Join(dir, "tree"), "--listen", "127.0.0.1:0", "--no-confine", "--upload", upload, tt.flag)
		if err != nil || strings.Contains(log.String(), "anybody can replace boot files") != tt.want || !strings.Contains(log.String(), "upload="+upload) {
			t.Errorf("%s %s: %v, log %s", tt.upload, tt.flag, err, &log)
		}
		if left, err := fs.Glob(os.DirFS(upload), ".*"); len(left) > 0 || err != nil {
			t.Errorf("%s: left %q, %v", tt.upload, left, err)
		}
	}
}

func TestTFTPLogLines(t *testing.T) {
	client := netip.MustParseAddrPort("192.0.2.7:1234")
	for _, tt := range []struct {
		event tftp.Event
		want  string
	}{
		{tftp.Event{Kind: tftp.EventDone, File: "linux", Bytes: 2_000_000, Size: 2_000_000, Blocks: 1363, BlockSize: 1468, Window: 4, Duration: time.Second},
			`INFO sent file=linux sent="2.0 MB" in=1s rate="2.0 MB/s" blksize=1468 window=4`},
		{tftp.Event{Kind: tftp.EventDone, File: "x", Bytes: 10, Size: 10, BlockSize: 512, Window: 1, Duration: time.Second, Retransmits: 3, Note: "the last ACK is missing"},
			`INFO sent file=x sent="10 B" in=1s rate="10 B/s" blksize=512 window=1 retransmits=3 note="the last ACK is missing"`},
		{tftp.Event{Kind: tftp.EventSizeProbe, File: "bootx64.efi", Size: 1000, BlockSize: 1468, Window: 4},
			`INFO "told the size" file=bootx64.efi size="1.0 KB"`},
		{tftp.Event{Kind: tftp.EventClosed, File: "x", Bytes: 512, Size: 1000, BlockSize: 512, Window: 1, Duration: time.Second},
			`INFO "closed early" file=x sent="512 B" of="1.0 KB" in=1s blksize=512 window=1`},
		{tftp.Event{Kind: tftp.EventDone, Upload: true, File: "log", Bytes: 10, Size: 10, BlockSize: 512, Window: 1, Duration: time.Second},
			`INFO received file=log received="10 B" in=1s rate="10 B/s" blksize=512 window=1`},
		{tftp.Event{Kind: tftp.EventFailed, Upload: true, File: "log", Bytes: 10, Size: -1, BlockSize: 512, Window: 1, Duration: time.Second, Err: tftp.ErrStalled},
			`WARN "upload failed" file=log received="10 B" in=1s blksize=512 window=1 err="the peer fell silent in mid-transfer"`},
		{tftp.Event{Kind: tftp.EventFailed, File: "x", Size: 1000, BlockSize: 512, Window: 1, Duration: time.Second, Retransmits: 6, Err: tftp.ErrNoAnswer},
			`WARN failed file=x sent="0 B" of="1.0 KB" in=1s blksize=512 window=1 retransmits=6 err="no answer"`},
		{tftp.Event{Kind: tftp.EventRefused, File: "a\nb", Size: -1, Err: &tftp.Error{Code: tftp.CodeNotFound, Message: "x"}},
			`INFO "not found" file=a\nb`},
		{tftp.Event{Kind: tftp.EventRefused, File: "x", Size: -1, Err: fs.ErrPermission},
			`WARN refused file=x err="permission denied"`},
		{tftp.Event{Kind: tftp.EventRefused, File: "x", Asked: "/pub/\nx", Size: -1, Err: &tftp.Error{Code: tftp.CodeNotFound, Message: "x"}},
			`INFO "not found" file=x asked=/pub/\nx`},
		{tftp.Event{Kind: tftp.EventDropped, File: "x", Size: -1, Err: tftp.ErrBusy},
			`WARN dropped file=x err="too many transfers"`},
		{tftp.Event{Kind: tftp.EventMalformed, Size: -1, Err: errors.New("rubbish")},
			`DEBUG "not a request" file="" err=rubbish`},
	} {
		var out bytes.Buffer
		plain := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "client" {
				return slog.Attr{}
			}
			return a
		}})
		tt.event.Client = client
		tftpView{serverView: serverView{log: slog.New(plain)}, limit: newEventLimit(mostOf, func(tftpFlood, int) {})}.event(tt.event)
		got := strings.NewReplacer("level=", "", "msg=", "").Replace(strings.TrimSpace(out.String()))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("log line (-want +got):\n%s", diff)
		}
	}
}
