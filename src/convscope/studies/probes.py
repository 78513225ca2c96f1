"""What a study asks of its trained networks beyond their accuracy on the test images."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.specs.checks import require


@dataclass(frozen=True)
class ShiftProbe:
    """Test images moved up, down, left and right; what leaves at one side comes in at the other.

    Parameters
    ----------
    distances
        In pixels, at least 1.
    claimed
        The one of them that claims are about, chosen before the results.
    period
        Total stride of the networks, one of the distances and even: claims about what is won back there compare it with
        half of it. 0 where none is.
    images
        Moved images: the first so many of the test part. Every network sees each 4 times a distance.
    """

    distances: tuple[int, ...] = (1, 2, 3, 4, 6)
    claimed: int = 2
    period: int = 0
    images: int = 240

    def __post_init__(self) -> None:
        require(
            self.claimed in self.distances, f"ShiftProbe claims distance {self.claimed}, which is not in its distances."
        )
        require(min(self.distances) >= 1, f"ShiftProbe has the distances {self.distances}; each is at least 1.")
        require(
            self.period == 0 or (self.period % 2 == 0 and {self.period, self.period // 2} <= set(self.distances)),
            f"ShiftProbe period is {self.period}; it must be even, and it and its half must be among the distances.",
        )
