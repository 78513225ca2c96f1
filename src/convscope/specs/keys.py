"""Specifications as canonical JSON, and the content key of a run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from convscope.errors import SpecError
from convscope.specs.data import DataSpec, Glyphs, ImageFolder, Table
from convscope.specs.layers import LAYERS
from convscope.specs.model import ModelSpec
from convscope.specs.training import NumericMode, RunSpec, TrainSpec

_TYPES: dict[str, type] = LAYERS | {
    cls.__name__: cls for cls in (ModelSpec, Glyphs, ImageFolder, Table, DataSpec, TrainSpec, RunSpec, NumericMode)
}


def to_json(value: Any) -> Any:
    """Turn a specification into JSON values; fields at their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {
            f.name: to_json(getattr(value, f.name))
            for f in fields(value)
            if f.compare and (f.default is MISSING or getattr(value, f.name) != f.default)
        }
        return {"type": type(value).__name__, **given}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def from_json(value: Any) -> Any:
    """Turn what `to_json` gave back into the specification.

    Raises
    ------
    SpecError
        The JSON names a type that is no specification, or a field that the type does not have.
    """
    if isinstance(value, dict):
        name = value.get("type")
        cls = _TYPES.get(str(name))
        if cls is None:
            raise SpecError(f"{name!r} is no specification; known are {', '.join(sorted(_TYPES))}.")
        given = {key: from_json(item) for key, item in value.items() if key != "type"}
        try:
            return cls(**given)
        except TypeError as error:
            raise SpecError(f"{name} cannot be made from {sorted(given)}: {error}.") from error
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    return value


def canonical_json(value: Any) -> str:
    """One string for one specification: sorted keys, no spaces."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def run_key(spec: RunSpec, fingerprint: str, mode: NumericMode, engine_revision: int) -> str:
    """Content key of a run: SHA-256, in hexadecimal, of everything that decides its result.

    Parameters
    ----------
    spec
        What is run.
    fingerprint
        Of the data set's bytes.
    mode
        The arithmetic that the machine uses.
    engine_revision
        Raised by whoever changes what training computes.
    """
    parts = {
        "spec": to_json(spec),
        "data": fingerprint,
        "mode": to_json(mode),
        "engine_revision": engine_revision,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
