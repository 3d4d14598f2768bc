from . import test_engine
from . import test_gates
from . import test_xlsx
