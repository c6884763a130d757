"""The stand-in for Terraform's ``hashicorp/google`` provider, served by the sandbox's own process."""

from provisioner.sandbox.provider.client import Transport
from provisioner.sandbox.provider.server import ProviderServer, serve

__all__ = ["ProviderServer", "Transport", "serve"]
