import contextlib
import hashlib
import io
import os
import time
import uuid
import weakref

from odoo import api, models

# Folder of incomplete files. It is inside the filestore, so that moving a file takes no time.
FOLDER = "telephony"
# Seconds after which an incomplete file is deleted.
FORGOTTEN = 24 * 3600
# Bytes that are read at a time.
PART = 1 << 20


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _discard(file, path):
    file.close()
    _remove(path)


class ArrivingFile:
    """A file too large for memory: the `raw` of a new attachment in place of its bytes.

    It is deleted with this object unless an attachment has taken it.

    :param str filestore: the path of the database's filestore
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
        """Return the checksum of the bytes received so far."""
        return self._digest.hexdigest()

    def add(self, part):
        """Append bytes to the file."""
        self._file.write(part)
        self._digest.update(part)
        self._size += len(part)

    def get_bytes(self):
        """Return the whole content, for a storage that accepts no files."""
        with open(self.path, "rb") as file:
            return file.read()

    def finish(self):
        """Write the file to disk completely, so that the sender may delete its copy."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class IrAttachment(models.Model):
    """Attachments that are stored without being held in memory."""

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
        # A completely written file with this name has the same content.
        os.replace(bin_value.path, path)
        bin_value.path = path
        # If the transaction fails, the file is not needed.
        self._mark_for_gc(name)
        return name

    def _open_content(self):
        """Return the stored content, opened for reading. Note: `self.ensure_one()`

        :return: an open file, which the caller closes
        """
        self.ensure_one()
        if self.store_fname and self._storage() == "file":
            return open(self._full_path(self.store_fname), "rb")
        return io.BytesIO(self.raw or b"")

    def _is_readable(self):
        """Return whether the stored content can be read back as it was written.

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
        """Delete the incomplete files of processes that were killed."""
        folder = os.path.join(self._filestore(), FOLDER)
        if os.path.isdir(folder):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime < time.time() - FORGOTTEN:
                    _remove(entry.path)
