"""One small fault that somebody could make, and the tests that have to find it."""

from __future__ import annotations

from pathlib import Path

import attrs

SOURCE = "src"


@attrs.frozen
class Mutant:
    """`old`, which stands in exactly one place of the source, becomes `new`.

    `tests` are arguments for pytest: the fastest ones that have to fail.
    """

    name: str
    old: str
    new: str
    tests: tuple[str, ...]

    def place(self, root: Path) -> Path:
        """The one module that has `old`. Raises `LookupError` where there is none, or another."""
        modules = sorted((root / SOURCE).rglob("*.py"))
        found = [module for module in modules if self.old in module.read_text(encoding="utf-8")]
        places = sum(module.read_text(encoding="utf-8").count(self.old) for module in found)
        if places != 1:
            raise LookupError(f"{self.name}: {self.old!r} stands in {places} places, not in one")
        return found[0]

    def apply(self, root: Path) -> tuple[Path, str]:
        """Make the fault; the module that has it now, and what it was before."""
        module = self.place(root)
        before = module.read_text(encoding="utf-8")
        module.write_text(before.replace(self.old, self.new), encoding="utf-8")
        return module, before
