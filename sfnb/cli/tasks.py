"""`--tasks`: the Python file or module whose functions stand for Resources."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


def load_tasks(given: str) -> None:
    """Run a file or import a module, and let its public functions stand for Resources of their names.

    Those with @sfnb.task have taken their own names by then. `__all__`, where there is one, says what
    is public. What stands beside the file can be imported by it, as when Python runs a script.
    Raises SfnbError where there is no such module, or where it fails.
    """
    from sfnb.default import service

    functions = service().registry.functions
    for name, function in _public(_module(given)).items():
        functions.setdefault(name, function)


def _module(given: str) -> ModuleType:
    from sfnb.errors import SfnbError

    path = Path(given)
    is_file = path.suffix == ".py" or path.is_file()
    if is_file and not path.is_file():
        raise SfnbError(f"cannot find the tasks '{given}': there is no such file")
    folder = str(path.parent.resolve() if is_file else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return _run(path) if is_file else importlib.import_module(given)
    except (Exception, SystemExit) as fault:  # the user's code: anything may come out of it
        if isinstance(fault, ModuleNotFoundError) and f"{given}.".startswith(f"{fault.name}."):
            raise SfnbError(f"cannot find the tasks '{given}': give a .py file or a module") from None
        raise SfnbError(f"cannot load the tasks '{given}':\n{_trace(fault)}") from None


def _run(path: Path) -> ModuleType:
    from importlib.machinery import ModuleSpec, SourceFileLoader
    from importlib.util import module_from_spec

    name = path.stem
    while name in sys.modules or name in sys.stdlib_module_names:
        name += "_"
    loader = SourceFileLoader(name, str(path))
    module = sys.modules[name] = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    module.__file__ = str(path)
    loader.exec_module(module)
    return module


def _public(module: ModuleType) -> dict[str, Callable[..., Any]]:
    import inspect

    if hasattr(module, "__all__"):
        listed = {name: getattr(module, name, None) for name in module.__all__}
        return {name: value for name, value in listed.items() if callable(value)}
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def _trace(fault: BaseException) -> str:
    """The fault with the frames of the user's files alone."""
    import traceback

    told = traceback.TracebackException.from_exception(fault)
    ours = (str(Path(__file__)), "<frozen importlib", importlib.__file__)
    told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(ours)]
    return "".join(told.format(chain=False)).rstrip()
