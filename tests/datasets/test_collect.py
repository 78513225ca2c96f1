"""Images as people have them become a folder that a study reads, and what is wrong with them is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convscope.datasets.collect import Collected, collect
from convscope.datasets.dataset import Dataset
from convscope.datasets.folder import image_folder, load_folder
from convscope.errors import DatasetError


def random_images(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def save_classes(folder: Path, count: int = 6, size: tuple[int, int] = (12, 10), mode: str = "L") -> None:
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = random_images(size[1], size[0], 3) + np.uint8(number)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{number}.png")


def collected(root: Path, source: Path, **options: int) -> tuple[Collected, Dataset]:
    done = collect(source, root / "checkout" / "data" / "mine", **options)  # type: ignore[arg-type]
    return done, load_folder(image_folder(done.folder))


# ---------------------------------------------------------------- where they come from


@pytest.mark.parametrize("shape", [(40, 9, 9), (40, 9, 9, 1), (40, 1, 9, 9), (40, 9, 9, 3), (40, 3, 9, 9)])
def test_arrays_arrive_exactly_and_in_their_parts(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels, labels = random_images(*shape), np.arange(40) % 11
    np.savez(tmp_path / "a.npz", x_train=pixels[:25], y_train=labels[:25], x_test=pixels[25:], y_test=labels[25:, None])
    _, dataset = collected(tmp_path, tmp_path / "a.npz")
    assert dataset.class_names == tuple(f"{label:02d}" for label in range(11))  # 2 before 10
    channels = 3 if 3 in shape else 1
    as_stored = pixels if shape[1] == channels else np.moveaxis(pixels.reshape(40, 9, 9, channels), -1, 1)
    for part, expected, of in (
        (dataset.train, as_stored[:25], labels[:25]),
        (dataset.test, as_stored[25:], labels[25:]),
    ):
        by_label = {(int(label), image.tobytes()) for image, label in zip(part.pixels, part.labels, strict=True)}
        shaped = expected.reshape(-1, channels, 9, 9)
        assert by_label == {(int(label), image.tobytes()) for image, label in zip(shaped, of, strict=True)}


def test_validation_images_of_an_archive_are_training_images(tmp_path: Path) -> None:
    parts = {"train": 20, "val": 10, "test": 10}
    arrays = {f"{part}_images": random_images(n, 8, 8) for part, n in parts.items()}
    labels = {f"{part}_labels": np.arange(n)[:, None] % 2 for part, n in parts.items()}
    np.savez(tmp_path / "a.npz", **arrays, **labels)  # type: ignore[arg-type]
    _, dataset = collected(tmp_path, tmp_path / "a.npz")
    assert (len(dataset.train), len(dataset.test)) == (30, 10)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_paths_and_labels(tmp_path: Path, separator: str) -> None:
    save_classes(tmp_path / "a")
    files = sorted((tmp_path / "a").rglob("*.png"))
    rows = [[f"a/{file.parent.name}/{file.name}", f"{file.parent.name}s", "Test" if i % 3 == 0 else "train"]
            for i, file in enumerate(files)]  # fmt: skip
    text = "\n".join(separator.join(row) for row in [["Filename", "Label", "Split"], *rows])
    (tmp_path / "list.csv").write_text(text)
    _, dataset = collected(tmp_path, tmp_path / "list.csv")
    assert dataset.class_names == ("cats", "dogs")
    assert (len(dataset.train), len(dataset.test)) == (8, 4)


def test_two_folders_are_training_and_test(tmp_path: Path) -> None:
    save_classes(tmp_path / "learn", count=7)
    save_classes(tmp_path / "exam", count=5)
    done = collect(tmp_path / "learn", tmp_path / "c" / "data" / "mine", test=tmp_path / "exam")
    dataset = load_folder(image_folder(done.folder))
    assert (len(dataset.train), len(dataset.test)) == (14, 10)


# ---------------------------------------------------------------- what is done to them


def test_sixteen_bits_become_eight_by_the_bits_in_use(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "deep" / name).mkdir(parents=True)
        for number in range(5):
            values = np.linspace(0, 4095 - number, 81).reshape(9, 9).astype(np.uint16)  # 12 bits, as cameras have
            Image.fromarray(values).save(tmp_path / "deep" / name / f"{number}.png")
    done, dataset = collected(tmp_path, tmp_path / "deep")
    assert "pixels of 12 bits are scaled to 8" in done.changes
    assert dataset.train.pixels.max() == 255
    expected = np.rint(np.linspace(0, 4095, 81).astype(np.uint16) / 4095 * 255).reshape(9, 9)
    assert any(np.array_equal(image[0], expected) for image in [*dataset.train.pixels, *dataset.test.pixels])


def test_sizes_that_differ_become_one(tmp_path: Path) -> None:
    save_classes(tmp_path / "a", size=(100, 80))
    Image.fromarray(random_images(50, 90)).save(tmp_path / "a" / "cat" / "small.png")
    done, dataset = collected(tmp_path, tmp_path / "a")
    assert dataset.train.pixels.shape[1:] == (1, 64, 64)
    assert any("of 2 sizes, the middle square" in change for change in done.changes)


def test_large_images_keep_their_proportions(tmp_path: Path) -> None:
    save_classes(tmp_path / "a", size=(128, 96), mode="RGB")
    done, dataset = collected(tmp_path, tmp_path / "a")
    assert dataset.train.pixels.shape[1:] == (3, 48, 64)
    assert "scaled from 128×96 to 64×48 pixels" in done.changes


def test_a_size_can_be_asked_for(tmp_path: Path) -> None:
    save_classes(tmp_path / "a", size=(96, 96))
    assert collected(tmp_path, tmp_path / "a", size=20)[1].train.pixels.shape[1:] == (1, 20, 20)


def test_colour_files_of_grey_images_are_grey(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "a" / name).mkdir(parents=True)
        for number in range(5):
            grey = Image.fromarray(random_images(9, 9) + np.uint8(number))
            grey.convert("RGB").save(tmp_path / "a" / name / f"{number}.png")
    assert collected(tmp_path, tmp_path / "a")[1].train.pixels.shape[1] == 1


def test_photographs_are_upright_and_what_is_transparent_is_white(tmp_path: Path) -> None:
    save_classes(tmp_path / "a", size=(12, 10), mode="RGB")
    held = Image.new("RGB", (10, 12), "red")
    held.getexif()[0x0112] = 6  # held upright: 12 wide once turned
    held.save(tmp_path / "a" / "cat" / "held.png", exif=held.getexif())
    clear = Image.new("RGBA", (12, 10), (0, 0, 0, 0))
    clear.save(tmp_path / "a" / "dog" / "clear.png")
    done, dataset = collected(tmp_path, tmp_path / "a")
    assert {"photographs are turned upright", "what is transparent is white"} < set(done.changes)
    every = [*dataset.train.pixels, *dataset.test.pixels]
    assert dataset.train.pixels.shape[1:] == (3, 10, 12)
    assert any((image == 255).all() for image in every)


# ---------------------------------------------------------------- what is wrong with them


def _csv(text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "list.csv").write_text(text)
        return folder / "list.csv"

    return write


def _npz(**arrays: NDArray[np.generic]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "a.npz", **arrays)  # type: ignore[arg-type]
        return folder / "a.npz"

    return write


@pytest.mark.parametrize(
    ("write", "named"),
    [
        (lambda folder: folder / "nowhere", "nowhere is not there"),
        (_csv("a,b\n1,2\n"), "list.csv has the columns a, b"),
        (_csv(""), "list.csv has the columns none"),
        (_csv("path,label\ngone.png,x\n"), r"list\.csv, line 2: .*gone\.png is no file"),
        (_npz(x=random_images(9, 8, 8)), "0 arrays can be the labels of 'x'"),
        (_npz(y=np.arange(3)), "has no array of images"),
        (_npz(x=random_images(9, 8, 8), y=np.zeros(9)), "labels are whole numbers or texts"),
        (_npz(x=np.full((9, 8, 8), -0.5), y=np.arange(9) % 2), "values from -0.5 to -0.5"),
        (_npz(x=random_images(9, 8, 8, 5), y=np.arange(9) % 2), r"images of shape \(8, 8, 5\)"),
        (_npz(x=random_images(9, 4, 4), y=np.arange(9) % 2), "4×4 pixels are too small"),
        (_npz(x=random_images(2, 8, 8), y=np.array(["a/b", "c"])), "label 'a/b' cannot name a folder"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, write: Callable[[Path], Path], named: str) -> None:
    with pytest.raises(DatasetError, match=named):
        collect(write(tmp_path), tmp_path / "checkout" / "data" / "mine")
    assert not (tmp_path / "checkout").exists()


def test_objects_in_an_archive_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([object()] * 3), y=np.arange(3))
    with pytest.raises(DatasetError, match="cannot be read"):
        collect(tmp_path / "a.npz", tmp_path / "c" / "data" / "mine")


def test_a_folder_with_a_split_of_its_own_takes_no_second_one(tmp_path: Path) -> None:
    for part in ("train", "test"):
        save_classes(tmp_path / "both" / part)
    save_classes(tmp_path / "exam")
    with pytest.raises(DatasetError, match="both has a split of its own"):
        collect(tmp_path / "both", tmp_path / "c" / "data" / "mine", test=tmp_path / "exam")


def test_training_and_test_images_have_the_same_classes(tmp_path: Path) -> None:
    save_classes(tmp_path / "learn")
    save_classes(tmp_path / "exam")
    (tmp_path / "exam" / "dog").rename(tmp_path / "exam" / "fox")
    with pytest.raises(DatasetError, match="classes dog, fox are in one part alone"):
        collect(tmp_path / "learn", tmp_path / "c" / "data" / "mine", test=tmp_path / "exam")


def test_all_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    save_classes(tmp_path / "pictures", count=20)
    whole = (tmp_path / "pictures" / "cat" / "0.png").read_bytes()
    for name in ("cat/3.png", "dog/7.png", "dog/8.png"):
        (tmp_path / "pictures" / name).write_bytes(whole[:60])
    with pytest.raises(DatasetError) as raised:
        collect(tmp_path / "pictures", tmp_path / "checkout" / "data" / "mine")
    for name in ("cat/3.png", "dog/7.png", "dog/8.png"):
        assert str(tmp_path / "pictures" / name) in raised.value.message
    for number in range(15):
        (tmp_path / "pictures" / "cat" / f"{number}.png").write_bytes(whole[:60])
    with pytest.raises(DatasetError, match=r"^17 images are of no use:(\n.*){10}\nand 7 others"):
        collect(tmp_path / "pictures", tmp_path / "checkout" / "data" / "mine")
    assert not (tmp_path / "checkout").exists()


def test_of_what_moves_the_first_picture_is_taken_and_said_to_be(tmp_path: Path) -> None:
    save_classes(tmp_path / "pictures", size=(12, 12))
    first, *others = (Image.fromarray(np.full((12, 12), value, np.uint8)) for value in (10, 90, 170))
    first.save(tmp_path / "pictures" / "dog" / "moves.gif", save_all=True, append_images=others)
    done, dataset = collected(tmp_path, tmp_path / "pictures")
    assert "of several pictures in one file, the first is taken" in done.changes
    pixels = np.concatenate([dataset.train.pixels, dataset.test.pixels])
    assert [int(image[0, 0, 0]) for image in pixels if np.ptp(image) == 0] == [10]
