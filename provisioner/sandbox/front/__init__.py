"""The front door: a CONNECT proxy that ends TLS with its own authority and speaks HTTP/1.1."""
