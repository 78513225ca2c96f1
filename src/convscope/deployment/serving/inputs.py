"""Requests to pixels: every way a body can be wrong is found here, before the model sees it."""

from __future__ import annotations

import base64
import io
import json
import struct
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from convscope.specs import Shape

MOST_IMAGES = 1000  # in one request: at most a few seconds of computing, where SageMaker waits 60 s
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_MODES = {1: ("1", "L"), 3: ("RGB", "P")}  # what Pillow calls the colours that fit so many channels


class BadRequest(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status
        HTTP status: 400, 413 or 415.
    kind
        For programs: ``"BadShape"``.
    message
        For people: what is wrong, with the offending value, and what would be right.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


def decode(body: bytes, content_type: str, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Turn a request's body into pixels.

    Raises BadRequest: 415 for another content type, 413 for too many images, 400 for everything else.

    Parameters
    ----------
    body
        One PNG (``image/png``), or JSON (``application/json``): ``{"instances": [...]}`` with up to 1,000 images, each
        ``{"image_b64": "<PNG in base64>"}`` or numbers of 0 to 255 in nested lists of shape (C, H, W); (H, W) does for
        a model of grey images.
    content_type
        The request's header; parameters such as ``charset`` are ignored.
    shape
        (C, H, W) of the model's input. Images are not scaled to it: that is a choice that belongs to the client.

    Returns
    -------
    NDArray
        float32, (N, C, H, W), 0 to 255.
    """
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    if media_type not in {"image/png", "application/json"}:
        raise BadRequest(
            415, "UnsupportedContentType",
            f"Content-Type is {media_type[:60] or 'missing'}; image/png and application/json are understood.",
        )  # fmt: skip
    if not body:
        raise BadRequest(400, "EmptyBody", f"The body is empty; {media_type} is due.")
    if media_type == "image/png":
        return _png(body, shape)[np.newaxis]
    return np.stack([_instance(instance, index, shape) for index, instance in enumerate(_instances(body))])


def _instances(body: bytes) -> list[Any]:
    try:
        value = json.loads(body, parse_constant=_not_finite)
    except RecursionError:
        raise BadRequest(400, "BadJson", "The body is JSON of too many levels.") from None
    except ValueError as error:
        raise BadRequest(400, "BadJson", f"The body is no JSON: {error}.") from None
    instances = value.get("instances") if isinstance(value, dict) else None
    if not isinstance(instances, list) or not instances:
        raise BadRequest(400, "BadJson", 'The body must be {"instances": [...]} with at least one image.')
    if len(instances) > MOST_IMAGES:
        raise BadRequest(413, "TooManyImages", f"{len(instances):,} images; at most {MOST_IMAGES:,} in one request.")
    return instances


def _not_finite(name: str) -> NoReturn:
    raise BadRequest(400, "BadPixels", f"The body has {name}; pixels are numbers of 0 to 255.")


def _instance(instance: Any, index: int, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    try:
        if isinstance(instance, list):
            return _raw(instance, shape)
        if isinstance(instance, dict) and isinstance(instance.get("image_b64"), str):
            return _png(_base64(instance["image_b64"]), shape)
        raise BadRequest(400, "BadInstance", 'an image is {"image_b64": "<PNG>"} or nested lists of numbers.')
    except BadRequest as error:
        raise BadRequest(error.status, error.kind, f"instances[{index}]: {error.message}") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadRequest(400, "BadBase64", f"image_b64 is no base64: {error}.") from None


def _raw(image: list[Any], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    # Checked before numpy sees it: numpy would give every text the width of the longest one, terabytes from a few MB.
    found = _shape(image)
    if shape[0] == 1 and len(found) == 2:
        image = [image]
    level: list[Any] = [image]
    for length in shape:
        if not all(isinstance(part, list) and len(part) == length for part in level):
            due = f"{shape} or {shape[1:]}" if shape[0] == 1 else f"{shape}"
            uneven = " at first sight" if found == shape[-len(found) :] else ""
            raise BadRequest(400, "BadShape", f"the image has shape {found}{uneven}; the model takes {due}.")
        level = [value for part in level for value in part]
    if not {type(value) for value in level} <= {int, float}:
        raise BadRequest(400, "BadPixels", "pixels are numbers of 0 to 255; there is something else.")
    for value in (min(level), max(level)):
        if not 0 <= value <= 255:  # infinities too; NaN does not get here
            raise BadRequest(400, "BadPixels", f"a pixel is {str(value)[:20]}; it must be 0 to 255.")
    return np.array(level, np.float32).reshape(shape)


def _shape(image: Any) -> Shape:
    """Return the lengths along the first elements, of five levels at most."""
    lengths: list[int] = []
    while isinstance(image, list) and len(lengths) < 5:
        lengths.append(len(image))
        image = image[0] if image else None
    return tuple(lengths)


def _png(content: bytes, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    channels, height, width = shape
    # The size stands in the first chunk. It is compared before anything is decompressed: a few kilobytes of PNG can
    # claim, and decompress to, billions of pixels.
    if not content.startswith(PNG_SIGNATURE) or content[12:16] != b"IHDR" or len(content) < 24:
        raise BadRequest(400, "BadImage", "the image is no PNG.")
    found_width, found_height = struct.unpack(">II", content[16:24])
    if (found_height, found_width) != (height, width):
        raise BadRequest(
            400, "BadShape",
            f"the image has {found_width} x {found_height} pixels; the model takes {width} x {height}.",
        )  # fmt: skip
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.size != (width, height):
                raise ValueError("a second header states another size")
            image.load()
            mode, pixels = image.mode, np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float32)
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error and more on damaged files
        raise BadRequest(400, "BadImage", f"the PNG cannot be decoded: {error}.") from None
    if mode not in PNG_MODES.get(channels, ()):
        due = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels, which PNG lacks: send raw pixels")
        raise BadRequest(400, "BadChannels", f"the image is of mode {mode}; the model takes {due}, 8 bits, no alpha.")
    return pixels.reshape(height, width, channels).transpose(2, 0, 1)
