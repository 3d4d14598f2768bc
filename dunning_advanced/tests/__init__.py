from . import test_engine
from . import test_gates
from . import test_explain
from . import test_history
from . import test_xlsx
from . import test_ledger_changes
from . import test_queries
