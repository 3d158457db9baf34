from . import (
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
