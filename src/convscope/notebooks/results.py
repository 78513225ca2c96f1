"""What the cells of a notebook call: finds stored results, and draws each figure of the report again from them.

Imports little, so that it works where the packages that the set-up cell installs are the only ones.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from convscope.analysis.metrics_file import parse, read_metrics
from convscope.analysis.pictures import Pictures, read_pictures
from convscope.datasets.dataset import Dataset, Images
from convscope.errors import ConvscopeError
from convscope.figures.draw import drawings
from convscope.figures.registry import Drawing, Material
from convscope.figures.style import figure_style
from convscope.files import Json, sha256_of

METRICS, PICTURES = "metrics.json", "pictures.safetensors"
DOTS_PER_INCH = 160  # shown at 100 dots an inch: sharp on screens that show more
SHOWN_PER_INCH = 100


@dataclass(frozen=True)
class Picture:
    """A figure as a notebook shows it, whatever backend matplotlib has there."""

    figure: Figure

    def png(self) -> bytes:
        """Return the figure as PNG; the same bytes for the same figure."""
        buffer = io.BytesIO()
        with figure_style():
            self.figure.savefig(
                buffer,
                format="png",
                dpi=DOTS_PER_INCH,
                bbox_inches="tight",
                pad_inches=0.04,
                metadata={"Software": None},  # matplotlib's version would change the bytes
            )
        return buffer.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Give Jupyter the image and how wide it is shown, in CSS pixels."""
        png = self.png()
        pixels = int.from_bytes(png[16:20], "big")  # the width in the header (PNG specification, 11.2.2)
        return png, {"width": round(pixels * SHOWN_PER_INCH / DOTS_PER_INCH)}


@dataclass(frozen=True)
class StoredResults:
    """Stored results of a profile, from the side of one study."""

    metrics: Json  # the whole metrics.json
    pictures: Pictures  # arrays that figures show: images, filters, feature maps
    study_id: str
    source: str  # where they were found, relative to the project
    as_written: bool  # whether they are the very results that the text of the notebook was written from

    @classmethod
    def find(cls, project: Path, profile: str, study: str, sha256: str = "") -> StoredResults:
        """Load the results of a study: of the build, beside the notebook, or computed from the published runs.

        Raises ConvscopeError: no results of the study are stored.

        Parameters
        ----------
        sha256
            Of the metrics.json that the notebook's text was written from; results that have it are preferred.
        """
        project = project.resolve()
        here = Path.cwd()
        kept = project / "data" / "published"
        places = [project / "build" / profile, here, *here.parents[:2], kept]
        found = [place for place in places if (place / METRICS).is_file() and (place / PICTURES).is_file()]
        exact = [place for place in found if sha256_of(place / METRICS) == sha256]
        runs = kept / "runs"
        others = [place for place in found if place not in exact]
        if runs.is_dir():
            others.insert(0 if profile == "published" else len(others), runs)
        for place in [*exact, *others]:
            metrics, pictures = _of_runs(project, study) if place == runs else _of_build(place, place in exact)
            if metrics["studies"].get(study, {}).get("status") == "run":
                source = place.relative_to(project).as_posix() if place.is_relative_to(project) else place.name
                return cls(metrics, pictures, study, source, place in exact)
        raise ConvscopeError(
            f"No results of study {study!r} are stored: neither in build/{profile}/ and data/published/ of the "
            f"project, nor beside this notebook.",
            f"`make metrics PROFILE={profile} STUDIES={study}` in the project makes them.",
        )

    @property
    def study(self) -> Json:
        """Everything that was measured in the study."""
        found: Json = self.metrics["studies"][self.study_id]
        return found

    @property
    def seconds(self) -> dict[str, float]:
        """Training time of each variant's fastest run, by its id."""
        timings = self.metrics["timings"]["studies"][self.study_id]
        return {variant: min(measured["train_seconds"]["values"]) for variant, measured in timings.items()}

    def few_images(self, project: Path, most: int, download: bool = False) -> tuple[Images, Images, str]:
        """Return some training and test images of the study's data set, and a line that says which.

        Parameters
        ----------
        download
            Fetch a data set that is not on this machine. Without it, the samples that are stored with the results are
            taken.
        """
        from convscope.datasets.load import load  # the figures need none of this
        from convscope.datasets.splits import on_canvas
        from convscope.studies import select

        study = select(self.study_id, project / "report" / "studies")[0]
        data = study.budget(self.metrics["profile"]).data(study.data)
        facts = self.metrics["datasets"][self.study["dataset"]]
        try:
            dataset = load(data.dataset, project / "data", download)
            said = (
                f"{dataset.title}: some of its {len(dataset.train):,} training and {len(dataset.test):,} test images."
            )
            if dataset.kind == "table":  # whose two parts are the same rows
                dataset = _held_out(dataset, dataset.train)
                said = f"{dataset.title}: of its rows every fourth is held out for the test."
        except ConvscopeError:
            samples = self.pictures[f"datasets/{self.study['dataset']}/samples"]  # (classes, images, C, H, W)
            labels = np.repeat(np.arange(len(samples)), samples.shape[1])
            stored = Images(samples.reshape(-1, *samples.shape[2:]), labels)
            names = tuple(facts["class_names"])
            dataset = Dataset(facts["title"], facts["title"], stored, stored, names, facts["fingerprint"], "stored")
            dataset = _held_out(dataset, stored)
            said = f"{dataset.title} is not on this machine: these are samples stored with the results."
        dataset = on_canvas(dataset, data.canvas)
        train, test = (
            Images(part.pixels[:count], part.labels[:count])
            for part, count in ((dataset.train, most), (dataset.test, most // 2))
        )
        return train, test, said

    @cached_property
    def _drawings(self) -> dict[str, Drawing]:
        return drawings(Material(parse(self.metrics), self.pictures))

    def figure(self, name: str) -> Picture:
        """Draw a figure of the report.

        Raises ConvscopeError: there is none of this name.

        Parameters
        ----------
        name
            As it is called in build/PROFILE/figures/, without ``.svg``.
        """
        known = self._drawings
        if name not in known:
            raise ConvscopeError(f"There is no figure {name!r}; there is: {', '.join(known)}.")
        with figure_style():
            figure = known[name]()
        plt.close(figure)  # else Jupyter's own backend would show it a second time
        return Picture(figure)


def _of_build(place: Path, checked: bool) -> tuple[Json, Pictures]:
    """Read a build's results; the check takes a second of every notebook, and was made before its text was written."""
    metrics = json.loads((place / METRICS).read_bytes()) if checked else read_metrics(place / METRICS).as_json()
    return metrics, read_pictures(place / PICTURES)


def _of_runs(project: Path, study: str) -> tuple[Json, Pictures]:
    """Compute a study's results from the runs that the repository keeps, as a fresh clone has them."""
    from convscope.publication import published_metrics  # imports PyTorch
    from convscope.runs.published import PublishedRuns
    from convscope.studies import select

    kept = PublishedRuns(project / "data" / "published")
    metrics, pictures = published_metrics(select(study, project / "report" / "studies"), kept)
    return metrics.as_json(), pictures


def _held_out(dataset: Dataset, images: Images) -> Dataset:
    """Return the data set with every fourth of these images for the test, and the others for training."""
    held = np.arange(len(images)) % 4 == 3
    return replace(dataset, train=images.take(np.flatnonzero(~held)), test=images.take(np.flatnonzero(held)))
