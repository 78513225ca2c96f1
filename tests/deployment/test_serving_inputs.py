"""The server under bad input: the right status, an error as JSON, and the next good request works."""

from __future__ import annotations

import base64
import io
import json
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tiny_run
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_run import Server, png

MEGABYTE = 1024 * 1024
JSON, PNG = "application/json", "image/png"
GREY = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
GOOD = png(GREY)


@pytest.fixture(scope="module", params=[1, 3], ids=["grey", "colour"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    folder, channels = tmp_path_factory.mktemp("model"), int(request.param)
    tiny_run.artefact(folder / "model", channels)
    with tiny_run.server_of(folder / "model", folder / "log") as running:
        running.wait_until_loaded()
        yield running, channels


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("model")
    tiny_run.artefact(folder / "model")
    with tiny_run.server_of(folder / "model", folder / "log") as running:
        running.wait_until_loaded()
        yield running
    assert "Traceback" not in (folder / "log").read_text()  # every fault was the client's


def image_file(mode: str, size: tuple[int, int] = (16, 16), file_format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, file_format)
    return buffer.getvalue()


def instance(value: Any) -> bytes:
    return json.dumps({"instances": [value]}).encode()


def encoded(content: bytes) -> bytes:
    return instance({"image_b64": base64.b64encode(content).decode()})


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(*claimed: tuple[int, int]) -> bytes:
    """A PNG of 60 kB that decompresses to 64 MB of zeros, with a header for each size that it claims."""
    headers = b"".join(chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)) for size in claimed)
    data = zlib.compress(bytes(64 * MEGABYTE), 9)
    return b"\x89PNG\r\n\x1a\n" + headers + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def assert_refused(response: httpx.Response, status: int, kind: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == JSON
    error = response.json()["error"]
    assert error["type"] == kind, error
    assert error["message"]
    assert "Traceback" not in response.text


def assert_good(server: Server) -> None:
    response = server.post(GOOD, PNG)
    assert response.status_code == 200, response.text
    assert len(response.json()["predictions"]) == 1


square = GREY[0].tolist()
BAD = {
    "empty PNG": (b"", PNG, 400, "EmptyBody"),
    "empty JSON": (b"", JSON, 400, "EmptyBody"),
    "no content type": (GOOD, "", 415, "UnsupportedContentType"),
    "unknown content type": (GOOD, "image/jpeg", 415, "UnsupportedContentType"),
    "numpy's content type": (b"\x93NUMPY", "application/x-npy", 415, "UnsupportedContentType"),
    "JPEG called PNG": (image_file("L", file_format="JPEG"), PNG, 400, "BadImage"),
    "JPEG called PNG, in JSON": (encoded(image_file("L", file_format="JPEG")), JSON, 400, "BadImage"),
    "PNG called JSON": (GOOD, JSON, 400, "BadJson"),
    "PNG cut off": (GOOD[:-30], PNG, 400, "BadImage"),
    "PNG's first bytes": (GOOD[:20], PNG, 400, "BadImage"),
    "PNG with a wrong byte": (GOOD[:60] + bytes([GOOD[60] ^ 255]) + GOOD[61:], PNG, 400, "BadImage"),
    "bomb of its true size": (bomb((8192, 8192)), PNG, 400, "BadShape"),
    "bomb that claims the right size": (bomb((16, 16)), PNG, 200, ""),  # Pillow stops when 16 rows are there
    "bomb with a second header": (bomb((16, 16), (4096, 4096)), PNG, 400, "BadImage"),
    "bomb of more pixels than Pillow allows": (bomb((2**31 - 1, 2**31 - 1)), PNG, 400, "BadShape"),
    "image too large": (image_file("L", (28, 28)), PNG, 400, "BadShape"),
    "image not square": (image_file("L", (16, 15)), PNG, 400, "BadShape"),
    "three channels": (image_file("RGB"), PNG, 400, "BadChannels"),
    "alpha": (image_file("LA"), PNG, 400, "BadChannels"),
    "16 bits": (image_file("I;16"), PNG, 400, "BadChannels"),
    "invalid JSON": (b'{"instances": [', JSON, 400, "BadJson"),
    "not UTF-8": (b'{"instances": "\xff\xff"}', JSON, 400, "BadJson"),
    "10,000-deep JSON": (b"[" * 10_000, JSON, 400, "BadJson"),
    "10,000-deep instance": (b'{"instances": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}", JSON, 400, "BadJson"),
    "deeper than numpy": (b'{"instances": [' + b"[" * 100 + b"1" + b"]" * 100 + b"]}", JSON, 400, "BadShape"),
    "number of 5,000 digits": (b'{"instances": [' + b"9" * 5000 + b"]}", JSON, 400, "BadJson"),
    "a list": (b"[1, 2]", JSON, 400, "BadJson"),
    "null": (b"null", JSON, 400, "BadJson"),
    "no instances": (b"{}", JSON, 400, "BadJson"),
    "empty batch": (b'{"instances": []}', JSON, 400, "BadJson"),
    "instances no list": (b'{"instances": {"image_b64": ""}}', JSON, 400, "BadJson"),
    "instance a number": (instance(3), JSON, 400, "BadInstance"),
    "instance of another key": (instance({"image": ""}), JSON, 400, "BadInstance"),
    "base64 of a number": (instance({"image_b64": 3}), JSON, 400, "BadInstance"),
    "no base64": (instance({"image_b64": "é?"}), JSON, 400, "BadBase64"),
    "empty base64": (instance({"image_b64": ""}), JSON, 400, "BadImage"),
    "NaN": (instance([[float("nan")] * 16] * 16), JSON, 400, "BadPixels"),
    "infinity": (instance([[float("-inf")] * 16] * 16), JSON, 400, "BadPixels"),
    "infinity by overflow": (instance(square).replace(b"255", b"1e999"), JSON, 400, "BadPixels"),
    "256": (instance(square).replace(b"255", b"256"), JSON, 400, "BadPixels"),
    "below zero": (instance(square).replace(b"255", b"-0.5"), JSON, 400, "BadPixels"),
    "beyond 64 bits": (instance(square).replace(b"255", b"9" * 30), JSON, 400, "BadPixels"),
    "text": (instance([["1"] * 16] * 16), JSON, 400, "BadPixels"),
    "texts that numpy would make terabytes of": (instance(["x" * 3_000_000] + [""] * 500_000), JSON, 400, "BadShape"),
    "a long text as pixel": (instance([*square[:-1], ["x" * 4_000_000, *square[0][1:]]]), JSON, 400, "BadPixels"),
    "2 million lists": (b'{"instances": [[' + b"[]," * 2_000_000 + b"[]]]}", JSON, 400, "BadShape"),
    "number of 4,000 digits": (instance(square).replace(b"255", b"9" * 4000), JSON, 400, "BadPixels"),
    "true": (instance([[True] * 16] * 16), JSON, 400, "BadPixels"),
    "null pixels": (instance([[None] * 16] * 16), JSON, 400, "BadPixels"),
    "ragged": (instance([*square[:-1], square[-1][:-1]]), JSON, 400, "BadShape"),
    "no pixels": (instance([]), JSON, 400, "BadShape"),
    "wrong shape": (instance(square[:-1]), JSON, 400, "BadShape"),
    "channels last": (instance(GREY.transpose(1, 2, 0).tolist()), JSON, 400, "BadShape"),
    "wrong channels": (instance([square] * 3), JSON, 400, "BadShape"),
    "too many images": (json.dumps({"instances": [0] * 1001}).encode(), JSON, 413, "TooManyImages"),
    "6 MB and a byte": (b" " * (6 * MEGABYTE + 1), JSON, 413, "BodyTooLarge"),
    "7 MB": (b" " * (7 * MEGABYTE), JSON, 413, "BodyTooLarge"),
    "20 MB of no known type": (b" " * (20 * MEGABYTE), "text/plain", 413, "BodyTooLarge"),
}


@pytest.mark.parametrize(("body", "content_type", "status", "kind"), BAD.values(), ids=BAD)
def test_bad_request(body: bytes, content_type: str, status: int, kind: str, grey: Server) -> None:
    response = grey.post(body, content_type)
    if kind:
        assert_refused(response, status, kind)
    else:
        assert response.status_code == status
    assert_good(grey)


def test_message_says_what_is_wrong(grey: Server) -> None:
    body = json.dumps({"instances": [square, square, [square] * 3]}).encode()
    message = grey.post(body, JSON).json()["error"]["message"]
    assert message == "instances[2]: the image has shape (3, 16, 16); the model takes (1, 16, 16) or (16, 16)."


def test_six_megabytes_are_read(grey: Server) -> None:
    assert_refused(grey.post(b" " * (6 * MEGABYTE), JSON), 400, "BadJson")
    assert_refused(grey.post(b" " * (6 * MEGABYTE), PNG), 400, "BadImage")
    assert_good(grey)


def test_large_body_in_chunks_without_a_length(grey: Server) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(7):
            yield b" " * MEGABYTE

    response = grey.client.post("/invocations", content=chunks(), headers={"Content-Type": JSON})
    assert_refused(response, 413, "BodyTooLarge")
    assert_good(grey)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_wrong_method(method: str, grey: Server) -> None:
    response = grey.client.request(method, "/invocations")
    assert_refused(response, 405, "MethodNotAllowed")
    assert response.headers["allow"] == "POST"
    assert_good(grey)


def test_wrong_method_of_ping_and_unknown_path(grey: Server) -> None:
    assert_refused(grey.client.post("/ping"), 405, "MethodNotAllowed")
    assert_refused(grey.client.get("/"), 404, "NotFound")
    assert_refused(grey.client.get("/invocations/../../etc/passwd"), 404, "NotFound")
    assert_good(grey)


def test_client_that_goes_away(grey: Server) -> None:
    url = grey.client.base_url
    cut_off = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc"
    for sent in (b"", cut_off, b"\x16\x03\x01 no HTTP\r\n\r\n"):
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(sent)
    assert_good(grey)


def test_colours_fit_the_model(server: tuple[Server, int]) -> None:
    running, channels = server
    fitting = {1: {"1", "L"}, 3: {"RGB", "P"}}[channels]
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        response = running.post(image_file(mode), PNG)
        if mode in fitting:
            assert response.status_code == 200, response.text
        else:
            assert_refused(response, 400, "BadChannels")


# ---------------------------------------------------------------- any body

names = st.sampled_from(["instances", "image_b64", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner),
    max_leaves=12,
)
almost = st.lists(json_values | st.just(square) | st.just([square]), max_size=4).map(lambda v: {"instances": v})
json_bodies = (json_values | almost).map(lambda value: json.dumps(value).encode())


@st.composite
def damaged_png(draw: st.DrawFn) -> bytes:
    """A PNG with some bytes changed, removed or put in; checksums may be mended, so that decoding goes deeper."""
    content = bytearray(draw(st.sampled_from([GOOD, image_file("P"), image_file("RGBA"), image_file("1")])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        match draw(st.sampled_from(["change", "remove", "insert"])):
            case "change":
                content[at] = draw(st.integers(0, 255))
            case "remove":
                del content[at : at + draw(st.integers(1, 8))]
            case _:
                content[at:at] = draw(st.binary(min_size=1, max_size=8))
    return mended(bytes(content)) if draw(st.booleans()) else bytes(content)


def mended(content: bytes) -> bytes:
    """Put right the checksum of every chunk that is there."""
    result, at = content[:8], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if at + 12 + length > len(content):
            break
        result += chunk(content[at + 4 : at + 8], content[at + 8 : at + 8 + length])
        at += 12 + length
    return result + content[at:]


bodies = st.one_of(
    st.tuples(st.binary(max_size=300), st.sampled_from([JSON, PNG, "text/html", "a/b; c=d"])),
    st.tuples(json_bodies, st.just(JSON)),
    st.tuples(damaged_png(), st.just(PNG)),
    st.tuples(damaged_png().map(encoded), st.just(JSON)),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=bodies)
@example(request=(GOOD, PNG))
def test_any_body_is_answered_as_json(request: tuple[bytes, str], grey: Server) -> None:
    body, content_type = request
    response = grey.post(body, content_type)
    assert response.status_code in {200, 400, 413, 415}, response.text
    assert response.headers["content-type"] == JSON
    answer = response.json()
    if response.status_code == 200:
        for prediction in answer["predictions"]:
            assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-5)
    else:
        assert answer["error"].keys() == {"type", "message"}


@settings(max_examples=100, deadline=None)
@given(content_type=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_content_type_is_answered_as_json(content_type: str, grey: Server) -> None:
    response = grey.post(GOOD, content_type.strip())
    assert response.status_code in {200, 400, 415}
    assert response.headers["content-type"] == JSON


def test_after_all_that_it_still_works(grey: Server, tmp_path: Path) -> None:
    assert_good(grey)
    assert grey.process.poll() is None
    assert grey.client.get("/ping").status_code == 200
