"""The resource types of the stand-in, one module per service."""
