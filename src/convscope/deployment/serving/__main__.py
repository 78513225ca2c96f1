"""The serving container's entry point: ``python -m convscope.deployment.serving``."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from convscope.deployment.serving.app import create_app

KEEP_ALIVE_SECONDS = 75  # longer than the minute that clients keep an idle connection, so that they close it first
SHUTDOWN_SECONDS = 10


def serve(model_dir: Path, host: str, port: int, listening: Callable[[int], None] = lambda _: None) -> int:
    """Serve an artefact until a termination signal; return the exit status.

    Parameters
    ----------
    listening
        Called with the port when it is taken: port 0 takes a free one.

    Returns
    -------
    int
        0; 1 when the model cannot be loaded, whose reason is in the log: a container that cannot serve should end.
    """
    failed = False

    def on_failure() -> None:
        nonlocal failed
        failed = True
        server.should_exit = True

    app = create_app(model_dir, on_failure)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="info",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = uvicorn.Server(config)
    with config.bind_socket() as taken:
        taken.listen(config.backlog)  # who asks now is answered when the application is up, and not refused
        listening(taken.getsockname()[1])
        server.run(sockets=[taken])
    return 1 if failed or not server.started else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options; in a SageMaker container none is given."""
    parser = argparse.ArgumentParser(prog="python -m convscope.deployment.serving", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve"], help="as in `docker run IMAGE serve`")
    model_dir = Path(os.environ.get("CONVSCOPE_OPT_ML", "/opt/ml"), "model")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    parser.add_argument("--model-dir", type=Path, default=model_dir, help="folder of the artefact (%(default)s)")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=port, help="port to listen on (%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    return serve(options.model_dir, options.host, options.port)


if __name__ == "__main__":
    raise SystemExit(main())
