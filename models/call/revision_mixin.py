from odoo import models


class TelephonyRevisionMixin(models.AbstractModel):
    """Records whose changes raise the revision of a payload.

    Bus messages and RPC answers may be lost, arrive late or overtake each other. A change that
    pages show raises the revision, in the transaction of the change. Of two payloads of one record,
    the one with the lower revision is older.
    """

    _name = "telephony.revision.mixin"
    _description = "Telephony Payload Revision"

    #: Fields that a page shows, as they are written.
    _shown_fields = frozenset()

    def write(self, vals):
        result = super().write(vals)
        if not self._shown_fields.isdisjoint(vals):
            self._get_shown()._raise_revision()
        return result

    def _get_shown(self):
        """Return the records whose payloads show these records."""
        return self

    def _raise_revision(self):
        """Count a change that a page shows."""
        # sudo: telephony.revision.mixin - a counter of ours, whichever user makes the change
        for record_sudo in self.sudo():
            record_sudo.revision += 1
