package tftp

import (
	"fmt"
	"io"
	"net/netip"
	"testing"
)

// Both benchmarks fetch the same file with the same client over loopback, so
// their ratio is that of the servers:
//
//	go test -run '^$' -bench . -count 6 ./tftp | benchstat -col /server -

func BenchmarkServe(b *testing.B) {
	content := pattern(8 << 20)
	server := listenAndServe(b, "127.0.0.1:0", &Server{Source: files{"f": content}})
	for _, blockSize := range []int{512, 1468} {
		for _, window := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("blksize=%d/window=%d", blockSize, window), func(b *testing.B) {
				benchmarkGet(b, server, len(content), options("blksize", blockSize, "windowsize", window))
			})
		}
	}
}

func BenchmarkPinTFTP(b *testing.B) {
	content := pattern(8 << 20)
	server := pinServer(b, content)
	for _, blockSize := range []int{512, 1468} {
		b.Run(fmt.Sprintf("blksize=%d/window=1", blockSize), func(b *testing.B) {
			benchmarkGet(b, server, len(content), options("blksize", blockSize))
		})
	}
}

func benchmarkGet(b *testing.B, server netip.AddrPort, size int, asked []Option) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		transfer, err := new(Client).Get(b.Context(), Request{Server: server, Name: "f", Options: asked}, io.Discard)
		if err != nil || transfer.Bytes != int64(size) {
			b.Fatalf("%+v, %v", transfer, err)
		}
	}
}
