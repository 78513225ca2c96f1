"""What every layer says of itself, against PyTorch: whoever adds a layer is tested here without a line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from math import prod
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import torch

from convscope.code import Code
from convscope.errors import SpecError
from convscope.figures.architecture import COLOURS
from convscope.models.modules import module_of
from convscope.specs import LAYERS, Layer, Role, from_json, keys, to_json
from convscope.specs.layers import conv2d, layer

GIVEN = {"filters": 6, "kernel": 3, "units": 5, "layers": (conv2d.Conv2d(3, 3),)}  # other whole numbers are 1
PAGE, DOCUMENTED = Path(__file__).parents[2] / "site" / "docs" / "own-layer.md", "ChannelShuffle"
SHAPES = ((3, 8, 10), (7,))  # an image and a vector


def made(name: str) -> Layer:
    """Make a layer: fields without a default have one value each here."""
    required = {field.name: field.type for field in fields(LAYERS[name]) if field.default is field.default_factory}
    counts = {field: 1 for field, kind in required.items() if kind in ("int", int)}
    return LAYERS[name](**counts | {field: given for field, given in GIVEN.items() if field in required})


@pytest.fixture(params=sorted({*LAYERS, DOCUMENTED}))
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Layer, layer.Shape]:
    """Return a layer and a shape that it takes; it must take one of the two."""
    if request.param not in LAYERS:
        module = ModuleType("channel_shuffle")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(re.findall(r"```python[^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0], vars(module))
        for known in (LAYERS, keys._TYPES):
            monkeypatch.setitem(known, DOCUMENTED, vars(module)[DOCUMENTED])
    for shape in SHAPES:
        try:
            made(request.param).output_shape(shape)
        except SpecError:
            continue
        return made(request.param), shape
    raise AssertionError(f"{request.param} takes neither of {SHAPES}")


def test_layers_are_found_by_their_files() -> None:
    assert {"Conv2d", "Dense", "Flatten", "GlobalAveragePool", "LocallyConnected2d", "PermutePixels", "Pool2d"} <= set(
        LAYERS
    )
    assert not any(cls.__abstractmethods__ for cls in LAYERS.values())


def test_shapes_arrays_and_parameters_are_those_of_its_module(case: tuple[Layer, layer.Shape]) -> None:
    declared, shape = case
    module = module_of(declared, shape)
    assert tuple(module(torch.randn(2, *shape)).shape[1:]) == declared.output_shape(shape)
    expected = {name: tuple(array.shape) for name, array in module.state_dict().items()}
    assert declared.weights(shape) | declared.buffers(shape) == expected
    trained = sum(parameter.numel() for parameter in module.parameters())
    assert sum(map(prod, declared.weights(shape).values())) == trained


def test_what_it_sees_is_where_the_gradient_is(case: tuple[Layer, layer.Shape]) -> None:
    declared, shape = case
    module = module_of(declared, shape).double().eval()
    images = torch.rand(1, *shape, dtype=torch.float64, requires_grad=True)
    values = module(images)
    if declared.window is None:
        if values.dim() == 2 and declared.role == "dense":
            (gradient,) = torch.autograd.grad(values[0, 0], images)
            assert gradient.all()
        return
    assert values.dim() == 4
    row, column = values.shape[2] // 2, values.shape[3] // 2
    seen = torch.zeros(shape[1:], dtype=torch.bool)
    for channel in range(values.shape[1]):
        (gradient,) = torch.autograd.grad(values[0, channel, row, column], images, retain_graph=True)
        seen |= gradient[0].ne(0).any(0)
    rows, columns = seen.nonzero(as_tuple=True)
    window = declared.window
    for found, place in ((rows, row), (columns, column)):
        first = window.start + window.step * place
        assert first <= int(found.min())
        assert int(found.max()) <= first + window.size - 1


def test_it_comes_back_from_json_and_has_words_and_a_colour(case: tuple[Layer, layer.Shape]) -> None:
    declared, _ = case
    assert from_json(json.loads(json.dumps(to_json(declared)))) == declared
    assert hash(declared) == hash(from_json(to_json(declared)))
    assert declared.words
    assert all(declared.words)
    assert declared.role in COLOURS


def test_every_role_has_a_colour() -> None:
    assert set(COLOURS) == set(get_args(Role))


def test_specifications_do_without_pytorch() -> None:
    program = "import sys, convscope.specs; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_an_edit_of_any_layer_is_an_edit_of_what_reads_specifications(tmp_path: Path) -> None:
    read = Code(tmp_path / "imports.json").below(["convscope.analysis.claims"])
    for name in LAYERS:
        assert f"src/{LAYERS[name].__module__.replace('.', '/')}.py" in read
