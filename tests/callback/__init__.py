from . import (
    test_callback,
    test_queue_callback,
    test_queue_callback_promise,
)
