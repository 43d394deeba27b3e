"""Variations as they are written on a command line."""

from pathlib import Path

import pytest

from bigan import presets
from bigan.errors import UserError
from scripts.variations import Variation, variations

BASE = Variation("base", presets.get("digits"))


def test_flags_are_those_of_the_command_line():
    texts = [
        "no views: --agreement_weight=0 --noview_mirror",
        "a.b (2): --learning_rate 1e-3 --flip --scaling='0, 1'",
        "mine: --method=bigan.models:BiGAN",
    ]
    base, one, two, three = variations(BASE, texts)
    assert base is BASE and [v.name for v in (one, two, three)] == ["no views", "a.b (2)", "mine"]
    assert one.config == BASE.config.replace(agreement_weight=0.0, view_mirror=False)
    assert two.config == BASE.config.replace(learning_rate=1e-3, flip=True, scaling="0, 1")
    assert three.config == BASE.config.replace(method="bigan")
    assert one.place(Path("there"), 3) == Path("there/no views-3")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("--epochs=3", "a variation is 'NAME: --FIELD=VALUE ...'"),
        ("nothing: ", "a variation is 'NAME: --FIELD=VALUE ...'"),
        ("a/b: --epochs=3", "the name becomes a folder's"),
        ("..: --epochs=3", "the name becomes a folder's"),
        ("a|b: --epochs=3", "the name becomes a folder's"),
        (f"{'a' * 81}: --epochs=3", "the name becomes a folder's"),
        ("Base: --epochs=3", "the name is that of the base"),
        ("Twice: --epochs=3", "the name is that of another variation"),
        ("x: --epoch_count=3", "Unknown command line flag 'epoch_count'"),
        ("x: --seed=3", "Unknown command line flag 'seed'"),
        ("x: --epochs=many", "flag --epochs=many"),
        ("x: --epochs=0", "`epochs` must be at least 1. Received: 0"),
        ("x: --method=vae", "`method` must be one of bigan"),
        ("x: --method=nowhere:Mine", "there is no module 'nowhere'"),
        ("x: --batch_size=5 --replicas=2", "`batch_size` must be a multiple of `replicas`"),
        ("x: --scaling='0", "No closing quotation"),
        ("x: epochs=3", "unexpected 'epochs=3'"),
    ],
)
def test_what_is_refused_is_named(text, why):
    with pytest.raises(UserError) as raised:
        variations(BASE, ["twice: --epochs=2", text])
    line = str(raised.value)
    assert line.startswith(f"--vary={text!r}: ") and why in line and "\n" not in line
