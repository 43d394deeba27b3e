"""Hidden layers in bfloat16."""

import keras
import numpy as np
import pytest

from bigan import presets
from bigan.data.spec import Spec
from bigan.models.method import create
from bigan.runtime import compilation

pytestmark = pytest.mark.jax


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX compiles convolutions one by one here: 10 seconds")
def test_bfloat16_keeps_weights_losses_and_features_in_float32():
    losses = {}
    for precision in ("float32", "bfloat16"):
        config = presets.tiny32_thesis().replace(width=8, precision=precision)
        model = create(config, Spec((32, 32, 3)))
        x = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), np.uint8)
        z = model.latent.draw(32, 0, 1)
        terms = model({"x": x, "z": z}, training=True)
        assert {keras.backend.standardize_dtype(v.dtype) for v in model.trainable_variables} == {"float32"}
        assert {keras.backend.standardize_dtype(v.dtype) for v in terms.values()} == {"float32"}
        assert model.features(x).dtype == model.features(x, "conv2").dtype == np.float32
        losses[precision] = float(terms["loss"])
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


@pytest.mark.parametrize(
    ("flags", "precision", "told"),
    [
        ("sse avx2 fma", "bfloat16", True),
        ("sse avx2 fma", "float32", False),
        ("avx512f avx512_bf16 avx512vl", "bfloat16", False),
        ("fp asimd bf16", "bfloat16", False),
    ],
)
def test_a_processor_without_bfloat16_is_told_of(tmp_path, flags, precision, told):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    config = presets.digits().replace(precision=precision)
    line = compilation.slower(config, tmp_path / "cpuinfo")
    assert line.startswith("precision=bfloat16: this processor has no products") if told else line == ""
    assert compilation.slower(config, tmp_path / "none") == ""
