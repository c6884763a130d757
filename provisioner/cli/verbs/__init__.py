"""One file per verb; each offers ``command``."""
