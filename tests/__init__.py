from . import (
    test_click_everywhere,
    test_demo,
    test_documentation,
    test_i18n,
    test_install,
    test_js,
    test_performance,
    test_rule_run,
    test_walk,
)
from .account import *
from .agent import *
from .call import *
from .callback import *
from .contact import *
from .follow_up import *
from .monitoring import *
from .recording import *
from .routing import *
from .security import *
from .transfer import *
