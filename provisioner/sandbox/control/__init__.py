"""The control interface: what a person or a test does to the sandbox itself, on a listener of its own."""
