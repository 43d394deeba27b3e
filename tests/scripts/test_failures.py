"""What goes wrong is one line, told before a backend is started where it can be; and how signals end a script."""

import os
import signal
import subprocess
import sys

import pytest

from scripts import main
from tests.processes import ROOT
from tests.scripts.commands import QUICK, command, fail


@pytest.mark.slow
def test_bad_flags_are_one_line_and_start_no_backend(no_backend, tmp_path):
    workdir = f"--workdir={tmp_path / 'run'}"
    cases = {
        ("--preset=mnits", workdir): "--preset must be one of digits, digits_thesis, mnist",
        ("--dataset=mnits", workdir): "--dataset must be one of",
        ("--method=vae", workdir): "--method must be one of bigan, bigan_views, gan, ",
        ("--method=nowhere:Mine", workdir): "--method: there is no module 'nowhere'",
        ("--networks=cnn", workdir): "--networks must be one of mlp, dcgan, ",
        ("--latent=gaussian", workdir): "--latent must be one of uniform",
        ("--scaling=0,1", workdir): "--scaling is for datasets of vectors, not for digits",
        ("--batch_size=5000", workdir): "--batch_size must be at most the 1437 training examples",
        ("--crop=9", workdir): "--crop must be at most the images' shorter edge, 8",
        ("--variant=mine", workdir): "--variant must be one of thesis, released",
        ("--epochs=0", workdir): "--epochs must be at least 1. Received: 0",
        ("--epochs=many", workdir): "epochs",
        ("--epoch_count=3", workdir): "epoch_count",
        ("--dataset=idx", workdir): "--dataset=idx needs --data_dir",
        ("--plugins=nowhere", workdir): "--plugins: cannot import 'nowhere' (ModuleNotFoundError",
        (): "--workdir is needed",
        (workdir, "stray"): "unexpected argument 'stray'",
        (f"--flagfile={tmp_path / 'none'}",): "none",
    }
    for flags, message in cases.items():
        assert message in fail("train", *flags, **no_backend), flags
    assert "no run in" in fail("transfer", f"--run={tmp_path}", **no_backend)
    assert "--run is needed" in fail("dump", **no_backend)
    assert "--out must be a .npz or .keras file" in fail("encode", "--out=a.txt", **no_backend)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_help_starts_no_backend(no_backend):
    assert command("train", "--help", **no_backend).stdout.count("--") > 30
    for script in ("table", "dump", "encode", "predict", "prepare", "transfer", "outputs"):
        done = command(script, "--help", **no_backend)
        assert done.returncode == 0 and f"scripts.{script}" in done.stdout, (script, done.stderr)


def test_backticks_become_flags_where_there_is_such_a_flag():
    assert main.as_flags("`verbosity` is 3, `verbosity=a b` too; `nothing`, `nothing=1`") == (
        "--verbosity is 3, --verbosity=a b too; nothing, nothing=1"
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_told_by_the_exit_status(number):
    # A process that a shell started in the background ignores SIGINT, and so would its children.
    code = "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"from scripts.main import run_main; run_main(lambda: os.kill(os.getpid(), {number:d}))()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 128 + number and not done.stderr


@pytest.mark.slow
def test_output_that_nobody_reads_on():
    """As of `--help | head`: no traceback, and the status that a shell gives such a command."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "scripts.table", "--help"]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_another_broken_pipe_is_not_hidden():
    reader, writer = os.pipe()
    assert not main.nobody_reads(writer)
    os.close(reader)
    assert main.nobody_reads(writer)
    os.close(writer)


@pytest.mark.slow
def test_unknown_backend(tmp_path):
    assert "KERAS_BACKEND must be tensorflow or jax" in fail("train", f"--workdir={tmp_path}/r", KERAS_BACKEND="torch")


@pytest.mark.slow
def test_networks_too_large_for_the_memory_are_refused(tmp_path):
    line = fail("train", "--width=10000000", f"--workdir={tmp_path / 'run'}")
    assert "GB of memory" in line and line.endswith("pass a smaller --width or --latent_dim")
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.slow
def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write" in fail("train", f"--workdir={tmp_path / 'file' / 'run'}")


@pytest.mark.slow
@pytest.mark.xdist_group("runs")
def test_full_disk(runs, tmp_path):
    """A limit on file sizes stands in for a full disk: one line, and nothing half-written."""
    line = fail("train", *QUICK, f"--workdir={tmp_path / 'run'}", limit=20_000)
    assert "cannot write" in line
    assert not [p for p in (tmp_path / "run").rglob("*") if "aside" in p.name]
    assert "cannot write" in fail("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}", limit=20_000)
    assert not (tmp_path / "f.npz").exists()
