"""SageMaker's wire protocols over HTTP: JSON 1.1 for the control plane, REST for the runtime."""

from __future__ import annotations

import asyncio
import json
import uuid

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from convscope.deployment.emulator.control import ControlPlane
from convscope.deployment.emulator.hosting import Endpoints
from convscope.deployment.emulator.resources import Description
from convscope.deployment.emulator.validation import Refusal

_JSON_1_1 = "application/x-amz-json-1.1"


def create_app(control: ControlPlane, endpoints: Endpoints) -> Starlette:
    """Make the application that boto3's clients `sagemaker` and `sagemaker-runtime` speak to."""

    async def operate(request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            body = json.loads(await request.body() or b"{}")
            answer = await asyncio.to_thread(control.answer, operation, body)
        except Refusal as refusal:
            return _json({"__type": refusal.code, "message": refusal.message}, refusal.status)
        return _json(answer, 200)

    async def invoke(request: Request) -> Response:
        name = request.path_params["name"]
        body = await request.body()
        content_type = request.headers.get("content-type", "application/octet-stream")
        try:
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
