from . import dunning_reason
