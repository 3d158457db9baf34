from . import (
    test_flow,
    test_incoming,
    test_queue,
    test_voicemail,
)
