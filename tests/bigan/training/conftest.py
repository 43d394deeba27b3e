"""A complete run to damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copy(tmp_path, whole):
    """The folder of a complete run of the tiny configuration, to damage."""
    return Path(shutil.copytree(whole().directory.path, tmp_path / "run"))
