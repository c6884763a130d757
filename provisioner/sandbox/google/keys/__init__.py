"""Cloud KMS without HTTP: key rings, keys, their versions and what time does to them."""
