"""Where a root finds its modules: copied beside the roots, a folder of the same repository, or a git source."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from provisioner.request.data import data_folder
from provisioner.request.platform_parts import ModuleSettings

BUILTIN = "builtin"

_SHIPPED = {".tf", ".md"}


@dataclass(frozen=True)
class ModuleSource:
    """The prefix and suffix of a module's address, and the files that go with the roots."""

    prefix: str
    suffix: str
    folder: str | None

    def address(self, module: str) -> str:
        """Return what goes into ``source`` of a module call two folders below the base."""
        return f"{self.prefix}{module}{self.suffix}"

    def files(self, modules: tuple[str, ...]) -> dict[str, bytes]:
        """Return the copied files by their path; none for a git source."""
        if self.folder is None:
            return {}
        origin = data_folder("modules")
        return {
            f"{self.folder}/{path.relative_to(origin).as_posix()}": path.read_bytes()
            for module in modules
            for path in sorted((origin / module).iterdir())
            if path.suffix in _SHIPPED
        }


def module_source(settings: ModuleSettings) -> ModuleSource:
    """Return where modules come from, as platform.yaml says."""
    if settings.source == BUILTIN:
        folder = f"modules@{modules_version()}"
        return ModuleSource(f"../../{folder}/", "", folder)
    if settings.source.startswith("."):
        return ModuleSource(f"{settings.source.rstrip('/')}/", "", None)
    return ModuleSource(f"git::{settings.source}//modules/", f"?ref={settings.ref}", None)


def modules_version() -> str:
    """Return the version of the modules that come with this product."""
    return version("provision-env")
