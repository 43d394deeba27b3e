"""Random numbers: functions of their keys, and no two uses share a key."""

import ast

import numpy as np
import pytest

from bigan.streams import Stream, fixed_order, generator
from tests.processes import ROOT

PACKAGES = ("bigan", "baselines", "transfer", "scripts")


def test_no_two_streams_share_a_number():
    numbers = [member.value for member in Stream.__members__.values()]  # aliases among them
    assert len(numbers) == len(set(numbers)) == len(Stream)


def test_numbers_of_streams_that_runs_depend_on_never_change():
    """Resumed runs and those to be compared with older ones draw from these."""
    assert (Stream.FIXED, Stream.ORDER, Stream.LATENT, Stream.STATISTICS) == (0, 1, 2, 3)
    assert (Stream.EVALUATION, Stream.PICTURES, Stream.AUGMENT, Stream.HELD_OUT) == (4, 5, 6, 101)


def test_a_stream_depends_on_its_key_alone():
    def draw(*key):
        return generator(*key).integers(0, 2**62, 4).tolist()

    assert draw(3, Stream.ORDER, 5) == draw(3, Stream.ORDER, 5)
    keys = [(s, stream, i) for s in (0, 1) for stream in Stream for i in (1, 2)]
    assert len({tuple(draw(*key)) for key in keys}) == len(keys)
    assert np.array_equal(fixed_order(9), fixed_order(9)) and sorted(fixed_order(9)) == list(range(9))


def random_calls(path):
    """Lines of a module in which it makes or seeds random numbers of NumPy's by itself."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
            yield node.lineno
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.startswith(("np.random.", "numpy.random.")):
                yield node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_random_numbers_come_from_streams_alone(package):
    modules = [path for path in (ROOT / package).rglob("*.py") if path != ROOT / "bigan" / "streams.py"]
    assert modules
    found = [f"{path.relative_to(ROOT)}:{line}" for path in modules for line in random_calls(path)]
    assert not found
    assert list(random_calls(ROOT / "bigan" / "streams.py"))  # what is looked for can be found
