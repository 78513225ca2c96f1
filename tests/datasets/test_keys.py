"""Names of data sets in metrics.json: two that differ never share one, and each says what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from convscope.datasets.catalogue import PUBLIC, TABLES, dataset_key
from convscope.datasets.folder import image_folder
from convscope.specs import Glyphs, ImageFolder, Table


def folder_of(root: Path, grey: int) -> ImageFolder:
    for name in ("one", "two"):
        (root / name).mkdir(parents=True)
        for number in range(5):
            Image.new("L", (8, 8), grey + number).save(root / name / f"{number}.png")
    return image_folder(root)


def test_public_data_sets_and_tables_keep_their_names() -> None:
    assert [dataset_key(name) for name in PUBLIC] == list(PUBLIC)
    assert [dataset_key(Table(name)) for name in TABLES] == list(TABLES)
    assert not set(PUBLIC) & set(TABLES)


def test_glyphs_of_one_size_differ_by_their_settings() -> None:
    keys = [dataset_key(Glyphs()), dataset_key(Glyphs(shift=0)), dataset_key(Glyphs(channels=3))]
    assert len(set(keys)) == 3
    assert all(key.startswith("glyphs-28-") for key in keys)
    assert dataset_key(Glyphs(noise=0.08)) == keys[0]


def test_a_folder_named_like_a_public_data_set_is_not_it(tmp_path: Path) -> None:
    one, two = folder_of(tmp_path / "a" / "mnist", 0), folder_of(tmp_path / "b" / "mnist", 9)
    keys = {dataset_key("mnist"), dataset_key(one), dataset_key(two), dataset_key(replace(one, test_share=0.4))}
    assert len(keys) == 4


@pytest.mark.parametrize("name", ["my images", "../up", "猫", "a/b~c", 'x"y', "{{< include x >}}"])
def test_any_folder_name_makes_a_plain_key(name: str) -> None:
    key = dataset_key(ImageFolder(name, "0" * 64))
    assert re.fullmatch(r"[a-z0-9-]+", key)
    assert not key.startswith("-")
