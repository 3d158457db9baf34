"""Odoo's command line as a file: a master process starts the one for the bus by its name."""

import sys

if __name__ == "__main__":
    # The folder of this file; its modules must not hide those of others.
    del sys.path[0]
    from odoo.cli.command import main

    main()
