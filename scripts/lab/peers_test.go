//go:build linux

package lab

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Other people's TFTP clients and servers, as the interoperability tests run
// them. inetutils' tftp is no package of Debian 12, and its busybox has no
// tftpd.

// tftpClient is somebody's client.
type tftpClient struct {
	name string
	need []string
	// block is the size of its blocks, in bytes.
	block int
	get   func(name, out string) []string
	// put is nil when it is not asked to send: of a file shorter than a block
	// Net::TFTP 0.1901 sends one byte.
	put func(file, name string) []string
	// noEmpty says that it fails to fetch an empty file: curl 7.88 takes a tsize
	// of 0 in an OACK for the end, and fails then to ask its socket who that was.
	noEmpty bool
	// noRollover says that its block numbers end at 65535: Net::TFTP 0.1901 waits
	// for a block 65536 for a minute.
	noRollover bool
}

// big is the size of its large file: one with as many blocks that their numbers
// roll over, if it can do that.
func (c tftpClient) big() int64 {
	if c.noRollover {
		return min(bigSize(c.block), 65_000*int64(c.block))
	}
	return bigSize(c.block)
}

// tftpClients are the clients, each with the options that it can be told to ask
// for.
func tftpClients() []tftpClient {
	clients := []tftpClient{{
		name: "tftp-hpa", need: []string{"tftp"}, block: 512, // it asks for no options
		get: func(name, out string) []string {
			return []string{"tftp", "-m", "binary", "127.0.0.1", "-c", "get", name, out}
		},
		put: func(file, name string) []string {
			return []string{"tftp", "-m", "binary", "127.0.0.1", "-c", "put", file, name}
		},
	}}
	atftp := func(block int, options ...string) tftpClient {
		c := tftpClient{name: "atftp", need: []string{"atftp"}, block: block}
		args := []string{"atftp"}
		for _, o := range options {
			c.name += ", " + o
			args = append(args, "--option", o)
		}
		c.get = func(name, out string) []string {
			return append(args[:len(args):len(args)], "--get", "-r", name, "-l", out, "127.0.0.1")
		}
		c.put = func(file, name string) []string {
			return append(args[:len(args):len(args)], "--put", "-r", name, "-l", file, "127.0.0.1")
		}
		return c
	}
	clients = append(clients,
		atftp(512), atftp(1468, "blksize 1468"), atftp(512, "windowsize 8"),
		atftp(1468, "tsize", "timeout 3", "blksize 1468", "windowsize 16"))
	curl := func(block int, options ...string) tftpClient {
		args := append([]string{"curl", "-sS"}, options...)
		return tftpClient{
			name: fmt.Sprint("curl ", options), need: []string{"curl"}, block: block,
			noEmpty: !slices.Contains(options, "--tftp-no-options"),
			get: func(name, out string) []string {
				return append(args[:len(args):len(args)], "-o", out, "tftp://127.0.0.1/"+name)
			},
			put: func(file, name string) []string {
				return append(args[:len(args):len(args)], "-T", file, "tftp://127.0.0.1/"+name)
			},
		}
	}
	clients = append(clients, curl(512), curl(512, "--tftp-no-options"), curl(1468, "--tftp-blksize", "1468"), curl(8192, "--tftp-blksize", "8192"))
	busybox := func(block int, options ...string) tftpClient {
		args := append([]string{"busybox", "tftp"}, options...)
		return tftpClient{
			name: fmt.Sprint("busybox ", options), need: []string{"busybox"}, block: block,
			get: func(name, out string) []string {
				return append(args[:len(args):len(args)], "-g", "-r", name, "-l", out, "127.0.0.1")
			},
			put: func(file, name string) []string {
				return append(args[:len(args):len(args)], "-p", "-r", name, "-l", file, "127.0.0.1")
			},
		}
	}
	clients = append(clients, busybox(512), busybox(1468, "-b", "1468"))
	perl := func(block int) tftpClient {
		run := func(from, to string) []string {
			return []string{"perl", "-MNet::TFTP", "-e", `
				my ($block, $from, $to) = @ARGV;
				my $tftp = Net::TFTP->new("127.0.0.1", BlockSize => $block, Mode => "octet");
				$tftp->get($from, $to);
				die $tftp->error . "\n" if $tftp->error;`, strconv.Itoa(block), from, to}
		}
		return tftpClient{
			name: fmt.Sprint("Net::TFTP ", block), need: []string{"perl", "/usr/share/perl5/Net/TFTP.pm"}, block: block,
			noRollover: true,
			get:        func(name, out string) []string { return run(name, out) },
		}
	}
	return append(clients, perl(512), perl(1468))
}

// tftpServer is somebody's server.
type tftpServer struct {
	name    string
	start   func(t *testing.T, net *Net, root string)
	window  bool // it grants windows
	uploads bool // it takes files
	// smallest is the least blksize that it grants; to less it says nothing.
	smallest int
	// noEmptySize says that it does not tell the size of an empty file, so that
	// EDK2 does not take it.
	noEmptySize bool
}

// tftpServers are the servers.
func tftpServers() []tftpServer {
	return []tftpServer{
		{name: "tftpd-hpa", uploads: true, start: func(t *testing.T, net *Net, root string) {
			tftpdHPA(t, net, root, "--create", "--permissive")
		}},
		{name: "atftpd", window: true, uploads: true, start: atftpd},
		{name: "dnsmasq", start: func(t *testing.T, net *Net, root string) { dnsmasq(t, net, dnsmasqTFTP(root)...) }},
		{name: "pin-tftp", smallest: 512, noEmptySize: true, start: pinTFTP},
	}
}

// atftpd starts atftpd on port 69.
func atftpd(t *testing.T, net *Net, root string) {
	t.Helper()
	Need(t, "atftpd")
	Command{Net: net, Args: []string{
		"atftpd", "--daemon", "--no-fork", "--logfile", "-", "--user", "root.root", "--port", "69", root,
	}}.Start(t)
	net.WaitPort("udp", 69, ready)
}

// pinTFTP starts the smallest server that pin/tftp makes.
func pinTFTP(t *testing.T, net *Net, root string) {
	t.Helper()
	path, err := builtPinTFTP()
	if err != nil {
		t.Fatal(err)
	}
	Command{Net: net, Args: []string{path, root}}.Start(t)
	net.WaitPort("udp", 69, ready)
}

var builtPinTFTP = sync.OnceValues(func() (string, error) {
	path := filepath.Join(work, "pintftp")
	out, err := exec.Command("go", "build", "-o", path, "pxe/scripts/bench/pintftp").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pintftp: %w\n%s", err, out)
	}
	return path, nil
})

// transferTime is how long one client may take for 40 MB in 80,000 round trips.
const transferTime = 3 * time.Minute

// The sizes around every edge there is: nothing, one byte, one block and just
// less and more, and exact multiples of the blocks of 512 and 1468 bytes.
func edgeSizes() []int64 {
	return []int64{0, 1, 511, 512, 513, 1024, 1468, 1469, 5 * 1468, 7 * 8192, 512 * 1468}
}

// The size for which block numbers roll over, and for which they nearly do: in
// blocks of 512 and of 1468 bytes.
func bigSize(block int) int64 {
	if block == 512 {
		return 65_540 * 512
	}
	return 40_000_123
}

// imageFiles makes a file of every size in root, and returns their SHA-256.
func imageFiles(t *testing.T, root string) map[int64]string {
	t.Helper()
	sums := map[int64]string{}
	for _, size := range append(edgeSizes(), bigSize(512), bigSize(1468), 65_000*512) {
		sums[size] = randomFile(t, filepath.Join(root, strconv.FormatInt(size, 10)), size)
	}
	return sums
}
