"""Runs in the sandbox: a model's program, with its input on standard input. What it prints is all that is looked at.

The imports stand before it, as lcb_runner has them. A program that ends itself has ended, whatever status it names.
"""

from __future__ import annotations

import builtins
import sys
import types

__all__ = ["main"]


def main() -> None:
    """Run the imports and then the program, as one module that is called ``__main__``."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(50_000)  # as lcb_runner
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # which programs expect, and start-up without packages left out
    module, ours = types.ModuleType("__main__"), sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        for place in ("/imports.py", "/solution.py"):
            with open(place, encoding="utf-8", errors="surrogatepass") as file:
                source = file.read()
            exec(compile(source, place, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except SystemExit:
        pass
    finally:
        sys.modules["__main__"] = ours


if __name__ == "__main__":
    main()
