"""The rules about source text; the ids of PE-HCL are shared with the rules that read a plan's configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from provisioner.policy.model import Finding, Severity
from provisioner.policy.source.allowed import data_problem, module_problem, path_problem, provider_problem
from provisioner.policy.source.blocks import Block, Call, Expression, calls
from provisioner.request.models import Platform

_READERS = frozenset({"file", "fileexists", "fileset", "filebase64", "templatefile", "pathexpand"})
_READER_PREFIXES = ("filemd5", "filesha", "filebase64sha")
_SECRET_ARGUMENTS = frozenset({"credentials", "access_token", "impersonate_service_account_delegates"})
_BUILT_IN_TYPES = ("google_", "terraform_data")
_IMAGE = "template[0].containers[0].image"


@dataclass(frozen=True, slots=True)
class Where:
    """What a rule knows about the file it looks at."""

    in_root: bool
    platform: Platform | None = None


Remark = tuple[int, str]
"""The line and the reason, in one sentence."""


@dataclass(frozen=True, slots=True)
class SourceRule:
    """Like a plan's rule, over one file's blocks."""

    id: str
    severity: Severity
    title: str
    fix: str
    setting: int
    inspect: Callable[[Block, Where], Iterable[Remark]]
    waivable: bool = True

    @property
    def reference(self) -> str:
        """Where the rule comes from, for people."""
        return f"security baseline, setting {self.setting}"

    def finding(self, resource: str, reason: str) -> Finding:
        """Put the rule's words around one remark."""
        return Finding(self.id, self.severity, resource, reason, self.fix, self.reference)


def _nothing(_body: Block, _where: Where) -> Iterator[Remark]:
    return iter(())


def _providers(body: Block, _where: Where) -> Iterator[Remark]:
    for required in (inner for block in body.of("terraform") for inner in block.of("required_providers")):
        for name, expression in required.attributes.items():
            problem = provider_problem(_source(name, expression))
            if problem:
                yield expression.line, problem
    for block in body.walk():
        if block.type in {"resource", "ephemeral"} and block.labels and not block.labels[0].startswith(_BUILT_IN_TYPES):
            yield block.line, f"{block.labels[0]} needs a provider other than Google's"
    for block in body.of("provider"):
        if block.labels not in {("google",), ("google-beta",)}:
            yield block.line, f"the provider {' '.join(block.labels)} would run as a program here"


def _source(name: str, expression: Expression) -> str:
    """Return the source in ``{ source = "…" }``; Terraform takes hashicorp/<name> when none is given."""
    words = expression.words
    for index, word in enumerate(words[:-2]):
        if word.text == "source" and words[index + 1].text in {"=", ":"} and words[index + 2].kind == "text":
            return words[index + 2].text
    return f"hashicorp/{name}"


def _data(body: Block, _where: Where) -> Iterator[Remark]:
    for block in body.walk():
        if block.type == "data" and block.labels:
            problem = data_problem(block.labels[0])
            if problem:
                yield block.line, problem


def _provisioners(body: Block, _where: Where) -> Iterator[Remark]:
    for block in body.walk():
        if block.type in {"provisioner", "connection"}:
            yield block.line, f"a {block.type} runs commands where Terraform runs"


def _modules(body: Block, _where: Where) -> Iterator[Remark]:
    for block in body.of("module"):
        problem = module_problem(block.text("source"))
        if problem:
            yield block.line, problem


def _files(body: Block, _where: Where) -> Iterator[Remark]:
    for expression in body.expressions():
        for call in calls(expression.words):
            if call.name in _READERS or call.name.startswith(_READER_PREFIXES):
                yield from ((call.line, problem) for problem in _call_problems(call))
    for block in body.of("resource"):
        if block.labels[:1] == ("google_storage_bucket_object",) and "source" in block.attributes:
            path = block.text("source")
            problem = "the file that is uploaded is not a plain text" if path is None else path_problem(path)
            if problem:
                yield block.attributes["source"].line, problem


def _call_problems(call: Call) -> Iterator[str]:
    if not call.arguments or call.arguments[0].kind != "text":
        yield f"{call.name}() is given something other than a plain path"
        return
    pattern = [word for word in call.arguments if word.kind == "text"]
    for word in pattern if call.name == "fileset" else pattern[:1]:
        problem = path_problem(word.text)
        if problem:
            yield f"{call.name}(): {problem}"


def _provider_settings(body: Block, _where: Where) -> Iterator[Remark]:
    for block in body.of("provider"):
        for name, expression in block.attributes.items():
            if name in _SECRET_ARGUMENTS or name.endswith("_custom_endpoint") or name == "universe_domain":
                yield expression.line, f"{name} decides which credentials go where; the runner alone does that"


def _backend(body: Block, where: Where) -> Iterator[Remark]:
    for terraform in body.of("terraform"):
        for block in (*terraform.of("cloud"), *terraform.of("backend")):
            problem = _backend_problem(block, where)
            if problem:
                yield block.line, problem


def _backend_problem(block: Block, where: Where) -> str:
    if not where.in_root:
        return "a module names a backend"
    if block.type != "backend" or block.labels != ("gcs",):
        return f"the state goes to {block.type} {' '.join(block.labels)}".rstrip() + ", not to the platform's bucket"
    bucket, prefix = block.text("bucket"), block.text("prefix")
    if bucket is None or not prefix:
        return "bucket and prefix are not both written as plain texts"
    if where.platform is not None and bucket != where.platform.state.bucket:
        return f"the state goes to {bucket}, not to the platform's bucket {where.platform.state.bucket}"
    extra = set(block.attributes) - {"bucket", "prefix"}
    return f"{min(extra)} decides which credentials go where; the runner alone does that" if extra else ""


def _ignores_releases(body: Block, _where: Where) -> Iterator[Remark]:
    for block in body.of("resource"):
        if block.labels[:1] != ("google_cloud_run_v2_service",):
            continue
        ignored = [e for life in block.of("lifecycle") for n, e in life.attributes.items() if n == "ignore_changes"]
        if not any(_IMAGE in expression.source() for expression in ignored):
            yield block.line, "the next plan would take back what CI deployed"


UNREADABLE = SourceRule(
    "PE-HCL-007",
    Severity.CRITICAL,
    "All source can be read before it runs",
    "write plain .tf files of at most 1 MiB in native syntax, no links",
    16,
    _nothing,
    waivable=False,
)

OUTSIDE = SourceRule(
    "PE-HCL-005",
    Severity.CRITICAL,
    "Modules are local, or pinned by commit",
    "use ../../modules/<name>, or git::https://…?ref=<40 hexadecimal digits>",
    16,
    _modules,
)

BACKEND = SourceRule(
    "PE-STATE-003",
    Severity.CRITICAL,
    "State lies in the platform's bucket",
    'write backend "gcs" with the bucket of platform.yaml and the prefix <team>/<env>',
    9,
    _backend,
)

SOURCE_RULES: tuple[SourceRule, ...] = (
    SourceRule(
        "PE-HCL-001",
        Severity.CRITICAL,
        "Only Google's providers run",
        "use hashicorp/google; ask the platform team for anything else",
        16,
        _providers,
    ),
    SourceRule(
        "PE-HCL-002",
        Severity.CRITICAL,
        "Data sources read Google Cloud, and no secrets into the state",
        "drop the data source; for a token use the ephemeral form",
        16,
        _data,
    ),
    SourceRule(
        "PE-HCL-003",
        Severity.CRITICAL,
        "There are no provisioners",
        "do it in the image or in CI",
        16,
        _provisioners,
    ),
    SourceRule(
        "PE-HCL-004",
        Severity.CRITICAL,
        "Provider blocks name neither credentials nor endpoints",
        "leave project, region, default_labels and batching only",
        16,
        _provider_settings,
    ),
    OUTSIDE,
    SourceRule(
        "PE-HCL-006",
        Severity.CRITICAL,
        "Only files of the module itself are read",
        'write "${path.module}/<file>" as a plain text',
        16,
        _files,
    ),
    UNREADABLE,
    BACKEND,
    SourceRule(
        "PE-RUN-009",
        Severity.HIGH,
        "Terraform leaves alone what CI deploys",
        f"add {_IMAGE} (and client, annotations, traffic) to lifecycle.ignore_changes",
        11,
        _ignores_releases,
    ),
)
