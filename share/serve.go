package share

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// A client that is silent for this long before it has sent its request, or
// between two requests, loses its connection.
const (
	headerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// shutdownGrace is how long a transfer may go on after the server was told to
// end.
const shutdownGrace = 2 * time.Second

// Serve answers HTTP requests on l, which it closes, until ctx ends; then it
// returns nil, having given running transfers two seconds to finish.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0), // what matters is in the events
		// OPTIONS * is refused by the handler, and told, as other methods are.
		DisableGeneralOptionsHandler: true,
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	err := server.Serve(l)
	if stop() { // the listener broke by itself
		server.Close()
		return err
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
