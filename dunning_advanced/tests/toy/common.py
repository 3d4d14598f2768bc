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
        names = [toy._name for toy in cls.TOYS]
        before = {name: cls.registry[name]._base_classes__ for name in names}
        for toy in cls.TOYS:
            add_to_registry(cls.registry, toy)
        cls.registry._setup_models__(cls.env.cr, names)
        cls.addClassCleanup(cls.unload, before)

    @classmethod
    def unload(cls, before):
        for name, bases in before.items():
            cls.registry[name]._base_classes__ = bases
        cls.registry._setup_models__(cls.env.cr, list(before))
