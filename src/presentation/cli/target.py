"""`package.module:app`: the application that a worker is to run."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .output import Trouble

if TYPE_CHECKING:
    from ...infrastructure.di.application import Errands

USAGE = 2


def load_target(target: str) -> Errands:
    """The `Errands` object that `package.module:name` means.

    The current directory is looked into first. Raises `Trouble` where the module cannot be
    imported, has no such name, or has something else under it.
    """
    from ...infrastructure.di.application import Errands

    module_name, separator, name = target.partition(":")
    if not separator or not module_name or not name:
        raise Trouble(f"{target!r} must be package.module:app", USAGE)
    module = _import(module_name)
    found: object = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise Trouble(
                f"module {module_name!r} has no {name!r}{_hint(module)}", USAGE
            ) from error
    if not isinstance(found, Errands):
        kind = type(found).__name__
        raise Trouble(f"{target!r} is of type {kind}, not an Errands{_hint(module)}", USAGE)
    return found


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            sentence = f"there is no module {error.name!r} in {here} or on Python's path"
            raise Trouble(sentence, USAGE) from error
        raise _broken(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> Trouble:
    """What a module raised while it was imported, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return Trouble(f"importing {name!r} failed: {type(error).__name__}: {error}{place}", USAGE)


def _hint(module: ModuleType) -> str:
    from ...infrastructure.di.application import Errands

    names = sorted(name for name, value in vars(module).items() if isinstance(value, Errands))
    return f"; did you mean {' or '.join(map(repr, names))}?" if names else ""
