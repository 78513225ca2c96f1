"""The explorer in a real Chromium, from the disk: its arithmetic against PyTorch, its controls, its addresses."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from torch import Tensor
from torch.nn import functional

from checkout import ROOT
from convscope.analysis.estimates import Measure
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Dataset, Shift, StudyRun, Variant
from convscope.errors import ReportError
from convscope.models.torch_model import build
from convscope.report.explorer import bundle, write_explorer
from convscope.runs.plan import plan_study
from convscope.specs import to_json
from convscope.studies import select
from convscope.studies.explored import EXPLORED, KERNELS, SHIFT, SHUFFLED

SHUFFLE = SHUFFLED[0]
MODULES = ROOT / "site" / "explorer"
DISTANCES = [0, 1, 2, 4]
ACCURACY = {"mlp": [1.0, 0.8, 0.5, 0.25], "cnn": [1.0, 0.9, 0.6, 0.125], "gap": [0.9, 0.9, 0.9, 0.85]}


def random_network(study_id: str, variant: str) -> Any:
    """Return a result of the study's network with random weights, large enough for logits of several units."""
    [study] = select(study_id)
    spec = plan_study(study, "smoke", "cpu")[variant][0].spec
    torch.manual_seed(len(variant) + 2)  # the first image that they read is not the first there is
    network = build(spec.model)
    weights = {name: 2 * tensor.numpy() for name, tensor in network.state_dict().items() if "permutation" not in name}
    if "0.permutation" in network.state_dict():
        weights["0.permutation"] = torch.randperm(28 * 28).numpy()
    return SimpleNamespace(spec=spec, weights=weights, key="k" * 64, test_accuracy=0.5)


def mean(value: float) -> Measure:
    return Measure.model_construct(mean=value)


def metrics() -> Metrics:
    def study(id_: str, variants: dict[str, Variant] | None = None, **more: Any) -> StudyRun:
        plain = {
            name: Variant.model_construct(title=name.upper(), parameters=1234, macs=5, test_accuracy=mean(0.75))
            for name in (*EXPLORED.get(id_, ()), "mlp")
        }
        return StudyRun.model_construct(
            dataset="some", seeds=3, normalisation="standard", variants=variants or plain, **more
        )

    models = {name: plan_study(select(KERNELS)[0], "full", "cpu")[name][0].spec.model for name in ("cnn3", "cnn5")}
    kernels = {
        name: Variant.model_construct(
            model=to_json(model), parameters=421_642, macs=4_241_152, test_accuracy=mean(0.9175)
        )
        for name, model in models.items()
    }
    accuracy = {name: tuple(map(mean, means)) for name, means in ACCURACY.items()}
    shift = Shift.model_construct(distances=DISTANCES, images=240, accuracy=accuracy)
    facts = Dataset.model_construct(class_names=tuple("0123456789"), mean=(0.25,), sd=(0.5,), height=28, width=28)
    studies = {SHIFT: study(SHIFT, shift=shift), SHUFFLE: study(SHUFFLE), KERNELS: study(KERNELS, kernels)}
    return Metrics.model_construct(studies=studies, datasets={"some": facts})


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explorer")
    drawn = np.random.default_rng(0)
    pictures: dict[str, NDArray[Any]] = {"datasets/some/samples": drawn.integers(0, 256, (10, 8, 1, 28, 28), np.uint8)}
    for name, size in {"cnn3": 3, "cnn5": 5}.items():
        pictures[f"studies/{KERNELS}/{name}/filters"] = drawn.normal(size=(32, 1, size, size)).astype(np.float32)
    networks = {(study, name): random_network(study, name) for study in (SHIFT, SHUFFLE) for name in EXPLORED[study]}
    write_explorer(
        MODULES, metrics(), pictures, folder / "explorer",
        read=lambda study, name: networks.get((study, name)), data_folder=folder,
    )  # fmt: skip
    places = "".join(
        f'<div class="x-place" data-exhibit="{name}">static</div>' for name in ("shift", "shuffle", "kernel", "sketch")
    )
    style = '<link rel="stylesheet" href="explorer/explorer.css">'
    script = '<script src="explorer/explorer.js"></script>'
    (folder / "page.html").write_text(f'<!doctype html><meta charset="utf-8"><title>x</title>{style}{places}{script}')
    return folder


@pytest.fixture
def page(explorer: Path, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto((explorer / "page.html").as_uri())
    page.wait_for_selector("[data-exhibit=shift][data-ready]")
    yield page
    assert complaints == []
    page.close()


def data_of(folder: Path, name: str) -> tuple[dict[str, Any], bytes]:
    text = (folder / "explorer" / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r'convscopeData\("\w+", (\{.*\})\);\n', text)
    assert found
    data = json.loads(found[1])
    return data, zlib.decompress(base64.b64decode(data["block"]))


def stored(block: bytes, place: dict[str, Any]) -> NDArray[Any]:
    return np.frombuffer(block, np.dtype(place["type"]).newbyteorder("<"), place["length"], place["offset"])


def torch_logits(network: dict[str, Any], block: bytes, images: Tensor) -> Tensor:
    """Compute with PyTorch's functions what the data file says, (N, 1, H, W) -> (N, classes)."""
    values = images
    for layer in network["layers"]:
        if "weights" in layer:
            scales = torch.from_numpy(stored(block, layer["weights"]["scales"]).copy())
            whole = torch.from_numpy(stored(block, layer["weights"]["numbers"]).astype(np.float32))
            weight = whole.view(len(scales), -1) * scales[:, None]
            bias = torch.from_numpy(stored(block, layer["bias"]).copy())
        match layer["type"]:
            case "Conv2d":
                weight = weight.view(len(scales), values.shape[1], layer["kernel"], layer["kernel"])
                values = functional.conv2d(values, weight, bias, padding=layer["padding"])
            case "Dense":
                values = functional.linear(values, weight, bias)
            case "Pool2d":
                values = functional.max_pool2d(values, layer["size"])
            case "GlobalAveragePool":
                values = values.mean((2, 3))
            case "Flatten":
                values = values.flatten(1)
            case "PermutePixels":
                order = torch.from_numpy(stored(block, layer["order"]).astype(np.int64))
                values = values.flatten(2)[:, :, order].view_as(values)
        if layer.get("relu"):
            values = values.relu()
    return values


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("file", "network"),
    [(file, i) for file, study in (("shift", SHIFT), ("shuffle", SHUFFLE)) for i in range(len(EXPLORED[study]))],
)
def test_logits_are_those_of_pytorch(explorer: Path, page: Page, file: str, network: int) -> None:
    data, block = data_of(explorer, file)
    images = data["images"]
    shape = (-1, 1, images["height"], images["width"])
    pixels = stored(block, images["pixels"]).reshape(shape)
    pixels = np.concatenate([np.roll(pixels, by, axis=(2, 3)) for by in ((0, 0), (3, 0), (0, -4), (-2, 5))])[:100]
    assert len(pixels) == 100
    inputs = (torch.from_numpy(pixels.astype(np.float32)) / 255 - images["mean"]) / images["scale"]
    expected = torch_logits(data["networks"][network], block, inputs).numpy()
    got = page.evaluate(
        """async ([file, id, images]) => {
            const logits = [];
            for (const pixels of images) logits.push(await convscopeLogits(file, id, pixels));
            return logits;
        }""",
        [file, data["networks"][network]["id"], pixels.reshape(100, -1).tolist()],
    )
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.mark.slow
@pytest.mark.browser
def test_an_image_is_moved_by_keys_and_by_drag_and_the_address_follows(page: Page) -> None:
    canvas = page.locator("[data-exhibit=shift] canvas").first
    canvas.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("location.hash === '#shift=2'")
    notes = page.locator("[data-exhibit=shift] .x-note")
    expect(notes).to_have_text([f"measured at 2 pixels: {accuracy} % right" for accuracy in ("50.0", "60.0", "90.0")])
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 50 - 2.2 * box["width"] / 44, box["y"] + 50 + 3.2 * box["width"] / 44)
    page.mouse.up()
    page.wait_for_function("location.hash === '#down=3'")
    expect(notes.first).to_have_text("not measured at 3 pixels")


@pytest.mark.slow
@pytest.mark.browser
def test_a_link_leads_to_its_state(explorer: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((explorer / "page.html").as_uri() + "#shift=4&image=7&shuffle=1&kernel=5&filter=typed")
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    expect(page.locator("[data-exhibit=shift] .x-chooser")).to_contain_text("image 7 of 30")
    expect(page.locator("[data-exhibit=shift] .x-note").nth(1)).to_have_text("measured at 4 pixels: 12.5 % right")
    expect(page.locator("[data-exhibit=shuffle] .x-row:visible")).to_have_count(2)
    expect(page.locator("[data-exhibit=kernel] .x-grid-inputs input:visible")).to_have_count(25)
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_link_leads_to_the_exhibit_whose_state_it_has_also_from_the_same_page(page: Page) -> None:
    def in_view(exhibit: str) -> None:
        page.wait_for_function(
            "name => { const place = document.querySelector(`[data-exhibit=${name}][data-ready]`);"
            " const box = place?.getBoundingClientRect(); return box && box.top < innerHeight && box.bottom > 0; }",
            arg=exhibit,
        )

    # the exhibit above comes late, as from a slow server
    page.add_init_script("""const append = Element.prototype.append;
      Element.prototype.append = function (...nodes) {
        const wait = nodes.some((node) => /shift\\.js$/.test(node.src)) ? 1000 : 0;
        if (wait) setTimeout(() => append.apply(this, nodes), wait); else append.apply(this, nodes);
      };""")
    page.evaluate("location.hash = '#kernel=5'")
    page.wait_for_load_state("load")
    in_view("kernel")
    expect(page.locator("[data-exhibit=kernel] .x-grid-inputs input:visible")).to_have_count(25)
    expect(page.locator("[data-exhibit=shift][data-ready], [data-exhibit=shuffle][data-ready]")).to_have_count(2)
    in_view("kernel")  # still, with those above it in their places
    page.evaluate("location.hash = '#shuffle=1&picture=3'")
    in_view("shuffle")
    expect(page.locator("[data-exhibit=shuffle] .x-row:visible")).to_have_count(2)


@pytest.mark.slow
@pytest.mark.browser
def test_all_shuffled_images_are_read_by_the_network_that_has_seen_none(explorer: Path, page: Page) -> None:
    data, block = data_of(explorer, "shuffle")
    images, (natural, permuted) = data["images"], data["networks"]
    pixels = stored(block, images["pixels"]).reshape(len(images["labels"]), -1).astype(np.float32)
    shuffled = pixels[:, stored(block, permuted["layers"][0]["order"])].reshape(-1, 1, 28, 28)
    inputs = (torch.from_numpy(shuffled) / 255 - images["mean"]) / images["scale"]
    answers = torch_logits(natural, block, inputs).argmax(1).numpy()
    right = int((answers == np.array(images["labels"])).sum())
    page.wait_for_selector("[data-exhibit=shuffle][data-ready]")
    natural_inputs = (torch.from_numpy(pixels).reshape(-1, 1, 28, 28) / 255 - images["mean"]) / images["scale"]
    unshuffled = torch_logits(natural, block, natural_inputs).argmax(1).numpy() == np.array(images["labels"])
    shown = page.locator("[data-exhibit=shuffle] .x-chooser output")  # the first that is read before it is shuffled
    expect(shown).to_contain_text(f"image {int(unshuffled.argmax()) + 1} of ")
    note = page.locator("[data-exhibit=shuffle] .x-note").first
    expect(note).to_have_text("measured, on natural test images: 75.0 % right")
    page.get_by_role("button", name="Shuffle the pixels").click()
    expect(note).to_contain_text(f"of the {len(answers)} images here, shuffled, it reads {right}; it calls ")
    expect(note).to_contain_text(f"it calls {np.bincount(answers).max()} of them ")


@pytest.mark.slow
@pytest.mark.browser
def test_the_window_of_a_typed_kernel_is_summed_as_pytorch_does(explorer: Path, page: Page) -> None:
    data, block = data_of(explorer, "kernel")
    pixels = stored(block, data["images"]["pixels"]).reshape(-1, 28, 28)[0].astype(np.float32)
    seen = torch.from_numpy((pixels / 255 - 0.25) / 0.5)[None, None]
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    page.select_option("[data-exhibit=kernel] select >> nth=1", "Sobel, left to right")
    page.fill("[data-exhibit=kernel] .x-grid-inputs input:visible >> nth=4", "0,5")
    page.keyboard.press("Tab")
    canvas = page.locator("[data-exhibit=kernel] canvas").first
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("location.hash.includes('row=13&column=12')")
    kernel = torch.tensor([[-1, 0, 1], [-2, 0.5, 2], [-1, 0, 1.0]])[None, None]
    expected = float(functional.conv2d(seen, kernel, padding=1)[0, 0, 12, 11])
    said = f"Sum of 9 products {expected:.2f},".replace("-", "−")
    expect(page.locator("[data-exhibit=kernel] .x-sum")).to_contain_text(said)


@pytest.mark.slow
@pytest.mark.browser
def test_a_typed_kernel_keeps_its_middle_in_another_size(page: Page) -> None:
    exhibit = page.locator("[data-exhibit=kernel]")
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    page.select_option("[data-exhibit=kernel] select >> nth=1", "nothing changed")
    exhibit.locator(".x-grid-inputs input:visible").nth(3).fill("0.5")
    page.keyboard.press("Tab")
    exhibit.get_by_role("button", name="5×5").click()
    weights = exhibit.locator(".x-grid-inputs input:visible")
    expect(weights).to_have_count(25)
    kernel = [float(weight) for weight in weights.evaluate_all("all => all.map(one => one.value)")]
    assert kernel == [0.0] * 11 + [0.5, 1.0] + [0.0] * 12
    expect(exhibit.locator(".x-sum")).not_to_contain_text("NaN")
    exhibit.get_by_role("button", name="3×3").click()
    expect(weights).to_have_count(9)
    assert weights.nth(3).input_value() == "0.50"


@pytest.mark.slow
@pytest.mark.browser
def test_a_link_leads_to_a_typed_kernel(page: Page) -> None:
    exhibit = page.locator("[data-exhibit=kernel]")
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    exhibit.get_by_role("button", name="5×5").click()
    weights = exhibit.locator(".x-grid-inputs input:visible")
    weights.nth(3).fill("-0,125")
    page.keyboard.press("Tab")
    page.wait_for_function("/filter=.*-0.125/.test(location.hash)")
    typed, said = (weights.evaluate_all("all => all.map(one => one.value)"), exhibit.locator(".x-sum").inner_text())
    assert len(typed) == 25
    page.reload()
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    expect(exhibit.locator("select").nth(1)).to_have_value("typed")
    assert weights.evaluate_all("all => all.map(one => one.value)") == typed
    expect(exhibit.locator(".x-sum")).to_have_text(said)  # the bias of the learned kernel is among it


@pytest.mark.slow
@pytest.mark.browser
def test_another_size_makes_no_fields_and_moves_nothing_on_the_page(page: Page) -> None:
    exhibit = page.locator("[data-exhibit=kernel]")
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    page.evaluate("""() => {
      const changes = { subtree: true, childList: true };
      const place = document.querySelector("[data-exhibit=kernel]");
      const elements = (nodes) => [...nodes].filter(({ nodeType }) => nodeType === 1).length;
      globalThis.made = 0;
      const count = (list) => list.forEach(({ addedNodes }) => (made += elements(addedNodes)));
      new MutationObserver(count).observe(place, changes);
    }""")
    below = "place => place.querySelector('.x-sum').getBoundingClientRect().top - place.getBoundingClientRect().top"
    before = exhibit.evaluate(below)
    for name, count in (("5×5", 25), ("3×3", 9)):
        exhibit.get_by_role("button", name=name).click()
        expect(exhibit.locator(".x-grid-inputs input:visible")).to_have_count(count)
        assert exhibit.evaluate(below) == before
    assert page.evaluate("made") == 0
    exhibit.locator("select").nth(1).focus()
    page.keyboard.press("Tab")
    for number in range(9):  # the keyboard goes through the fields that are shown, and no others
        focused = page.evaluate("[document.activeElement.checkVisibility(), document.activeElement.ariaLabel]")
        assert focused == [True, f"Weight in row {number // 3 + 1}, column {number % 3 + 1}"]
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.x-sizes')") is None


@pytest.mark.slow
@pytest.mark.browser
def test_a_drawing_is_read(page: Page) -> None:
    canvas = page.locator("[data-exhibit=sketch] canvas")
    canvas.scroll_into_view_if_needed()
    page.wait_for_selector("[data-exhibit=sketch][data-ready]")
    assert page.locator("[data-exhibit=sketch] .x-answer:visible").count() == 0
    canvas = page.locator("[data-exhibit=sketch] canvas")
    canvas.focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    page.wait_for_selector("[data-exhibit=sketch] .x-answer:visible")
    expect(page.locator("[data-exhibit=sketch] .x-says").first).to_contain_text("reads ")


@pytest.mark.slow
@pytest.mark.browser
def test_without_javascript_the_static_figures_stand(explorer: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((explorer / "page.html").as_uri())
    assert page.locator("[data-exhibit]").all_inner_texts() == ["static"] * 4
    context.close()


@pytest.mark.slow
@pytest.mark.browser
def test_where_the_networks_are_missing_the_static_figures_stand_and_nothing_is_asked_for(
    explorer: Path, browser: Browser, tmp_path: Path
) -> None:
    write_explorer(MODULES, metrics(), {}, tmp_path / "explorer", read=lambda *_: None, data_folder=tmp_path)
    shutil.copy(explorer / "page.html", tmp_path)
    assert [file.name for file in (tmp_path / "explorer").iterdir() if file.suffix == ".js"] == ["explorer.js"]
    page = browser.new_page()
    complaints: list[str] = []
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri(), wait_until="networkidle")
    assert page.locator("[data-exhibit]").all_inner_texts() == ["static"] * 4
    assert complaints == []
    page.close()


@pytest.mark.slow
def test_sizes(explorer: Path) -> None:
    assert (explorer / "explorer" / "explorer.js").stat().st_size <= 40_000
    first, _ = data_of(explorer, "shift")
    noise = first["images"]["pixels"]["length"]  # which the images are here
    assert len(base64.b64decode(first["block"])) - noise <= 250_000
    data, _ = data_of(explorer, "kernel")
    assert [one["kernel"] for one in data["variants"]] == [3, 5]


def test_a_bundle_holds_every_module_once_and_no_import(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('import { a } from "./a.js";\nimport { b } from "./b.js";\nb(a);\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport function b() { return a; }\n')
    (tmp_path / "a.js").write_text("export const a = 1;\n")
    text = bundle(tmp_path)
    assert [line for line in text.splitlines() if "---" in line] == ["// ---- a.js", "// ---- b.js", "// ---- main.js"]
    assert "import" not in text
    assert "export" not in text


@pytest.mark.parametrize(
    ("module", "complaint"),
    [("const a = 2;\n", "both declare a"), ('import * as all from "./a.js";\n', "in a form")],
)
def test_a_bundle_that_would_not_run_is_refused(tmp_path: Path, module: str, complaint: str) -> None:
    (tmp_path / "main.js").write_text('import { a } from "./a.js";\n' + module)
    (tmp_path / "a.js").write_text("export const a = 1;\n")
    with pytest.raises(ReportError, match=complaint):
        bundle(tmp_path)
