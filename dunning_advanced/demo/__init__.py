from . import dunning_demo, dunning_demo_history, dunning_demo_ledger
