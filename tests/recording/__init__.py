from . import (
    test_recording,
    test_recording_life,
    test_recording_rules,
    test_recording_start,
    test_recording_step,
    test_voicemail,
)
