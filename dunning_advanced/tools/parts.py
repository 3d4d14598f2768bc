"""Classes that have to be complete before anybody meets them.

A gate, a channel, a kind of charge or a task is a class that carries all that the rest of the
code asks of it. One that lacks a part is refused where it is written, when its module loads.
"""

import sys
from operator import attrgetter


class IncompleteError(TypeError):
    """A class lacks a part; the message names it with file and line."""


class Complete:
    """Base of classes whose subclasses must have some parts.

    ``PARTS`` maps the name of each part to what it is, in words; ``CHOICES`` the name of an
    attribute to the values that it may have. A subclass whose name begins with an underscore is
    itself a base and may leave them open. ``written_at`` is file and line of a subclass.
    """

    PARTS = {}
    CHOICES = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_") or "PARTS" in vars(cls):
            return
        frame = sys._getframe(1)
        cls.written_at = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        if wanted := cls._wanted():
            wanted = "; ".join(f"{name}: {words}" for name, words in wanted.items())
            raise IncompleteError(
                f"{cls.written_at}: {cls.__name__} is not complete, give it {wanted}"
            )

    @classmethod
    def _wanted(cls):
        """What is missing or cannot be.

        :return: dict of name to what it should be, in words
        """
        return {
            **{
                name: words for name, words in cls.PARTS.items() if getattr(cls, name, None) is None
            },
            **{
                name: f"one of {', '.join(map(str, choices))}"
                for name, choices in cls.CHOICES.items()
                if getattr(cls, name, None) not in choices
            },
        }


def distinct(parts, key=attrgetter("code")):
    """The parts of a list to which any module may have added its own.

    :param parts: instances of subclasses of Complete
    :param key: function of a part, what no two of them may share
    :raises IncompleteError: when two of them share it
    """
    seen = {}
    for part in parts:
        name = type(part).__name__
        if key(part) in seen:
            raise IncompleteError(
                f"{part.written_at}: {name} has the code {part.code!r} of "
                f"{seen[key(part)]}: give it one of its own"
            )
        seen[key(part)] = f"{name} ({part.written_at})"
    return list(parts)
