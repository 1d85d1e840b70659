package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pxe/dhcp"
	"pxe/share"
	"pxe/tftp"
)

// scrape reads the metrics that are there under /metrics, and checks that
// nothing else is.
func scrape(t *testing.T, metrics []prometheus.Collector) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	var text string
	err = withMetrics(t.Context(), addr, metrics, func(context.Context) error {
		for _, path := range []string{"/", "/metrics/x", "/debug/pprof"} {
			if status, _ := httpGet(t, "http://"+addr+path); status != http.StatusNotFound {
				t.Errorf("%s: status %d", path, status)
			}
		}
		var status int
		if status, text = httpGet(t, "http://"+addr+"/metrics"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return text
}

func httpGet(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestMetrics(t *testing.T) {
	inTFTP := newTFTPMetrics(func() int { return 7 })
	for _, e := range []tftp.Event{
		{Kind: tftp.EventDone, File: "linux", Bytes: 1000, Retransmits: 3, Duration: time.Second},
		{Kind: tftp.EventDone, File: "initrd", Bytes: 2000, Duration: time.Minute},
		{Kind: tftp.EventSizeProbe},
		{Kind: tftp.EventRefused, Err: &tftp.Error{Code: tftp.CodeNotFound}},
		{Kind: tftp.EventRefused, Err: fmt.Errorf("%w: %w", &tftp.Error{Code: tftp.CodeAccess}, fs.ErrPermission)},
		{Kind: tftp.EventRefused, Err: &tftp.Error{Code: 4711}},
		{Kind: tftp.EventDropped, Err: tftp.ErrSource},
		{Kind: tftp.EventDropped, Err: tftp.ErrRate},
		{Kind: tftp.EventDropped, Err: tftp.ErrBusy},
	} {
		inTFTP.event(e)
	}
	inHTTP, inDHCP := newHTTPMetrics(), newDHCPMetrics()
	inHTTP.request(share.Event{Status: 206, Bytes: 500, Duration: time.Second, UserAgent: "iPXE"})
	inDHCP.event(dhcp.Event{Kind: dhcp.EventOffer})
	text := scrape(t, append(append(inTFTP.all(), inHTTP.all()...), inDHCP.all()...))
	for _, want := range []string{
		`pxe_tftp_requests_total{outcome="done"} 2`, `pxe_tftp_requests_total{outcome="size_probe"} 1`,
		`pxe_tftp_refused_total{reason="file_not_found"} 1`, `pxe_tftp_refused_total{reason="access_violation"} 1`,
		`pxe_tftp_refused_total{reason="other"} 1`, `pxe_tftp_refused_total{reason="per_source"} 1`,
		`pxe_tftp_refused_total{reason="rate"} 1`, `pxe_tftp_refused_total{reason="max_transfers"} 1`,
		`pxe_tftp_sent_bytes_total 3000`, `pxe_tftp_retransmits_total 3`, `pxe_tftp_active_transfers 7`,
		`pxe_tftp_transfer_duration_seconds_count 2`, `pxe_tftp_transfer_duration_seconds_bucket{le="1"} 1`,
		`pxe_http_requests_total{status="206"} 1`, `pxe_http_sent_bytes_total 500`, `pxe_dhcp_events_total{kind="offer"} 1`,
		`go_goroutines`, `process_start_time_seconds`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{"linux", "iPXE"} {
		if strings.Contains(text, never) {
			t.Errorf("a name of a file or a client is a label: %s", never)
		}
	}
}

// A port that is taken is told before anything is served.
func TestMetricsPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, serve := range []string{"serve-tftp", "serve-http"} {
		err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, serve, t.TempDir(), "--listen", "127.0.0.1:0", "--metrics", l.Addr().String())
		if err == nil || codeFor(err) != exitFailed || !strings.Contains(err.Error(), "address already in use") || !strings.Contains(hintOf(err), "--metrics") {
			t.Errorf("%s: %v, hint %q", serve, err, hintOf(err))
		}
	}
	failed := errors.New("no")
	if err := withMetrics(t.Context(), "127.0.0.1:0", nil, func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("the server's error is lost: %v", err)
	}
}
