import contextlib
import hashlib
import io
import os
import time
import uuid
import weakref

from odoo import api, models

# Where files lie while they arrive, within the filestore: moving them takes no time there.
FOLDER = "telephony"
# Seconds after which a file that did not arrive completely is of no use any more.
FORGOTTEN = 24 * 3600
# Bytes that are read at once.
PART = 1 << 20


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _discard(file, path):
    file.close()
    _remove(path)


class ArrivingFile:
    """A file that is too long for the memory; `raw` of a new attachment, in place of its bytes.

    It is deleted with this object, unless an attachment has taken it.

    :param str filestore: folder of the database's files
    """

    def __init__(self, filestore):
        folder = os.path.join(filestore, FOLDER)
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, uuid.uuid4().hex)
        self._file = open(self.path, "xb")  # noqa: SIM115 - closed by `_discard`
        self._digest = hashlib.sha1()  # noqa: S324 - Odoo's own checksum
        self._size = 0
        weakref.finalize(self, _discard, self._file, self.path)

    def __len__(self):
        return self._size

    @property
    def checksum(self):
        """The checksum of what has arrived."""
        return self._digest.hexdigest()

    def add(self, part):
        """Add what has arrived."""
        self._file.write(part)
        self._digest.update(part)
        self._size += len(part)

    def get_bytes(self):
        """Return everything, for a storage that takes no files."""
        with open(self.path, "rb") as file:
            return file.read()

    def finish(self):
        """Have everything on the disk, so that the sender may delete it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class IrAttachment(models.Model):
    """Files that are stored without being held in memory."""

    _inherit = "ir.attachment"

    def _get_datas_related_values(self, data, mimetype):
        if not isinstance(data, ArrivingFile):
            return super()._get_datas_related_values(data, mimetype)
        return {
            "file_size": len(data),
            "checksum": data.checksum,
            "index_content": False,
            "store_fname": f"{data.checksum[:2]}/{data.checksum}",
            "db_datas": False,
        }

    @api.model
    def _file_write(self, bin_value, checksum):
        if not isinstance(bin_value, ArrivingFile):
            return super()._file_write(bin_value, checksum)
        name = f"{checksum[:2]}/{checksum}"
        path = self._full_path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # A file with this name has the same content, if it has ever been written completely.
        os.replace(bin_value.path, path)
        bin_value.path = path
        # If the transaction fails, nobody needs it.
        self._mark_for_gc(name)
        return name

    def _open_content(self):
        """Open what is stored for reading. Note: `self.ensure_one()`

        :return: a file, to be closed
        """
        self.ensure_one()
        if self.store_fname and self._storage() == "file":
            return open(self._full_path(self.store_fname), "rb")
        return io.BytesIO(self.raw or b"")

    def _is_readable(self):
        """Return whether what is stored can be read back as it was written.

        Note: `self.ensure_one()`
        """
        digest = hashlib.sha1()  # noqa: S324 - Odoo's own checksum
        try:
            with self._open_content() as file:
                while part := file.read(PART):
                    digest.update(part)
        except OSError:
            return False
        return digest.hexdigest() == self.checksum

    @api.autovacuum
    def _gc_arriving_files(self):
        """Delete what was left behind by a process that was killed."""
        folder = os.path.join(self._filestore(), FOLDER)
        if os.path.isdir(folder):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime < time.time() - FORGOTTEN:
                    _remove(entry.path)
