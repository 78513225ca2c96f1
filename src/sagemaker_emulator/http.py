"""SageMaker's wire protocols over HTTP: JSON 1.1 for the control plane, REST for the runtime."""

from __future__ import annotations

import asyncio
import json
import traceback
import uuid

from botocore.credentials import Credentials
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sagemaker_emulator.control import ControlPlane
from sagemaker_emulator.hosting import Endpoints
from sagemaker_emulator.resources import Description
from sagemaker_emulator.signatures import check_signature
from sagemaker_emulator.validation import Refusal

_JSON_1_1 = "application/x-amz-json-1.1"


def create_app(control: ControlPlane, endpoints: Endpoints, credentials: Credentials) -> Starlette:
    """Make the application that boto3's clients `sagemaker` and `sagemaker-runtime` speak to with the secret."""

    async def signed_body(request: Request) -> bytes:
        body = await request.body()
        path = request.scope["raw_path"].decode("ascii") + (f"?{request.url.query}" if request.url.query else "")
        url = f"http://{request.headers.get('host', '')}{path}"
        check_signature(credentials, request.method, url, dict(request.headers), body)
        return body

    async def operate(request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            try:
                body = json.loads(await signed_body(request) or b"{}")
            except ValueError as error:
                raise Refusal(f"The request is no JSON: {error}", "SerializationException") from error
            answer = await asyncio.to_thread(control.answer, operation, body)
        except Refusal as refusal:
            return _json({"__type": refusal.code, "message": refusal.message}, refusal.status)
        except Exception as error:
            traceback.print_exc()
            return _json({"__type": "InternalFailure", "message": f"The emulator failed: {error!r}"}, 500)
        return _json(answer, 200)

    async def invoke(request: Request) -> Response:
        name = request.path_params["name"]
        content_type = request.headers.get("content-type", "application/octet-stream")
        try:
            body = await signed_body(request)
            answer = await asyncio.to_thread(
                endpoints.invoke, name, body, content_type, request.headers.get("accept", "*/*")
            )
        except Refusal as refusal:
            return _runtime_error(refusal.code, {"Message": refusal.message}, refusal.status)
        if answer.status != 200:
            text = answer.body.decode("utf-8", errors="replace")
            side = "client" if answer.status < 500 else "server"
            message = f'Received {side} error ({answer.status}) from primary with message "{text}".'
            details = {
                "Message": message,
                "OriginalStatusCode": answer.status,
                "OriginalMessage": text,
                "LogStreamArn": "",
            }
            return _runtime_error("ModelError", details, 424)
        headers = {**_request_id(), "x-Amzn-Invoked-Production-Variant": "AllTraffic"}
        return Response(answer.body, 200, headers, media_type=answer.content_type)

    return Starlette(
        routes=[
            Route("/endpoints/{name}/invocations", invoke, methods=["POST"]),
            Route("/", operate, methods=["POST"]),
        ]
    )


def _json(content: Description, status: int) -> Response:
    return Response(json.dumps(content), status, _request_id(), media_type=_JSON_1_1)


def _runtime_error(code: str, content: Description, status: int) -> Response:
    headers = {**_request_id(), "x-amzn-ErrorType": code}
    return Response(json.dumps(content), status, headers, media_type="application/json")


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}
