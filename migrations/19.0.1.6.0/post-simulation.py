"""From 19.0.1.6.0 on, the simulation of a call flow is shown in the drawing and stores nothing."""


def migrate(cr, version):
    """Drop the table of the former window.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    cr.execute("DROP TABLE IF EXISTS telephony_flow_simulation")
