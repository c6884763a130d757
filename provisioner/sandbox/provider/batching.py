"""Joins requests that arrive within a moment into one call, as the real provider does for a project's services."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

Send = Callable[[list[str]], Any]


@dataclass
class _Batch:
    items: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: Exception | None = None


class Batcher:
    """Collects items by key; who comes first waits for the others and sends for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch] = {}

    def join(self, key: Hashable, item: str, wait: Callable[[], None], send: Send) -> Any:  # noqa: ANN401 - as sent
        """Have ``item`` sent with what else arrives while ``wait`` lasts; return what ``send`` returned.

        Raises what ``send`` raised, for everyone in the batch.
        """
        with self._lock:
            first = key not in self._open
            batch = self._open.setdefault(key, _Batch())
            batch.items.append(item)
        if first:
            self._lead(key, batch, wait, send)
        batch.done.wait()
        if batch.error is not None:
            raise batch.error
        return batch.result

    def _lead(self, key: Hashable, batch: _Batch, wait: Callable[[], None], send: Send) -> None:
        try:
            try:
                wait()
            finally:
                with self._lock:
                    del self._open[key]
            batch.result = send(batch.items)
        except Exception as error:  # noqa: BLE001 - every member of the batch gets it
            batch.error = error
        finally:
            batch.done.set()
