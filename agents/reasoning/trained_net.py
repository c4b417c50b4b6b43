"""What hears the wishes: a small net, read with numpy alone.

A linear model adds up what words weigh, whatever stands beside them. Here each bucket is a point in few dimensions, a
text is the sum of its points, and what is negative in that sum is cut off: so "stop" can be an opt-out and "stop" with
the name of a street none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.reasoning.trained_features import Ids

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Net:
    """`points` has a row for every bucket, in whole steps; a `step` is how long these are in each dimension.

    `weights` has a row for each dimension and a column for each wish.
    """

    points: NDArray[np.int8]
    step: Floats
    shift: Floats
    weights: Floats
    bias: Floats

    def score(self, ids: Ids, scaled: Floats) -> Floats:
        """The log-odds of every wish."""
        inner = scaled @ self.points[ids].astype(np.float32) * self.step + self.shift
        scores: Floats = np.maximum(inner, 0) @ self.weights + self.bias
        return scores
