"""The HTTP side: ``GET /ping``, ``POST /invocations``, and an error as JSON for everything else."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from convscope.deployment.artefact import read_artefact
from convscope.deployment.serving.inputs import BadRequest, decode

if TYPE_CHECKING:
    from convscope.deployment.serving.predictor import Predictor

MOST_BYTES = 6 * 1024 * 1024  # of a body; SageMaker's own limit for real-time endpoints
MOST_DISCARDED = 64 * 1024 * 1024  # read and dropped of a body that is too large, so that its client hears why

_log = logging.getLogger("convscope.serving")


class Service:
    """One model, loading or loaded, and the thread that computes with it.

    All decoding and computing is done by one thread: results are those of one thread, and the event loop stays free
    to answer health checks meanwhile.
    """

    def __init__(self, model_dir: Path) -> None:
        self.predictor: Predictor | None = None
        self.failure: str = ""
        self._model_dir = model_dir
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="predict")

    def start(self, on_failure: Callable[[], None]) -> None:
        """Load the model in the background; a daemon thread, since a load that hangs must not keep the process."""
        threading.Thread(target=self._load, args=(on_failure,), name="load", daemon=True).start()

    def stop(self) -> None:
        """Take no more work."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _load(self, on_failure: Callable[[], None]) -> None:
        try:
            artefact = read_artefact(self._model_dir)
            from convscope.deployment.serving.predictor import Predictor  # imports torch

            self.predictor = Predictor(artefact)
            _log.info("ready: %s", json.dumps(self.predictor.description))
        except Exception as error:  # whatever it is, /ping must tell it
            self.failure = f"{type(error).__name__}: {error}"
            _log.exception("The model in %s cannot be loaded.", self._model_dir)
            on_failure()

    async def answer(self, body: bytes, content_type: str) -> bytes:
        """Return the JSON answer to a request's body.

        Raises
        ------
        BadRequest
            The body cannot be answered.
        """
        if self.predictor is None:
            raise BadRequest(503, "NotReady", self.failure or "The model is still loading.")
        work = partial(self._answer, self.predictor, body, content_type)
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    @staticmethod
    def _answer(predictor: Predictor, body: bytes, content_type: str) -> bytes:
        pixels = decode(body, content_type, predictor.artefact.model.input_shape)
        predictions = [asdict(prediction) for prediction in predictor.predict(pixels)]
        return json.dumps({"model": predictor.description, "predictions": predictions}, allow_nan=False).encode()


def create_app(model_dir: Path, on_failure: Callable[[], None] = lambda: None) -> Starlette:
    """Make the application.

    Parameters
    ----------
    model_dir
        Folder of the artefact; it is loaded once the application starts, in the background.
    on_failure
        Called, from another thread, when the model cannot be loaded. ``/ping`` then stays at 503 and says why.
    """
    service = Service(model_dir)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        service.start(on_failure)
        yield
        service.stop()

    async def ping(_request: Request) -> Response:
        if service.predictor is None:
            return _error(503, "NotReady", service.failure or "The model is still loading.")
        return JSONResponse({"model": service.predictor.description})

    async def invocations(request: Request) -> Response:
        body = await _body(request)
        try:
            answer = await service.answer(body, request.headers.get("content-type", ""))
        except BadRequest:
            raise
        except Exception:  # answered here: from a fault that gets through to uvicorn, it closes the connection
            _log.exception("A request failed.")
            return _error(500, "InternalError", "The server failed at this request; its log says why.")
        return Response(answer, media_type="application/json")

    return Starlette(
        routes=[Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])],
        lifespan=lifespan,
        exception_handlers={BadRequest: _bad_request, HTTPException: _http_error},
    )


async def _body(request: Request) -> bytes:
    """Read the body; of one that is too large the rest is dropped as it arrives."""
    kept, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MOST_BYTES:
                kept += chunk
            elif size > MOST_DISCARDED:
                break
            else:
                kept.clear()
    except ClientDisconnect:
        raise BadRequest(400, "Disconnected", "The client went away within its request.") from None
    if size > MOST_BYTES:
        raise BadRequest(413, "BodyTooLarge", f"The body has more than {MOST_BYTES:,} bytes.")
    return bytes(kept)


def _error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"type": kind, "message": message}}, status, headers)


async def _bad_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)
    return _error(error.status, error.kind, error.message)


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors: an unknown path, a wrong method."""
    assert isinstance(error, HTTPException)
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "HttpError")
    message = f"{request.method} {request.url.path[:60]}: GET /ping and POST /invocations are answered."
    return _error(error.status_code, kind, message, dict(error.headers or {}))
