from . import (
    test_click_everywhere,
    test_i18n,
    test_install,
    test_js,
    test_performance,
    test_rule_run,
)
from .account import (
    test_admin_account,
    test_admin_diagnosis,
    test_admin_numbers,
    test_caller_id,
    test_edge,
    test_health,
    test_slow_provider,
)
from .agent import (
    test_agent,
    test_board,
    test_declined,
    test_preferences,
    test_right,
    test_wrap_up,
)
from .call import (
    test_call_report,
    test_destination_rules,
    test_emergency,
    test_log,
    test_lost_race,
    test_nothing_lost,
    test_nothing_stays_open,
    test_outgoing,
    test_permutations,
    test_phone,
    test_quality,
    test_race,
    test_race_requests,
    test_reconcile,
    test_revision,
    test_second_call,
)
from .callback import (
    test_callback,
    test_queue_callback,
)
from .contact import (
    test_contact_search,
    test_privacy,
)
from .follow_up import (
    test_card,
    test_follow_up,
)
from .monitoring import (
    test_monitor,
)
from .recording import (
    test_recording,
    test_recording_life,
    test_recording_rules,
    test_voicemail,
)
from .routing import (
    test_flow,
    test_flow_condition,
    test_flow_exits,
    test_incoming,
    test_incoming_trouble,
    test_queue,
    test_queue_wait,
    test_ring_strategy,
)
from .security import (
    test_access,
    test_isolation,
    test_own_windows,
    test_public_methods,
    test_security,
    test_security_rpc,
    test_security_webhooks,
    test_text,
    test_webhook_security,
)
from .transfer import (
    test_consult,
    test_transfer,
)
