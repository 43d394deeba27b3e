"""What a user writes in one file is trained like the rest."""

import pytest

from bigan.training.train import train

pytestmark = pytest.mark.slow


@pytest.mark.jax
def test_own_networks_and_own_method(tmp_path, tiny, data, monkeypatch):
    """What a user writes in one file is trained, evaluated and loaded like the rest."""
    (tmp_path / "hers.py").write_text(
        "import keras, bigan\n"
        "from keras import layers, ops\n"
        "class Nets(bigan.MLP):\n"
        "    def encoder(self, output_stddev=None):\n"
        "        x = layers.Input(self.spec.shape)\n"
        "        h = layers.Conv2D(8, 3, activation='relu', name='conv1')(x)\n"
        "        h = layers.Dense(self.config.latent_dim)(layers.Flatten()(h))\n"
        "        return keras.Model(x, h, name='encoder')\n"
        "class Median(bigan.Method):\n"
        "    logged = ('distance',)\n"
        "    samples_prior = False\n"
        "    @classmethod\n"
        "    def build_networks(cls, family):\n"
        "        return {'encoder': family.encoder(), 'generator': family.generator()}\n"
        "    def terms(self, x, z, training):\n"
        "        again = self.generator(self.latent.squash(self.encoder(x, training=training)), training=training)\n"
        "        distance = ops.mean(ops.sqrt(1e-6 + ops.square(x - again)))\n"
        "        return {'loss': distance, 'distance': distance}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = tiny.replace(method="hers:Median", networks="hers:Nets", epochs=2)
    run = train(config, tmp_path / "run", progress=False, **data)
    assert run.history[-1]["distance"] < run.history[1]["distance"]
    assert run.model.features(data["images"], "conv1").shape == (90, 4 * 4 * 8)
    assert run.results["protocol"]["hidden_layer"].startswith("encoder/flatten")
