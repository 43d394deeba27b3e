"""What all scripts share: absl's main, plugins, help, and errors of one line."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import os
import re
import select
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from absl import app, flags

from bigan.config import GROUPS
from bigan.errors import UserError
from bigan.runtime import backend
from bigan.training.signals import Terminated

from .flags import FLAGS, default_text, early, settings_help

OUT_OF_MEMORY = ("ResourceExhausted", "RESOURCE_EXHAUSTED")  # TensorFlow's and JAX's


def run_main(
    main: Callable[[], None], define: Callable[[], None] = lambda: None, more_help: Callable[[], str] = lambda: ""
) -> Callable[[], None]:
    """A console entry point: flags are defined and parsed, `main` is run; a user's mistake is one line and status 1.

    Args:
        main: what the script does.
        define: defines flags that depend on other flags, see `early`; called after plugins were imported.
        more_help: what --help says beside the module's docstring and its flags.
    """

    def parse(arguments: list[str]) -> list[str]:
        try:
            import_plugins()
            define()
        except UserError as error:
            fail(error)
        if {"--help", "-help", "-h"} & set(arguments[1:]):  # absl's own knows no flags of a console command
            print(_help(main.__module__, more_help))
            sys.exit(0)
        try:
            rest = FLAGS(arguments)
        except flags.Error as error:
            fail(" ".join(str(error).split()).removeprefix("ERROR:: "))
        if len(rest) > 1:
            fail(f"unexpected argument {rest[1]!r}; flags are --name=value")
        return rest

    def entry(_: list[str]) -> None:
        logging.getLogger("absl").setLevel(logging.WARNING)  # TensorFlow Datasets' voice
        signal.signal(signal.SIGTERM, terminate)
        try:
            main()
        except UserError as error:
            fail(error)
        except Terminated:
            sys.exit(128 + signal.SIGTERM)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except Exception as error:
            if not isinstance(error, MemoryError) and not any(sign in repr(error) for sign in OUT_OF_MEMORY):
                raise
            line = str(error).strip().partition("\n")[0]
            fail(f"out of memory ({line}); try smaller networks, minibatches or fewer examples")

    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    def run() -> None:
        for name in ("tensorflow", "jax._src.xla_bridge"):  # what they say while they start is not for the user
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            try:
                app.run(entry, flags_parser=parse)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            if not nobody_reads(sys.stdout.fileno()):  # another pipe
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
            sys.exit(128 + signal.SIGPIPE)

    return run


def import_plugins() -> None:
    """Imports the modules that --plugins names; what they add to the package's lists has a short name then.

    Raises:
        UserError: naming the module that cannot be imported.
    """
    sys.path.insert(0, os.getcwd())  # where modules of the user's lie; python -m does the same
    if "plugins" not in FLAGS:
        return
    backend.choose(early("device"))  # a plugin's own imports may start the backend
    for module in filter(None, early("plugins").split(",")):
        try:
            with backend.silent_libraries(), backend.uninterrupted():
                importlib.import_module(module)
        except (Exception, SystemExit) as error:  # whatever a user's module raises while it is imported
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"--plugins: cannot import {module!r} ({why})") from error


def _help(module: str, more: Callable[[], str]) -> str:
    grouped = {field.name for group in GROUPS for field in dataclasses.fields(group)} if "preset" in FLAGS else set()
    own = FLAGS.get_key_flags_for_module(sys.argv[0] if module == "__main__" else module)
    lines = [f"  --{f.name}: {f.help}{default_text(f.default)}" for f in own if f.name not in grouped | {"preset"}]
    parts = [str(sys.modules[module].__doc__), "flags:", *lines]
    if grouped:
        parts.append(f"  --preset: {FLAGS['preset'].help} (default: {FLAGS['preset'].default})")
        parts += [f"\n{str(group.__doc__).rstrip('.')}:\n{settings_help(group)}" for group in GROUPS]
    return "\n".join([*parts, more()])


def nobody_reads(descriptor: int) -> bool:
    """Whether it is the end of a pipe whose reader, such as head, wants no more of it."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))


def fail(error: UserError | str) -> NoReturn:
    """Prints one line, in which the library's `field` is --field if there is such a flag; exits with status 1."""
    print(f"error: {as_flags(str(error))}", file=sys.stderr)
    sys.exit(1)


def as_flags(line: str) -> str:
    """A line of the library's with its `field`s and `field=value`s as flags."""

    def flag(match: re.Match[str]) -> str:
        name = match[1].partition("=")[0]
        return f"--{match[1]}" if name in FLAGS else match[1]

    return re.sub(r"`(\w+(?:=[^`]*)?)`", flag, line)
