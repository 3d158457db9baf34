"""A certificate authority for tests: only an emulator with its ``--ca`` trusts its servers."""

import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


def _make_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path, *parts):
    path.write_bytes(b"".join(parts))
    return path


class Authority:
    """A new authority; its key is never written.

    :param folder: where the certificates are written.
    """

    def __init__(self, folder):
        self.folder = folder
        self._key, self._name = (
            ec.generate_private_key(ec.SECP256R1()),
            _make_name("Test authority"),
        )
        certificate = self._sign(
            self._name,
            self._key.public_key(),
            _DAY,
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (self._make_usage(key_cert_sign=True, crl_sign=True), True),
        )
        #: File for the option ``--ca``.
        self.path = _write(folder / "ca.pem", self._encode(certificate))

    def make_context(self, host, valid=_DAY):
        """Return the TLS context of a server.

        :param str host: the only name in its certificate.
        :param timedelta valid: for how long; a negative time for an expired certificate.
        :rtype: ssl.SSLContext
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            _make_name(host),
            key.public_key(),
            valid,
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (self._make_usage(digital_signature=True), True),
            (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False),
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = _write(self.folder / f"{host}.pem", secret, self._encode(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        path.unlink()
        return context

    def _sign(self, name, key, valid, *extensions):
        now = datetime.now(UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(now + valid)
            .add_extension(identifier, critical=False)
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self._key, hashes.SHA256())

    @staticmethod
    def _make_usage(**values):
        names = (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )
        return x509.KeyUsage(**{name: values.get(name, False) for name in names})

    @staticmethod
    def _encode(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)
