"""What typed records of JSON and YAML files share.

pydantic, because it is locked already (sagemaker-core rests on it): patterns and bounds stand beside types, an error
names its place, and the JSON Schema is generated. It checks the published metrics.json a hundred times faster than
jsonschema did: 0.17 s and 20 s on the same busy machine.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from convscope.files import Json

Whole = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """Fields are those declared, of the type declared, and stay as they were read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def stated(self) -> dict[str, Any]:
        """Return the fields that were given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def plus(self, **more: Any) -> Self:
        """Return the record with further fields."""
        return type(self)(**self.stated() | more)

    def as_json(self) -> Json:
        """Return what its file holds of it: fields that were given."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
