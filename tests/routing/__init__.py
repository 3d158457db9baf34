from . import (
    test_caller_sound,
    test_flow,
    test_flow_condition,
    test_flow_exits,
    test_incoming,
    test_incoming_trouble,
    test_line,
    test_lost_offer,
    test_network,
    test_queue,
    test_queue_wait,
    test_ring_strategy,
)
