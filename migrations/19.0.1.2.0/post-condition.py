def migrate(cr, version):
    """Set the user who last saved a step as the author of its condition.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    cr.execute(
        """UPDATE telephony_flow_step SET condition_user_id = coalesce(write_uid, create_uid)
            WHERE kind = 'condition' AND condition_user_id IS NULL"""
    )
