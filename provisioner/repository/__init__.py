"""The GitHub repository of a team: found or made, filled from the template, read back and compared.

``provisioner.repository.github.connect`` opens the door; it is not imported here, because PyGithub takes its time.
"""

from provisioner.repository.facts import Difference, EnvironmentOutputs, PublishResult, RepositoryFacts

__all__ = ["Difference", "EnvironmentOutputs", "PublishResult", "RepositoryFacts", "template_version"]


def template_version() -> str:
    """Return the version of the built-in repository template."""
    from provisioner.repository.template import load_template  # noqa: PLC0415 - jinja2 only when asked for
    from provisioner.request.data import data_folder  # noqa: PLC0415 - likewise

    return load_template(data_folder("repo-template")).version
