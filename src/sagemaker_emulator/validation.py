"""Checks a request as AWS does: against the model of the service that botocore carries.

Names, lengths, patterns and instance types are those of the real API, and change with the installed botocore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape


class Refusal(Exception):  # an answer of the protocol, not a failure of the emulator
    """An error as the wire protocol carries it.

    Parameters
    ----------
    code
        ``"ValidationException"`` unless the API has a more precise one.
    """

    def __init__(self, message: str, code: str = "ValidationException", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


@lru_cache
def operation_model(name: str) -> OperationModel:
    """Return what botocore knows of an operation of SageMaker.

    Raises Refusal: there is none of this name.
    """
    service = _service()
    if name not in service.operation_names:
        raise Refusal(f"Operation {name} is unknown.", "UnknownOperationException")
    return service.operation_model(name)


@lru_cache
def _service() -> Any:
    return botocore.session.Session().get_service_model("sagemaker")


def validate(operation: str, request: dict[str, Any]) -> None:
    """Check a request against the service's model.

    Raises Refusal: with the text that AWS gives.
    """
    problems = list(_problems(operation_model(operation).input_shape, request, ""))
    if problems:
        plural = "error" if len(problems) == 1 else "errors"
        raise Refusal(f"{len(problems)} validation {plural} detected: {'; '.join(problems)}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _members(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _length(shape, value, path)
        for index, member in enumerate(value):
            yield from _problems(shape.member, member, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _length(shape, value, path)
        for key, member in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, member, f"{path}.{key}.member")
    elif isinstance(shape, StringShape):
        yield from _length(shape, value, path)
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        if shape.enum and value not in shape.enum:
            yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    elif shape.type_name in ("integer", "long"):
        yield from _range(shape, value, value, path, "value")


@lru_cache
def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:  # patterns of tags are Java's, with classes like \p{L} that Python lacks
        return True


def _members(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield _problem(None, f"{path}.{name}", "Member must not be null")
    for name, member in value.items():
        if name not in shape.members:
            raise Refusal(f"{shape.name} has no member {name}.", "SerializationException")
        yield from _problems(shape.members[name], member, f"{path}.{name}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    return _range(shape, len(value), value, path, "length")


def _range(shape: Shape, number: int, value: Any, path: str, word: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", number), shape.metadata.get("max", number)
    if number < least:
        yield _problem(value, path, f"Member must have {word} greater than or equal to {least}")
    if number > most:
        yield _problem(value, path, f"Member must have {word} less than or equal to {most}")


def _problem(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    where = ".".join(_lower(part) for part in path.strip(".").split("."))
    return f"Value {shown} at '{where}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
