"""The rules of Resource Manager without HTTP: projects, folders, organisations."""
