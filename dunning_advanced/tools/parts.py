"""Classes that have to be complete before anybody meets them.

A gate, a channel, a kind of charge or a task is a class that carries all that the rest of the
code asks of it. One that lacks a part is refused where it is written, when its module loads.
"""

import sys


class IncompleteError(TypeError):
    """A class lacks a part; the message names it with file and line."""


class Complete:
    """Base of classes whose subclasses must have some parts.

    ``PARTS`` maps the name of each part to what it is, in words. A subclass whose name begins
    with an underscore is itself a base and may leave them open.
    """

    PARTS = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_") or "PARTS" in vars(cls):
            return
        missing = [name for name in cls.PARTS if getattr(cls, name, None) is None]
        if missing:
            frame = sys._getframe(1)
            wanted = "; ".join(f"{name}: {cls.PARTS[name]}" for name in missing)
            raise IncompleteError(
                f"{frame.f_code.co_filename}:{frame.f_lineno}: {cls.__name__} is not complete, "
                f"give it {wanted}"
            )
