from contextlib import contextmanager

from odoo.orm.model_classes import add_to_registry

from ..common import DunningCommon


class ToyCase(DunningCommon):
    """Has a small module of another author loaded for the tests of a class.

    ``TOYS`` are its extensions of models, of classes that no module owns.
    """

    TOYS = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        loaded = cls.loaded(*cls.TOYS)
        loaded.__enter__()
        cls.addClassCleanup(loaded.__exit__, None, None, None)

    @classmethod
    @contextmanager
    def loaded(cls, *toys):
        """Extensions of models, until the end of the block."""
        names = [toy._name for toy in toys]
        before = {name: cls.registry[name]._base_classes__ for name in names}
        try:
            for toy in toys:
                add_to_registry(cls.registry, toy)
            cls.registry._setup_models__(cls.env.cr, names)
            yield
        finally:
            for name, bases in before.items():
                cls.registry[name]._base_classes__ = bases
            cls.registry._setup_models__(cls.env.cr, names)
