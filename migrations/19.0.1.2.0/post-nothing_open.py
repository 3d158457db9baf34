"""Say of running calls what is wanted of the carrier."""


def migrate(cr, version):
    """Take what is so at the moment for what is wanted."""
    cr.execute("""
        UPDATE telephony_call AS call
           SET hold_wanted = EXISTS (
                   SELECT 1 FROM telephony_call_leg AS leg
                    WHERE leg.call_id = call.id AND leg.role = 'customer' AND leg.on_hold
               ),
               is_announcement_played = recording_announced_at IS NOT NULL
         WHERE state != 'ended'
    """)
