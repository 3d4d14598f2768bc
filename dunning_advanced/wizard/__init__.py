from . import dunning_explain
from . import dunning_reason
from . import dunning_set_level
