"""The rules of Artifact Registry without HTTP: formats, generic artifacts, what cleanup policies delete."""
