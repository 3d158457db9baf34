"""Models, in packages by owner."""

# A package is imported after the packages that it extends.
# isort: off
from . import (
    bus_bus,
    guard_mixin,
    ir_http,
    ir_websocket,
    res_company,
    res_config_settings,
    res_groups,
    res_users,
    telephony_rule_run,
)
from . import (
    account,
    call,
    routing,
    transfer,
    recording,
    monitoring,
    follow_up,
    callback,
    agent,
    contact,
)
# isort: on
