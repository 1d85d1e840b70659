package fault

// httpSize is what EDK2 prints first whenever it cannot begin the download.
const httpSize = "Error: Could not retrieve NBP file size from HTTP server.\n"

func httpFaults() []Fault {
	return []Fault{
		{
			ID:    HTTPNotFound,
			Title: "the HTTP server does not have the file",
			UEFI:  "Client Error: 404 Not Found\n" + httpSize + "Error: Unexpected network error.",
			IPXE:  "No such file or directory (https://ipxe.org/2d0c613b)",
			Means: "The server answered 404 or 410.",
			Causes: []string{
				"The path in the URL does not match the server's tree.",
				"The loader puts two slashes into the path, as shim does, and the server does not take them for one.",
			},
			Remedy:  "Fetch exactly this URL with another client, then correct the URL or the tree.",
			Sources: []string{"EDK2 HttpBootSupport.c", "tinkerbell/smee issue 229"},
		},
		{
			ID:    HTTPForbidden,
			Title: "the HTTP server refuses to give the file",
			UEFI:  httpSize + "Error: Could not establish connection with HTTP server.",
			IPXE:  "Permission denied",
			Means: "The server answered 401 or 403.",
			Causes: []string{
				"The file is not readable for the server, or SELinux forbids it.",
				"The server wants a password, or admits other addresses only.",
			},
			Remedy:  "Make the file readable for the web server and admit the client's subnet without a password.",
			Sources: []string{"EDK2 HttpBootClient.c", "RFC 9110 15.5"},
		},
		{
			ID:    HTTPNoLength,
			Title: "the HTTP server does not say how long the file is",
			UEFI:  httpSize + "Error: Unexpected network error.",
			Means: "UEFI HTTP Boot asks with HEAD for the Content-Length before it downloads. Without one it has to fetch the file twice, and much firmware gives up.",
			Causes: []string{
				"The server answers HEAD with an error such as 405.",
				"The server compresses or generates the file and sends it in chunks.",
			},
			Remedy:  "Serve the file as a static one, with HEAD allowed and compression off.",
			Sources: []string{"EDK2 HttpBootClient.c"},
		},
		{
			ID:    HTTPRedirect,
			Title: "the HTTP server redirects, and firmware does not follow",
			UEFI:  "HTTP ERROR: Resource Redirected.\nNew Location: ...\n" + httpSize + "Error: Unexpected network error.",
			GRUB:  "error: unsupported HTTP error 302",
			Means: "The server answered with a redirection. UEFI firmware prints the new address and stops; GRUB does not follow either.",
			Causes: []string{
				"The server sends every client from http to https.",
				"It redirects // to /, and shim asks for //grubx64.efi.",
				"The file moved.",
			},
			Remedy:  "Serve the file under the address that clients ask for, and turn redirects off for the boot tree.",
			Sources: []string{"EDK2 HttpBootSupport.c", "GRUB net/http.c", "tinkerbell/smee issue 229"},
		},
		{
			ID:    HTTPServerError,
			Title: "the HTTP server failed to give the file",
			UEFI:  httpSize + "Error: Unexpected network error.",
			IPXE:  "Input/output error",
			Means: "The server answered with a status of its own failure (5xx), or one that no boot client understands.",
			Causes: []string{
				"The server, or one behind it, fails.",
				"A page that is made per machine failed for this one.",
			},
			Remedy:  "Read the server's error log for this request.",
			Sources: []string{"RFC 9110 15.6"},
		},
		{
			ID:    HTTPSilent,
			Title: "the HTTP server does not answer",
			UEFI:  httpSize + "Error: Server response timeout.",
			IPXE:  "Connection timed out (https://ipxe.org/4c0a6092)",
			Means: "The connection could not be opened, or nothing came over it.",
			Causes: []string{
				"A firewall drops the port.",
				"The host is down, or the URL names another.",
				"The server is on another subnet and the lease has no router.",
			},
			Remedy:  "Open the URL from another machine on the client's subnet.",
			Sources: []string{"EDK2 HttpBootImpl.c"},
		},
		{
			ID:    HTTPRefused,
			Title: "nothing listens on the HTTP port",
			UEFI:  httpSize + "Error: Unexpected network error.",
			IPXE:  "Connection refused",
			Means: "The host closed the connection at once.",
			Causes: []string{
				"The web server is not running, or on another port or address.",
			},
			Remedy:  "Start the web server, or correct the port in the URL.",
			Sources: []string{"RFC 9293 3.5"},
		},
		{
			ID:    HTTPWrongType,
			Title: "the HTTP server calls the file something that firmware does not boot",
			UEFI:  httpSize + "Error: Unexpected network error.",
			Means: "UEFI HTTP Boot goes by the Content-Type, or else by the ending of the URL: .efi, .iso or .img. Neither told it what this is.",
			Causes: []string{
				"The URL has no such ending and the server sends text/html or application/octet-stream.",
			},
			Remedy:  "Give the file the ending .efi, or send Content-Type application/efi (application/vnd.efi-iso for CD images).",
			Sources: []string{"EDK2 HttpBootSupport.c", "UEFI HTTP Boot"},
		},
		{
			ID:    HTTPNeedsTLS,
			Title: "this firmware boots from https only",
			UEFI:  "Error: Access forbidden, only HTTPS connection is allowed.",
			Means: "The firmware was built without plain http, as is the default of EDK2.",
			Causes: []string{
				"The URL starts with http:.",
			},
			Remedy:  "Look for a setting that allows http in the firmware's setup, or serve the tree over https with a certificate that the machine trusts.",
			Sources: []string{"EDK2 HttpBootSupport.c", "EDK2 NetworkPkg.dec"},
		},
		{
			ID:    HTTPBadTLS,
			Title: "the TLS connection to the HTTP server failed",
			UEFI:  "Error: TLS session connection failed.",
			IPXE:  "Permission denied",
			Means: "The server's certificate was not accepted, or the two sides have no cipher in common.",
			Causes: []string{
				"The certificate's issuer is not enrolled in the firmware, or not trusted by the loader.",
				"The name or address in the URL is not in the certificate.",
				"The machine's clock is wrong, so the certificate looks expired.",
			},
			Remedy:  "Enrol the issuer's certificate in the firmware's setup, put the name of the URL into the certificate, and set the clock.",
			Sources: []string{"EDK2 TlsAuthConfigDxe", "EDK2 HttpBootSupport.c"},
		},
		{
			ID:    HTTPNoDNS,
			Title: "the host name in the URL does not resolve",
			UEFI:  "Error: Could not retrieve the host address from DNS server.",
			IPXE:  "DNS name does not exist",
			Means: "The client got no address for the host in the URL. Without a DNS server in the lease, UEFI firmware does not use such an offer at all.",
			Causes: []string{
				"The lease has no DNS server (option 6), or one that does not know the name.",
			},
			Remedy:  "Put an address into the URL, or give a DNS server that knows the name.",
			Sources: []string{"EDK2 HttpBootDhcp4.c", "ipxe/ipxe issue 1316"},
		},
	}
}
