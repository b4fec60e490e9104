"""What a forked child finds in its memory and must not touch."""

from __future__ import annotations

import ctypes


def leave_alone(inherited: object) -> None:
    """Keep an object of the parent's, and all it leads to, until this process is gone.

    A connection says goodbye when it is finalised, also as the program ends: on the parent's
    own line, to the server or the file that the parent still uses.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
