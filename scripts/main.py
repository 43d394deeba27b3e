"""What all scripts share: running absl's main, one-line errors, and flags made from the configuration's fields."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from absl import app, flags

from bigan import presets
from bigan.config import Config
from bigan.errors import UserError
from bigan.interruption import Terminated

FLAGS = flags.FLAGS
OUT_OF_MEMORY = ("ResourceExhausted", "RESOURCE_EXHAUSTED")  # TensorFlow's and JAX's
flags.disclaim_key_flags()  # --help of a script lists the flags that it has defined here


def define_config_flags() -> None:
    """One flag for each field of `Config`; unset flags leave the preset's value."""
    flags.DEFINE_string("preset", "digits", f"configuration to start from: {', '.join(presets.PRESETS)}")
    define: dict[type, Any] = {
        str: flags.DEFINE_string, int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool,
    }  # fmt: skip
    for field in dataclasses.fields(Config):
        if field.name != "preset":
            about = f"{field.metadata['about']} (default: the preset's, or {field.default!r})"
            define[type(field.default)](field.name, None, about)


def config_from_flags(**shorthands: Callable[[str], str]) -> Config:
    """The preset's configuration with the flags' values in place. `shorthands` translate a flag's value."""
    config = presets.get(str(FLAGS.preset))
    given: dict[str, Any] = {
        field.name: FLAGS[field.name].value
        for field in dataclasses.fields(Config)
        if field.name != "preset" and FLAGS[field.name].value is not None
    }
    for name, translate in shorthands.items():
        if name in given:
            given[name] = translate(given[name])
    return config.replace(**given)


def run_main(main: Callable[[], None]) -> Callable[[], None]:
    """A console entry point: flags are parsed, `main` is run, and what the user got wrong is one line and status 1."""

    def parse(arguments: list[str]) -> list[str]:
        if {"--help", "-help", "-h"} & set(arguments[1:]):  # absl's own knows no flags of a console command
            print(f"{sys.modules[main.__module__].__doc__}\nflags:\n{FLAGS.module_help(main.__module__)}")
            sys.exit(0)
        try:
            rest = FLAGS(arguments)
        except flags.Error as error:
            _fail(" ".join(str(error).split()).removeprefix("ERROR:: "))
        if len(rest) > 1:
            _fail(f"unexpected argument {rest[1]!r}; flags are --name=value")
        return rest

    def entry(_: list[str]) -> None:
        logging.getLogger("absl").setLevel(logging.WARNING)  # TensorFlow Datasets' voice
        signal.signal(signal.SIGTERM, terminate)
        try:
            main()
        except UserError as error:
            _fail(str(error))
        except Terminated:
            sys.exit(128 + signal.SIGTERM)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except Exception as error:
            if not isinstance(error, MemoryError) and not any(sign in repr(error) for sign in OUT_OF_MEMORY):
                raise
            line = str(error).strip().partition("\n")[0]
            _fail(f"out of memory ({line}); try smaller networks, minibatches or fewer examples")

    def terminate(number: int, frame: Any) -> NoReturn:
        raise Terminated

    def run() -> None:
        sys.path.insert(0, os.getcwd())  # where methods and networks of the user's lie; python -m does the same
        for name in ("tensorflow", "jax._src.xla_bridge"):  # what they say while they start is not for the user
            logging.getLogger(name).setLevel(logging.ERROR)
        app.run(entry, flags_parser=parse)

    return run


def _fail(line: str) -> NoReturn:
    print(f"error: {line}", file=sys.stderr)
    sys.exit(1)
