"""Initialize the wanted state of ongoing calls at the provider."""


def migrate(cr, version):
    """Use the current state of ongoing calls as their wanted state."""
    cr.execute("""
        UPDATE telephony_call AS call
           SET hold_wanted = EXISTS (
                   SELECT 1 FROM telephony_call_leg AS leg
                    WHERE leg.call_id = call.id AND leg.role = 'customer' AND leg.on_hold
               ),
               is_announcement_played = recording_announced_at IS NOT NULL
         WHERE state != 'ended'
    """)
