"""The scoring service: GET /health, POST /score."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from model_product.model import load_model
from model_product.safe import Limits, Scorer

LARGEST_BODY = 64 * 1024


def create(scorer: Scorer) -> Starlette:
    """Return the ASGI application around one scorer."""

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "model": scorer.model.version})

    async def score(request: Request) -> JSONResponse:
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return JSONResponse({"error": f"at most {LARGEST_BODY} bytes"}, 413)
        try:
            answer = scorer.answer(_inputs(body))
        except ValueError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        return JSONResponse({**asdict(answer), "model": scorer.model.version})

    return Starlette(routes=[Route("/health", health), Route("/score", score, methods=["POST"])])


def application() -> Starlette:
    """Return the application of the model that MODEL_FILE names (uvicorn's factory)."""
    model = load_model(Path(os.environ.get("MODEL_FILE", "build/model.json")))
    return create(Scorer(model, Limits(), time.monotonic))


def _inputs(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except ValueError as problem:
        raise ValueError("the body is not JSON") from problem
    if not isinstance(document, dict) or not isinstance(document.get("inputs"), dict):
        raise ValueError('write {"inputs": {"name": number, ...}}')
    return dict(document["inputs"])
