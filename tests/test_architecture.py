"""The shape of the house: imports go one way, nothing outside scripts/ reads flags, modules stay small."""

import ast
import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bigan", "baselines", "transfer", "scripts")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# From the bottom up: a place imports from its own and from places below it alone.
LAYERS = [
    ["bigan.version", "bigan.errors", "bigan.types", "bigan.streams", "bigan.settings"],
    ["bigan.registry"],
    ["bigan.config", "bigan.presets"],
    ["bigan.runtime"],
    ["bigan.latents"],
    ["bigan.data"],
    ["bigan.networks"],
    ["bigan.models"],
    ["bigan.evaluation"],
    ["bigan.visualization"],
    ["bigan.training"],
    ["bigan.benchmarks"],
    ["bigan"],
    ["baselines"],
    ["transfer"],
    ["scripts"],
]


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """Modules of this project that `path` imports, at its top or inside functions, type checking aside."""
    tree = ast.parse(path.read_text())
    checking = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in checking:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom):
            package = name_of(path).split(".")[0] if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            if module.split(".")[0] in PACKAGES:
                for alias in node.names:
                    whole = f"{module}.{alias.name}"
                    yield whole if any(name_of(p) == whole for p in MODULES) else module


def layer(module):
    found = [i for i, names in enumerate(LAYERS) if any(module == n or module.startswith(f"{n}.") for n in names)]
    exact = [i for i, names in enumerate(LAYERS) if module in names]
    return exact[0] if exact else min(found)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path):
    module = name_of(path)
    for imported in imports(path):
        assert layer(imported) <= layer(module), f"{module} imports {imported}, which lies above it"


def test_no_cycles():
    graph = {name_of(path): set(imports(path)) - {name_of(path)} for path in MODULES}
    state = {}

    def visit(module, trail):
        assert state.get(module) != "open", f"a cycle of imports: {' -> '.join([*trail, module])}"
        if module not in state:
            state[module] = "open"
            for imported in sorted(graph.get(module, ())):
                visit(imported, [*trail, module])
            state[module] = "done"

    for module in graph:
        visit(module, [])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_small_and_only_scripts_read_flags(path):
    text = path.read_text()
    assert text.count("\n") <= 300
    assert path.parent.name == "scripts" or "absl" not in text


@pytest.mark.slow
def test_the_wheel_has_all_packages_and_no_scripts(tmp_path):
    """Console commands come with the wheel; packages called `scripts`, `tests` or `benchmarks` do not."""
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", tmp_path, source], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (n for n in names if n.endswith("entry_points.txt"))
        parser = configparser.ConfigParser()
        parser.read_string(archive.read(entry_points).decode())
    assert {name.split("/")[0] for name in names if name.endswith(".py")} == {"bigan", "baselines", "transfer"}
    expected = {str(path.relative_to(ROOT)).replace("scripts/", "bigan/scripts/") for path in MODULES}
    assert {name for name in names if name.endswith(".py")} == expected
    assert {"bigan/py.typed", "baselines/py.typed", "transfer/py.typed"} <= set(names)
    scripts = ("train", "transfer", "dump", "encode", "evaluate", "predict", "prepare", "table", "ablate", "benchmark")
    commands = {f"bigan-{name}" for name in scripts}
    assert set(parser["console_scripts"]) == commands
