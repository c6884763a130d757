"""The two inputs: read, checked, and everything that follows from them derived."""
