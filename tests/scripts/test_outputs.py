"""scripts.outputs from a user's command line."""

import pytest

from tests.scripts.commands import fail, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]


def test_a_row_for_each_checkpoint(runs):
    lines = succeed("outputs", f"--run={runs / 'bigan'}").stdout.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert "standard deviation" in table[0] and [row.split("|")[1].strip() for row in table[2:]] == ["0", "1", "2"]
    lines = succeed("outputs", f"--run={runs / 'bigan'}", "--checkpoints=2").stdout.splitlines()
    assert [line for line in lines if line.startswith("|")] == [table[0], table[1], table[4]]
    assert "lacks the encoder or the generator" in fail("outputs", f"--run={runs / 'gan'}")
