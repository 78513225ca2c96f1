"""The records of one emulated account: what was created, as Describe operations show it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.containers import Container
from sagemaker_emulator.faults import Faults
from sagemaker_emulator.storage import ACCOUNT
from sagemaker_emulator.validation import Refusal, operation_model

Description = dict[str, Any]


@dataclass
class Resource:
    """A training job, model, endpoint config or endpoint."""

    description: Description  # as the wire protocol has it, with times in seconds since 1970
    tags: dict[str, str] = field(default_factory=dict)
    container: Container | None = None
    port: int = 0  # where the container of an endpoint listens
    ending: threading.Event = field(default_factory=threading.Event)  # set when it is to be stopped or deleted


@dataclass(frozen=True)
class Kind:
    """A kind of resource, and how AWS speaks of it."""

    name: str  # "EndpointConfig"
    words: str  # "endpoint configuration"
    arn: str  # "endpoint-config"

    @property
    def key(self) -> str:
        """Field with the name of a resource: "EndpointConfigName"."""
        return f"{self.name}Name"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("TrainingJob", "training job", "training-job"),
        Kind("Model", "model", "model"),
        Kind("EndpointConfig", "endpoint configuration", "endpoint-config"),
        Kind("Endpoint", "endpoint", "endpoint"),
    )
}


class Records:
    """All resources, guarded by one lock."""

    def __init__(self, region: str, faults: Faults) -> None:
        self.region = region
        self.faults = faults
        self.lock = threading.RLock()
        self._by_kind: dict[str, dict[str, Resource]] = {name: {} for name in KINDS}

    def arn(self, kind: str, name: str) -> str:
        """ARN of a resource."""
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{KINDS[kind].arn}/{name}"

    def all(self, kind: str) -> list[Resource]:
        """Return the resources of a kind, oldest first."""
        with self.lock:
            return list(self._by_kind[kind].values())

    def get(self, kind: str, name: str) -> Resource:
        """Return a resource.

        Raises Refusal: there is none of this name.
        """
        with self.lock:
            found = self._by_kind[kind].get(name)
            if found is None:
                if kind == "TrainingJob":
                    raise Refusal("Requested resource not found.")
                raise Refusal(f'Could not find {KINDS[kind].words} "{self.arn(kind, name)}".')
            return found

    def add(self, kind: str, request: Description, **more: Any) -> Resource:
        """Add a resource.

        Raises Refusal: the name is taken.
        """
        name = request[KINDS[kind].key]
        arn = self.arn(kind, name)
        with self.lock:
            if name in self._by_kind[kind]:
                if kind == "TrainingJob":
                    raise Refusal(
                        "Job name must be unique within an AWS account and region, and a training job with this name "
                        f"already exists ({arn})",
                        "ResourceInUse",
                    )
                raise Refusal(f'Cannot create already existing {KINDS[kind].words} "{arn}".')
            tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
            now = time.time()
            description = {**request, f"{kind}Arn": arn, "CreationTime": now, "LastModifiedTime": now, **more}
            resource = Resource(description, tags)
            self._by_kind[kind][name] = resource
            return resource

    def remove(self, kind: str, name: str) -> None:
        """Forget a resource."""
        with self.lock:
            self._by_kind[kind].pop(name, None)

    def by_arn(self, arn: str) -> Resource:
        """Return the resource of an ARN.

        Raises Refusal: there is none.
        """
        part, _, name = arn.rpartition(":")[2].partition("/")
        for kind in KINDS.values():
            if kind.arn == part and arn == self.arn(kind.name, name):
                return self.get(kind.name, name)
        raise Refusal(f"{arn} is no resource of this account and region.")

    def update(self, resource: Resource, **changes: Any) -> None:
        """Change a description."""
        with self.lock:
            resource.description.update(changes, LastModifiedTime=time.time())

    def shown(self, operation: str, resource: Resource) -> Description:
        """Return the members of a description that an operation's answer has."""
        members = operation_model(operation).output_shape.members
        with self.lock:
            return {name: value for name, value in resource.description.items() if name in members}

    def summaries(self, operation: str, kind: str, keep: Callable[[Resource], bool]) -> Description:
        """Return the answer of a List operation."""
        ((list_name, shape),) = (
            (name, shape)
            for name, shape in operation_model(operation).output_shape.members.items()
            if shape.type_name == "list"
        )
        with self.lock:
            return {
                list_name: [
                    {name: value for name, value in resource.description.items() if name in shape.member.members}
                    for resource in self._by_kind[kind].values()
                    if keep(resource)
                ]
            }
