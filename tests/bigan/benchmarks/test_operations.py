"""Where a step's time goes: sums over threads by hand, and a real step's operations counted."""

import pytest

from bigan import presets
from bigan.benchmarks import operations
from bigan.benchmarks.operations import Event
from bigan.errors import UserError


def test_time_within_another_operation_is_counted_once():
    ms = 10**9
    threads = [
        [Event(2 * ms, 5 * ms, "Conv2D"), Event(0, 10 * ms, "While"), Event(6 * ms, 8 * ms, "Conv2D")],
        [Event(0, 5 * ms, "Conv2D"), Event(5 * ms, 5 * ms + ms // 1000, "Identity")],
    ]
    rows = {row.pop("operation"): row for row in operations.summary(threads, steps=2)}
    assert list(rows) == ["Conv2D", "While", "1 others", "all"]
    assert rows["Conv2D"] == {"ms a step": 5.0, "share": 0.667, "calls a step": 1.5}
    assert rows["While"]["ms a step"] == 2.5  # ten less five, over two steps
    assert rows["all"] == {"ms a step": 7.5, "share": 1.0, "calls a step": 2.5}


def test_a_step_of_convolutions():
    config = presets.tiny32_thesis().replace(batch_size=8, width=4)
    result = operations.run(config, steps=3)
    rows = {row["operation"]: row for row in result["operations"]}
    assert result["steps"] == 4 and result["ms a step"] > 0
    # three convolutions each of E and G, and D's three on each of two pairs
    assert rows["Conv2DBackpropFilter"]["calls a step"] == 12
    assert rows["all"]["ms a step"] > rows["Conv2D"]["ms a step"] > 0


def test_a_step_without_single_operations_is_refused():
    with pytest.raises(UserError, match="--profile needs single operations.*--jit=off"):
        operations.run(presets.mnist().replace(batch_size=8, width=8), steps=1)
