"""Design choices one at a time, around one CNN: the networks and experiments that several data sets share.

The base is the convolutional network of `convscope.studies.bias`, so that its runs are those of the studies that take
convolution apart. A factor of the body also changes how many values reach the dense head: without pooling it has 16
times the inputs. Such factors are therefore varied a second time with the mean of each map in place of all its
positions: that head sees one value a map, and its hidden layer keeps its width.
"""

from __future__ import annotations

from typing import Literal

from convscope.specs import Activation, Conv2d, Dense, Flatten, GlobalAveragePool, Layer, ModelSpec, Pool2d
from convscope.studies.architectures import ImageShape
from convscope.studies.bias import FILTERS, HIDDEN
from convscope.studies.study import Claim, Experiment, Variant


def network(
    image: ImageShape,
    *,
    kernel: int = 3,
    filters: int = FILTERS[0],
    depth: int = 2,
    pooling: Literal["max", "average", "none"] = "max",
    stride: int = 1,
    padding: Literal["same", "valid"] = "same",
    activation: Activation = "relu",
    dilation: int = 1,
    head: Literal["dense", "global average"] = "dense",
) -> ModelSpec:
    """Return the base CNN with some of its choices changed.

    Parameters
    ----------
    image
        (channels, height, width).
    kernel, padding, activation
        Of every convolution.
    filters
        Of the first convolution; each further one has twice as many.
    depth
        Number of convolutional blocks.
    pooling
        After each convolution, over 2x2 pixels.
    stride
        Of the first convolution.
    dilation
        Of every convolution but the first.
    head
        What the hidden units and the logits are fed with: all positions (``"dense"``) or the mean of each map.
    """
    layers: list[Layer] = []
    for block in range(depth):
        first = block == 0
        layers.append(
            Conv2d(
                filters * 2**block,
                kernel,
                stride if first else 1,
                padding,
                activation,
                dilation=1 if first else dilation,
            )
        )
        if pooling != "none":
            layers.append(Pool2d(pooling))
    seen = Flatten() if head == "dense" else GlobalAveragePool()
    return ModelSpec(image, (*layers, seen, Dense(HIDDEN), Dense(10, "none")))


def shared(image: ImageShape) -> tuple[Variant, ...]:
    """Return the base and its variants of depth and pooling, and the twins of all of them."""

    def twin(title: str) -> str:
        return f"{title}, GAP head"

    average: Literal["global average"] = "global average"
    return (
        Variant("base", "Base", network(image)),
        Variant("depth1", "1 block", network(image, depth=1)),
        Variant("depth3", "3 blocks", network(image, depth=3)),
        Variant("average", "Average pooling", network(image, pooling="average")),
        Variant("unpooled", "No pooling", network(image, pooling="none")),
        Variant("base-gap", twin("Base"), network(image, head=average)),
        Variant("depth1-gap", twin("1 block"), network(image, depth=1, head=average)),
        Variant("depth3-gap", twin("3 blocks"), network(image, depth=3, head=average)),
        Variant("average-gap", twin("Average pooling"), network(image, pooling="average", head=average)),
        Variant("unpooled-gap", twin("No pooling"), network(image, pooling="none", head=average)),
        # 3 and 1 + 2 * 3 * 1 more: a value sees 9 pixels a side, the pooled network's 10, the unpooled one's 5.
        Variant(
            "dilated-gap", twin("No pooling, dilation 3"), network(image, pooling="none", dilation=3, head=average)
        ),
    )


DEPTH = Experiment(
    "depth", "Depth", "depth", ("base", "depth1", "depth3"), "How many convolutional blocks does the task need?"
)
POOLING = Experiment(
    "pooling",
    "Pooling",
    "pooling",
    ("base", "average", "unpooled"),
    "Does pooling help, and should it take the maximum or the mean?",
)
DEPTH_TWIN = Experiment(
    "depth-gap",
    "Depth, with global average pooling",
    "depth",
    ("base-gap", "depth1-gap", "depth3-gap"),
    "The same question with a head whose inputs are the channels alone.",
)
POOLING_TWIN = Experiment(
    "pooling-gap",
    "Pooling, with global average pooling",
    "pooling",
    ("base-gap", "average-gap", "unpooled-gap"),
    "The same question with a head whose size pooling does not change.",
)
REACH = Experiment(
    "reach-gap",
    "Reach without pooling",
    "dilation",
    ("unpooled-gap", "dilated-gap"),
    "Is it the pooling that helps, or that the layers behind it see more? Dilation widens what they see without any.",
)
REACH_PAIR = ("dilated-gap", "base-gap")


def pooling_for_reach(study_id: str, data: str) -> Claim:
    """Return the claim that pooling is worth what it lets the next layer see, for the images that ``data`` names."""
    return Claim(
        f"{study_id}-pooling-is-reach",
        f"On {data} a network without pooling whose dilated kernels see as much classifies as well as the one with max "
        "pooling, the head being global average pooling",
        "equivalence",
        variant=REACH_PAIR[0],
        others=REACH_PAIR[1:],
        refuted_by="A difference between the two whose whole interval is beyond the margin, either way.",
    )
