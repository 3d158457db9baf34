"""Start-up options of the emulator."""

from dataclasses import dataclass, field
from pathlib import Path

from . import defaults


@dataclass(frozen=True)
class Config:
    """Options that are fixed while the process lives.

    :param tuple numbers: E.164 numbers of the account at start.
    :param sdk_path: file of the Voice SDK's global build, or None (then it is not served).
    :param openapi_dir: folder of Twilio's OpenAPI documents, or None (then nothing is validated).
    :param float time_scale: 2.0 makes the emulator's own waits twice as fast; sound stays
    real time.
    :param bool loopback: offer 127.0.0.1 as a media address as well.
    :param str media_address: address under which the UDP ports are published, or None.
    :param str region: region of the account, its secrets and its tokens.
    :param bool sound: False transmits no sound, so that hundreds of calls cost little; played
    sounds keep their length.
    :param bool surprising: start with the setting ``surprising``.
    :param journal: file that gets a line of JSON for each webhook, or None.
    :param ca_path: certificates of authorities that are trusted besides the usual ones, or None.
    :param dict hosts: name of a web server -> its address, in place of DNS.
    """

    host: str = defaults.HOST
    port: int = defaults.PORT
    account_sid: str = defaults.ACCOUNT_SID
    auth_token: str = defaults.AUTH_TOKEN
    numbers: tuple = defaults.NUMBERS
    sdk_path: Path | None = None
    openapi_dir: Path | None = None
    time_scale: float = 1.0
    loopback: bool = False
    media_address: str | None = None
    region: str = defaults.REGION
    sound: bool = True
    surprising: bool = False
    journal: Path | None = None
    ca_path: Path | None = None
    hosts: dict = field(default_factory=dict)
