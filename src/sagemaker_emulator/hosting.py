"""Endpoints: the real server as a subprocess, in service once it answers its health check."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from sagemaker_emulator.containers import Container
from sagemaker_emulator.resources import Description, Resource
from sagemaker_emulator.storage import unpack_archive
from sagemaker_emulator.validation import Refusal
from sagemaker_emulator.work import Work

MEGABYTE = 1024 * 1024
PAYLOAD_LIMIT = {"instance": 6 * MEGABYTE, "serverless": 4 * MEGABYTE}
ANSWER_SECONDS = 60
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """What a model's container answered."""

    status: int
    body: bytes
    content_type: str


@dataclass
class Endpoints(Work):
    """Starts, calls and ends the servers of endpoints."""

    health_check_seconds: float = 60  # how long a server may take to answer, where the endpoint config does not say

    def _fail(self, resource: Resource, reason: str) -> None:
        with self.records.lock:
            if not resource.ending.is_set():
                self.records.update(resource, EndpointStatus="Failed", FailureReason=reason)

    def _run(self, resource: Resource, *described: Description) -> None:
        """Bring an endpoint into service, given its production variant and the container of its model."""
        endpoint, (variant, container) = resource, described
        if self.records.faults.out_of_capacity(variant.get("InstanceType")):
            raise Refusal(
                "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please "
                "retry using a different ML instance type or after some time."
            )
        opt_ml = self.folder / endpoint.description["EndpointName"]
        shutil.rmtree(opt_ml, ignore_errors=True)  # of an endpoint of this name that was deleted
        (opt_ml / "model").mkdir(parents=True)
        self.storage.download(container["ModelDataUrl"], opt_ml / "download")
        unpack_archive(opt_ml / "download" / "model.tar.gz", opt_ml / "model")
        image = self._image(container["Image"])
        if not image.serve:
            raise Refusal(f"Cannot pull the image {container['Image']}: it does not exist.")
        port = _free_port()
        environment = {"SAGEMAKER_BIND_TO_PORT": str(port), **container.get("Environment", {})}
        with self.records.lock:
            if endpoint.ending.is_set():
                return
            endpoint.port = port
            endpoint.container = Container(image, image.serve, environment, opt_ml, port)
        limit = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", self.health_check_seconds)
        if not self._becomes_healthy(endpoint, endpoint.container, limit):
            raise Refusal(
                f"The primary container for production variant {variant['VariantName']} did not pass the ping health "
                "check. Please check CloudWatch logs for this endpoint."
            )
        with self.records.lock:
            if not endpoint.ending.is_set():
                self.records.update(endpoint, EndpointStatus="InService")

    def _becomes_healthy(self, endpoint: Resource, container: Container, limit: float) -> bool:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline and container.is_running and not endpoint.ending.is_set():
            with contextlib.suppress(OSError):  # not listening yet, or 503: an HTTPError is one
                url = f"http://127.0.0.1:{endpoint.port}/ping"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return True
            time.sleep(_POLL_SECONDS)
        return endpoint.ending.is_set()

    def delete(self, endpoint: Resource) -> None:
        """End an endpoint's server and forget the endpoint; returns at once, as AWS does."""
        with self.records.lock:
            endpoint.ending.set()
            self.records.update(endpoint, EndpointStatus="Deleting")

        def end() -> None:
            try:
                if endpoint.container is not None:
                    endpoint.container.stop(grace_seconds=5)
            finally:
                self.records.remove("Endpoint", endpoint.description["EndpointName"])

        threading.Thread(target=end, daemon=True).start()

    def invoke(self, name: str, body: bytes, content_type: str, accept: str) -> Answer:
        """Pass a request to an endpoint's server.

        Raises Refusal: the endpoint is not in service, the body is too large, or its server does not answer.
        """
        try:
            endpoint = self.records.get("Endpoint", name)
        except Refusal as refusal:
            raise Refusal(f"Endpoint {name} of account not found.", "ValidationError") from refusal
        description = endpoint.description
        if description["EndpointStatus"] != "InService":
            raise Refusal(f"Endpoint {name} is {description['EndpointStatus']}.", "ValidationError")
        limit = PAYLOAD_LIMIT["serverless" if description["Serverless"] else "instance"]
        if len(body) > limit:
            raise Refusal(f"Request body of {len(body)} bytes exceeds {limit} bytes.", "ValidationError", 413)
        request = urllib.request.Request(
            f"http://127.0.0.1:{endpoint.port}/invocations",
            data=body,
            headers={"Content-Type": content_type, "Accept": accept},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return Answer(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers.get("Content-Type", ""))
        except OSError as error:
            raise Refusal(f"The model did not answer: {error}", "ServiceUnavailable", 503) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
