"""Cloud Storage without HTTP: names, defaults, generations, preconditions, checksums, retention."""
