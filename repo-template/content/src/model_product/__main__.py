"""The commands behind the Makefile: check, train, evaluate, predict, drift."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from model_product import batch, contract, drift, evaluate, model
from model_product.table import Table, read_table, write_table

CONTRACT = Path("config/contract.yaml")
SETTINGS = Path("config/model.yaml")
HOLD_OUT = 4  # every fourth row is kept for evaluation


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 1 when data or model are not good enough."""
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (ValueError, OSError) as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model_product", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, function in (
        ("check", check),
        ("train", train),
        ("evaluate", score_model),
        ("predict", predict),
        ("drift", watch),
    ):
        command = commands.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
        command.add_argument("--data", type=Path, required=True, help="CSV file")
        command.add_argument("--model", type=Path, default=Path("build/model.json"))
        command.add_argument("--out", type=Path, default=None, help="where to write the result")
        command.add_argument(
            "--reference", type=Path, default=Path("data/training.csv"), help="data the model was trained on"
        )
        command.add_argument(
            "--as-of", type=_moment, default=datetime.now(UTC), help="freshness counts from here (ISO time)"
        )
        command.set_defaults(command=function)
    return parser


def check(options: argparse.Namespace) -> int:
    """Check data against the contract."""
    _checked(options)
    print(f"{options.data}: as agreed")
    return 0


def train(options: argparse.Namespace) -> int:
    """Train on data that keeps the contract."""
    agreed = contract.load_contract(CONTRACT)
    known, _ = _split(_checked(options))
    settings = _settings()
    fitted = model.fit(
        known.numbers(agreed.features),
        known.numbers([agreed.label])[:, 0],
        agreed.features,
        str(settings["version"]),
        model.Training(**settings["training"]),
    )
    fitted.save(options.model)
    print(f"{options.model}: model {fitted.version}, trained on {len(known.rows)} rows")
    return 0


def score_model(options: argparse.Namespace) -> int:
    """Measure the model on rows it has not seen; fail below a threshold."""
    agreed, trained = contract.load_contract(CONTRACT), model.load_model(options.model)
    _, unseen = _split(_checked(options))
    measures = evaluate.measure(trained.score(unseen.numbers(trained.features)), unseen.numbers([agreed.label])[:, 0])
    print(json.dumps({name: round(value, 4) for name, value in measures.items()}, sort_keys=True))
    evaluate.require(measures, _settings()["thresholds"])
    return 0


def predict(options: argparse.Namespace) -> int:
    """Score a file, a sample of it first."""
    trained, agreed = model.load_model(options.model), contract.load_contract(CONTRACT)
    scored = batch.predict(trained, read_table(options.data), agreed, options.as_of)
    write_table(options.out or Path("build/scores.csv"), scored)
    print(f"{options.out or 'build/scores.csv'}: {len(scored.rows)} rows scored")
    return 0


def watch(options: argparse.Namespace) -> int:
    """Compare data with the training data; exit 1 when an alert has to be raised."""
    trained = model.load_model(options.model)
    expected, found = (read_table(path).numbers(trained.features) for path in (options.reference, options.data))
    figures = drift.report(trained.features, expected, found)
    raised = drift.alerts(figures, _settings()["drift"])
    print(json.dumps(figures, indent=2, sort_keys=True))
    for alert in raised:
        print(
            f"{alert.column}: {alert.measure} {alert.value} > {alert.limit}; {alert.owner}: {alert.action}",
            file=sys.stderr,
        )
    return 1 if raised else 0


def _checked(options: argparse.Namespace) -> Table:
    table = read_table(options.data)
    contract.check(table, contract.load_contract(CONTRACT), options.as_of)
    return table


def _split(table: Table) -> tuple[Table, Table]:
    known = tuple(row for i, row in enumerate(table.rows) if i % HOLD_OUT)
    unseen = tuple(row for i, row in enumerate(table.rows) if not i % HOLD_OUT)
    return Table(table.header, known), Table(table.header, unseen)


def _settings() -> dict[str, Any]:
    return dict(yaml.safe_load(SETTINGS.read_text(encoding="utf-8")))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
