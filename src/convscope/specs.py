"""What is to be computed, and nothing of how: data, model, training settings, seed.

Every specification is a frozen dataclass that checks itself when it is made. Its canonical JSON leaves out
fields that have their default value, so a field added later does not change the key of earlier runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args

from convscope.errors import SpecError

Activation = Literal["relu", "tanh", "sigmoid", "gelu", "none"]
Shape = tuple[int, ...]  # (channels, height, width) of an image, (features,) of a vector


def _require(condition: bool, message: str, hint: str = "") -> None:
    if not condition:
        raise SpecError(message, hint)


def _require_one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    _require(value in choices, f"{name} is {value!r}; it must be one of {', '.join(map(repr, choices))}.")


def _require_whole(name: str, value: object, least: int = 0) -> None:
    _require(
        isinstance(value, int) and not isinstance(value, bool) and value >= least,  # True is an int in Python
        f"{name} is {value!r}; it must be a whole number of at least {least}.",
    )


def _require_positive(name: str, value: object) -> None:
    _require_whole(name, value, least=1)


# ---------------------------------------------------------------- layers


@dataclass(frozen=True)
class Conv2d:
    """Convolution of square kernels, then an activation.

    ``padding="same"`` puts ``kernel // 2`` zeros at each side (odd kernels only), ``"valid"`` none. The output
    has ``(n - kernel + 2 * padding) // stride + 1`` pixels a side (Dumoulin and Visin 2016, relationship 6).
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: Literal["same", "valid"] = "same"
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        for name in ("filters", "kernel", "stride"):
            _require_positive(f"Conv2d {name}", getattr(self, name))
        _require_one_of("Conv2d padding", self.padding, ("same", "valid"))
        _require_one_of("Conv2d activation", self.activation, get_args(Activation))
        _require(
            self.padding == "valid" or self.kernel % 2 == 1,
            f"Conv2d kernel is {self.kernel} with padding 'same'; an even kernel cannot be padded evenly.",
            "Use an odd kernel, or padding='valid'.",
        )

    @property
    def padding_pixels(self) -> int:
        """Zeros added at each side of the image."""
        return self.kernel // 2 if self.padding == "same" else 0

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (filters, H', W')."""
        _, height, width = _image(self, shape)
        padded = min(height, width) + 2 * self.padding_pixels
        _require(
            self.kernel <= padded,
            f"Conv2d kernel is {self.kernel}, larger than its padded input of {padded} pixels (input {shape}).",
            "Use a smaller kernel, more padding, or fewer layers that shrink the image before it.",
        )
        return (self.filters, self._side(height), self._side(width))

    def _side(self, pixels: int) -> int:
        return (pixels - self.kernel + 2 * self.padding_pixels) // self.stride + 1


@dataclass(frozen=True)
class Pool2d:
    """Maximum or average over disjoint ``size x size`` squares; a remainder at the edge is dropped."""

    kind: Literal["max", "average"] = "max"
    size: int = 2

    def __post_init__(self) -> None:
        _require_one_of("Pool2d kind", self.kind, ("max", "average"))
        _require_positive("Pool2d size", self.size)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, H // size, W // size)."""
        channels, height, width = _image(self, shape)
        _require(
            self.size <= min(height, width),
            f"Pool2d size is {self.size}, larger than its input of {min(height, width)} pixels (input {shape}).",
            "Use a smaller pool, or fewer layers that shrink the image before it.",
        )
        return (channels, height // self.size, width // self.size)


@dataclass(frozen=True)
class GlobalAveragePool:
    """Mean of each channel over all pixels (Lin et al. 2014, section 3.2)."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C,)."""
        return (_image(self, shape)[0],)


@dataclass(frozen=True)
class Flatten:
    """All values of an image as one vector."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C * H * W,)."""
        channels, height, width = _image(self, shape)
        return (channels * height * width,)


@dataclass(frozen=True)
class Dense:
    """Fully connected layer, then an activation. The last one of a model gives the logits."""

    units: int
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        _require_positive("Dense units", self.units)
        _require_one_of("Dense activation", self.activation, get_args(Activation))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (features,) -> (units,)."""
        _require(
            len(shape) == 1,
            f"Dense({self.units}) follows a layer of shape {shape}; it needs a vector.",
            "Put Flatten() or GlobalAveragePool() before it.",
        )
        return (self.units,)


Layer = Conv2d | Pool2d | GlobalAveragePool | Flatten | Dense


def _image(layer: object, shape: Shape) -> Shape:
    _require(
        len(shape) == 3,
        f"{type(layer).__name__} follows a layer of shape {shape}; it needs an image (channels, height, width).",
    )
    return shape


@dataclass(frozen=True)
class ModelSpec:
    """A feed-forward network: the shape of one input image and the layers in order.

    Parameters
    ----------
    input_shape
        (channels, height, width).
    layers
        The last one is ``Dense(classes, activation="none")``: its outputs are the logits.

    Raises
    ------
    SpecError
        A layer does not fit the shape that reaches it; the message names both.
    """

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        _require(
            len(self.input_shape) == 3 and all(type(n) is int and n >= 1 for n in self.input_shape),
            f"input_shape is {self.input_shape}; it must be (channels, height, width), whole numbers of at least 1.",
        )
        last = self.layers[-1] if self.layers else None
        _require(
            isinstance(last, Dense) and last.activation == "none",
            f"The last layer is {last}; it must be Dense(classes, activation='none'), whose outputs are the logits.",
        )
        _ = self.shapes  # every layer checks the shape that reaches it

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of one image's values before the first layer and after each layer."""
        shapes: list[Shape] = [self.input_shape]
        for layer in self.layers:
            shapes.append(layer.output_shape(shapes[-1]))
        return tuple(shapes)

    @property
    def classes(self) -> int:
        """Number of logits."""
        return self.shapes[-1][0]


# ---------------------------------------------------------------- data


@dataclass(frozen=True)
class Glyphs:
    """Digits drawn in many fonts: a data set that needs no network, with its variation as parameters.

    Parameters
    ----------
    size, channels
        Images are ``channels x size x size`` (1 grey, 3 colour).
    train, test
        Number of images, spread evenly over the ten digits.
    scale
        Smallest and largest height of a digit as a fraction of ``content``.
    content
        Side in pixels of the square that digits are drawn in, centred; the rest is margin. 0 means ``size``.
    rotation
        Largest rotation to either side, degrees.
    shift
        Largest displacement from the centre, pixels in each direction.
    noise
        Standard deviation of Gaussian pixel noise, as a fraction of full brightness.
    seed
        Everything drawn follows from it.
    """

    size: int = 28
    channels: int = 1
    train: int = 2000
    test: int = 500
    scale: tuple[float, float] = (0.55, 0.8)
    content: int = 0
    rotation: float = 12.0
    shift: int = 2
    noise: float = 0.08
    seed: int = 0

    def __post_init__(self) -> None:
        _require_positive("Glyphs size", self.size)
        _require_one_of("Glyphs channels", self.channels, (1, 3))
        _require_positive("Glyphs train", self.train)
        _require_positive("Glyphs test", self.test)
        _require(
            0 < self.scale[0] <= self.scale[1] <= 1,
            f"Glyphs scale is {self.scale}; it must be (smallest, largest) with 0 < smallest <= largest <= 1.",
        )
        for name in ("content", "shift", "seed"):
            _require_whole(f"Glyphs {name}", getattr(self, name))
        _require(self.content <= self.size, f"Glyphs content is {self.content}; it must be 0 to {self.size}.")
        _require(0 <= self.rotation <= 180, f"Glyphs rotation is {self.rotation}; it must be 0 to 180 degrees.")
        _require(
            self.shift < self.size,
            f"Glyphs shift is {self.shift}; it must be 0 to {self.size - 1} pixels.",
        )
        _require(0 <= self.noise <= 1, f"Glyphs noise is {self.noise}; it must be 0 to 1.")


@dataclass(frozen=True)
class ImageFolder:
    """A data set of one's own: a folder with one sub-folder of images a class.

    Made by `convscope.datasets.folder.image_folder`, which hashes the files: the content decides a run's key, not
    where it lies.

    Parameters
    ----------
    name
        Of the folder.
    fingerprint
        SHA-256 over names and contents of the files.
    test_share
        Fraction of each class that is kept for testing.
    path
        Where it lies on this machine; no part of the JSON.
    """

    name: str
    fingerprint: str
    test_share: float = 0.2
    path: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _require(
            0 < self.test_share < 1, f"ImageFolder test_share is {self.test_share}; it must be above 0 and below 1."
        )


DatasetSpec = str | Glyphs | ImageFolder


@dataclass(frozen=True)
class DataSpec:
    """Which images a run sees.

    Parameters
    ----------
    dataset
        Name of a public data set (``"fashion-mnist"``), the parameters of a generated one, or a folder of images.
    validation_images
        Held out from the training part, drawn anew for each seed.
    train_images
        Drawn from what remains; None takes all of it.
    test_images
        The first so many of the test part; None takes all of it.
    normalisation
        ``"unit"``: pixels / 255. ``"standard"``: then minus mean, divided by standard deviation of the training
        part, each channel by itself.
    """

    dataset: DatasetSpec
    validation_images: int
    train_images: int | None = None
    test_images: int | None = None
    normalisation: Literal["unit", "standard"] = "standard"

    def __post_init__(self) -> None:
        _require_positive("validation_images", self.validation_images)
        for name in ("train_images", "test_images"):
            if getattr(self, name) is not None:
                _require_positive(name, getattr(self, name))
        _require_one_of("normalisation", self.normalisation, ("unit", "standard"))


# ---------------------------------------------------------------- training


@dataclass(frozen=True)
class TrainSpec:
    """How a model is fitted. The test set is used once, after the last epoch, which is fixed in advance."""

    epochs: int
    learning_rate: float = 1e-3
    batch_size: int = 128
    engine: Literal["torch", "numpy"] = "torch"
    optimiser: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9  # of sgd
    schedule: Literal["constant", "linear"] = "constant"  # "linear" decays the rate to zero over all updates

    def __post_init__(self) -> None:
        _require_positive("epochs", self.epochs)
        _require_positive("batch_size", self.batch_size)
        _require(
            0 < self.learning_rate < 10,
            f"learning_rate is {self.learning_rate}; it must be above 0 and below 10.",
        )
        _require(0 <= self.momentum < 1, f"momentum is {self.momentum}; it must be at least 0 and below 1.")
        _require_one_of("engine", self.engine, ("torch", "numpy"))
        _require_one_of("optimiser", self.optimiser, ("adam", "sgd"))
        _require_one_of("schedule", self.schedule, ("constant", "linear"))


@dataclass(frozen=True)
class RunSpec:
    """One training run: everything that decides its numbers, apart from the machine."""

    data: DataSpec
    model: ModelSpec
    training: TrainSpec
    seed: int

    def __post_init__(self) -> None:
        _require_whole("seed", self.seed)


@dataclass(frozen=True)
class NumericMode:
    """The arithmetic of a run. Each field changes the bits of the result, so each is part of the run's key."""

    engine: Literal["torch", "numpy"]
    device: str  # "cpu", "cuda", "mps"
    dtype: Literal["float32", "bfloat16"]
    layout: Literal["channels_last", "channels_first"]
    threads: int = 1


# ---------------------------------------------------------------- JSON and keys

_TYPES = {
    cls.__name__: cls
    for cls in (
        Conv2d, Pool2d, GlobalAveragePool, Flatten, Dense, ModelSpec,
        Glyphs, ImageFolder, DataSpec, TrainSpec, RunSpec, NumericMode,
    )
}  # fmt: skip


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
