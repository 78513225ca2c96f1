"""moto's server for S3, STS and IAM, behind a check of signatures: moto itself answers everybody."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sagemaker_emulator.signatures import check_signature
from sagemaker_emulator.validation import Refusal


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's own name
        """Print no line for every request."""


class Account:
    """The services beside SageMaker, on a free port."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        headers |= {
            name: environ.get(name.replace("-", "_").upper(), "") for name in ("content-type", "content-length")
        }
        url = f"http://{headers.get('host', '')}{environ['RAW_URI']}"
        try:
            check_signature(self._credentials, environ["REQUEST_METHOD"], url, headers, body)
        except Refusal as refusal:
            code, message = escape(refusal.code), escape(refusal.message)
            # the one that S3's clients read, inside of the one that those of IAM and STS read
            text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            if "/s3/aws4_request" in headers.get("authorization", "") or "authorization" not in headers:
                text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            start_response(f"{refusal.status} Refused", [("Content-Type", "application/xml")])
            return [text.encode()]
        environ["wsgi.input"] = io.BytesIO(body)
        answered: Iterable[bytes] = self._moto(environ, start_response)
        return answered
