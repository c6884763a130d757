"""The gRPC server Terraform attaches to through TF_REATTACH_PROVIDERS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.sandbox.provider.client import Pace, Transport

ADDRESSES: Final = ("registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google")
"""What Terraform and OpenTofu take ``hashicorp/google`` for."""

WORKERS: Final = 256  # Terraform's StopProvider must get through while all its other calls wait
_LARGEST_MESSAGE: Final = 64 * 1024 * 1024


@dataclass
class ProviderServer:
    """A running provider. ``reattach_json`` is the value of TF_REATTACH_PROVIDERS."""

    port: int
    reattach_json: str
    _server: Any = field(repr=False)
    _pace: Pace = field(repr=False)

    def stop(self) -> None:
        """Stop at once: calls in flight end, waits end, the port is free."""
        self._pace.stopped.set()
        self._server.stop(grace=None).wait()


def serve(
    transport: Transport,
    port: int = 0,
    *,
    default_token: str = "",
    pace: float = 0.02,
    legacy_type_system: bool = True,
) -> ProviderServer:
    """Start the provider on 127.0.0.1 and return it; port 0 takes a free one.

    ``transport`` answers the provider's HTTP requests. ``default_token`` is used when the provider block has no
    access_token: an attached provider does not see Terraform's environment. ``pace`` multiplies every wait of the real
    provider. ``legacy_type_system=False`` makes Terraform strict about plans; it is for tests. Raises OSError when the
    port is taken.
    """
    import grpc  # type: ignore[import-untyped] # noqa: PLC0415 - heavy and untyped; only a server that is started needs it

    from provisioner.sandbox.provider import protocol, registry, service, session  # noqa: PLC0415 - likewise

    waits = Pace(pace)
    shared = session.Session(registry.load(), transport, default_token, waits, legacy=legacy_type_system)
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(_with_peer(handle))
        for name, handle in service.handlers(shared).items()
    }
    server = grpc.server(
        ThreadPoolExecutor(WORKERS, thread_name_prefix="provider"),
        handlers=(grpc.method_handlers_generic_handler(protocol.SERVICE, handlers),),
        options=(
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ),
    )
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} on 127.0.0.1 is taken") from error
    server.start()
    return ProviderServer(bound, reattach_json(bound), server, waits)


def reattach_json(port: int) -> str:
    """Return what tells Terraform to attach; ``Test`` must be true, or Terraform tries to end this process."""
    attachment = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
    return json.dumps(dict.fromkeys(ADDRESSES, attachment))


def _with_peer(handle: Callable[[bytes, str], bytes]) -> Callable[[bytes, Any], bytes]:
    return lambda request, context: handle(request, context.peer())
