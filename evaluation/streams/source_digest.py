"""A digest of the code that some modules run: what they say, and what they import of ours."""

import ast
import hashlib
from collections.abc import Collection, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGES: Final = ("emotion", "evaluation", "streamer", "trainer")


def source_digest(modules: Iterable[str], leave_out: Collection[str] = ()) -> str:
    """Digest the code of modules and of all that they import from this project.

    Comments, docstrings and layout do not count: they change no value.

    Parameters
    ----------
    modules : iterable of str
        Dotted names to begin with.
    leave_out : collection of str
        Modules that are neither read nor followed.

    Returns
    -------
    str
        SHA-256, hexadecimal.

    Raises
    ------
    ModuleNotFoundError
        If a module to begin with is not there.
    """
    digest = hashlib.sha256()
    for name in modules_behind(modules, leave_out):
        digest.update(f"{name}\n{_code(name)[0]}\n".encode())
    return digest.hexdigest()


def modules_behind(modules: Iterable[str], leave_out: Collection[str] = ()) -> tuple[str, ...]:
    """Name modules of this project and all of its modules that they import, at any depth.

    Parameters
    ----------
    modules : iterable of str
        Dotted names to begin with.
    leave_out : collection of str
        Modules that are not followed.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    found: set[str] = set()
    waiting = [name for name in modules if name not in leave_out]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each for each in _code(name)[1] if each not in leave_out]
    return tuple(sorted(found))


@cache
def _code(name: str) -> tuple[str, tuple[str, ...]]:
    path = _file_of(name)
    if path is None:
        raise ModuleNotFoundError(f"no module {name} in this project", name=name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names if _is_ours(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                imported.append(inner if _file_of(inner) else node.module)
        _drop_docstring(node)
    return ast.dump(tree), tuple(imported)


def _drop_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        # A text that stands alone says nothing to the machine, be it a docstring or one beneath a constant.
        node.body = [
            each
            for each in node.body
            if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        ]


def _is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in PACKAGES


@cache
def _file_of(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)
