def migrate(cr, version):
    """Evaluate each existing condition with the rights of the user who saved its step last.

    :param cr: cursor of the upgrade
    :param str version: installed before it
    """
    cr.execute(
        """UPDATE telephony_flow_step SET condition_user_id = coalesce(write_uid, create_uid)
            WHERE kind = 'condition' AND condition_user_id IS NULL"""
    )
