"""The logs of a run as a zip file, as people download them."""

from __future__ import annotations

import io
import re
import zipfile

from provisioner.sandbox.github.actions import records
from provisioner.sandbox.store import Document, Transaction

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._()-]")


def archive(tx: Transaction, jobs: list[Document]) -> bytes:
    """Return the logs that there are, numbered as on the site."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for index, job in enumerate(jobs):
            log = records.read_log(tx, job)
            if log is not None:
                packed.writestr(f"{index}_{_NOT_IN_NAMES.sub('_', job['name'])}.txt", log)
    return content.getvalue()
