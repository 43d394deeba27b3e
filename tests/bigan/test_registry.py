"""Lists of what there is, by short and importable names."""

import subprocess
import sys

import pytest

import baselines  # noqa: F401 (adds its methods to the list)
from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS, SOURCES, Registry
from tests.processes import ROOT


@pytest.fixture
def animals():
    return Registry("animal", "bark", {"dog": "kennel:Dog", "cat": "house:Cat"})


@pytest.mark.parametrize("registry", [METHODS, NETWORKS, LATENTS, SOURCES], ids=lambda r: r.kind)
def test_everything_on_a_list_is_there(registry):
    for name in registry:
        registry.check(name)
        found = registry.resolve(name)
        assert hasattr(found, registry.needs) and found is registry.resolve(registry.place(name))


def test_names_in_order_and_places(animals):
    assert list(animals) == ["dog", "cat"] and "dog" in animals and "cow" not in animals
    assert animals.place("cat") == "house:Cat" and animals.place("far.away:Cow") == "far.away:Cow"
    for name in ("cow", "cow:", ":Cow"):
        with pytest.raises(UserError) as raised:
            animals.place(name)
        assert str(raised.value) == (
            f"`animal` must be one of dog, cat, or an importable 'module:Class'. Received: {name!r}"
        )


def test_names_are_added_once(animals):
    animals.add("cow", "meadow:Cow")
    animals.add("cow", "meadow:Cow")  # a module that is imported twice
    assert list(animals) == ["dog", "cat", "cow"]
    with pytest.raises(UserError, match="the animal 'cow' is meadow:Cow already. Received: stable:Cow"):
        animals.add("cow", "stable:Cow")


def test_what_is_no_name_or_place_is_not_added(animals):
    for name, place in (("cow", "meadow"), ("cow", ":Cow"), ("a:b", "meadow:Cow"), ("", "meadow:Cow")):
        with pytest.raises(UserError, match="an? animal is added as name, 'module:Class'"):
            animals.add(name, place)
    assert list(animals) == ["dog", "cat"]


def test_a_class_that_leaves_out_what_it_must_define_is_told():
    with pytest.raises(
        UserError, match="`latent`: 'bigan.latents:Latent' does not define draw, exported_squash, squash"
    ):
        LATENTS.resolve("bigan.latents:Latent")


def test_names_of_ones_own_are_recorded_as_importable_ones(animals):
    animals.add("cow", "meadow:Cow")
    assert [animals.recorded(name) for name in ("dog", "cow", "far:Cow")] == ["dog", "meadow:Cow", "far:Cow"]


def test_a_missing_module_is_told_without_running_any(animals, tmp_path, monkeypatch):
    (tmp_path / "loud.py").write_text("raise RuntimeError('was run')")
    monkeypatch.syspath_prepend(tmp_path)
    animals.check("loud:Dog")
    for name in ("nowhere:Dog", "nowhere.at.all:Dog"):
        module = name.partition(":")[0]
        with pytest.raises(UserError) as raised:
            animals.check(name)
        assert str(raised.value) == f"`animal`: there is no module {module!r} on the Python path. Received: {name!r}"
    assert "loud" not in sys.modules


def test_what_cannot_be_one_is_refused():
    with pytest.raises(UserError, match=r"`method`: cannot import 'bigan\.models:Mine' \("):
        METHODS.resolve("bigan.models:Mine")
    with pytest.raises(UserError, match=r"`method`: cannot import 'nowhere:Mine' \(No module named 'nowhere'\)"):
        METHODS.resolve("nowhere:Mine")
    with pytest.raises(UserError, match="`method`: 'math:pi' is not a class. Received: float"):
        METHODS.resolve("math:pi")
    with pytest.raises(UserError, match=r"`method`: 'bigan\.config:Config' has no build_networks\(\)"):
        METHODS.resolve("bigan.config:Config")


def test_baselines_are_methods_once_they_are_imported():
    assert list(METHODS)[:11] == [
        "bigan",
        "bigan_views",
        "gan",
        "latent_regressor",
        "joint_latent_regressor",
        "autoencoder_l2",
        "autoencoder_l1",
        "denoising_autoencoder",
        "simclr",
        "vicreg",
        "imsat",
    ]


@pytest.mark.slow
def test_the_lists_start_no_backend():
    code = (
        "import sys, bigan, baselines, bigan.config, bigan.presets, bigan.training.train, bigan.training.run; "
        "import bigan.models, bigan.networks, bigan.latents, bigan.data.sources; "
        "bigan.Config(method='gan', networks='alexnet'); "
        "sys.exit(' '.join({'keras', 'tensorflow', 'jax'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
