from __future__ import annotations

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope.datasets.splits import stream
from convscope.engines.schedule import epochs, learning_rates
from convscope.specs import TrainSpec

sizes = st.integers(1, 40)


@given(st.integers(1, 4), sizes, sizes)
def test_without_updates_an_epoch_is_a_pass(count: int, images: int, batch: int) -> None:
    training = TrainSpec(count, batch_size=batch)
    order = stream(0, "order")
    seen = [[chosen.tolist() for chosen in batches] for batches in epochs(training, images, stream(0, "order"))]
    assert len(seen) == count
    for batches in seen:
        assert list(chain.from_iterable(batches)) == order.permutation(images).tolist()
        assert {len(chosen) for chosen in batches[:-1]} <= {batch}
    assert sum(map(len, seen)) == training.total_updates(images)
    assert training.images_seen(images) == count * images


@given(st.integers(1, 4), st.integers(4, 60), sizes, sizes)
def test_a_number_of_updates_is_kept_and_every_image_has_its_turn(
    count: int, updates: int, images: int, batch: int
) -> None:
    training = TrainSpec(count, batch_size=batch, updates=updates)
    seen = [[chosen.tolist() for chosen in batches] for batches in epochs(training, images, stream(0, "order"))]
    assert [len(batches) for batches in seen] == [
        updates * (i + 1) // count - updates * i // count for i in range(count)
    ]
    assert max(map(len, seen)) - min(map(len, seen)) <= 1
    drawn = list(chain.from_iterable(chain.from_iterable(seen)))
    assert len(drawn) == training.images_seen(images)
    times = np.bincount(drawn, minlength=images)
    assert times.max() - times.min() <= 1  # passes cycle
    assert len(list(learning_rates(training, training.total_updates(images)))) == updates


def test_passes_are_shuffled_anew() -> None:
    (batches,) = epochs(TrainSpec(1, batch_size=50, updates=2), 50, stream(0, "order"))
    first, second = batches
    assert sorted(first.tolist()) == sorted(second.tolist())
    assert first.tolist() != second.tolist()
