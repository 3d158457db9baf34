"""Addresses of sounds: only those of the internet, and without a secret."""

import pytest
from tools.web_address import LONGEST_ADDRESS, is_public_address


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hello.mp3",
        "https://sounds.example.com:8443/a/b.wav?version=2#begin",
        "https://8.8.8.8/a.mp3",
        "https://[2606:4700:4700::1111]/a.mp3",
        "https://xn--mnchen-3ya.de/a.mp3",
        "HTTPS://EXAMPLE.COM/A.MP3",
    ],
)
def test_public_address_is_accepted(url):
    assert is_public_address(url)


@pytest.mark.parametrize(
    "url",
    [
        *(None, False, "", "hello.mp3", "//example.com/a.mp3", "https://", "https:///a.mp3"),
        *("http://example.com/a.mp3", "ftp://example.com/a.mp3", "javascript:alert(1)"),
        *("data:audio/wav;base64,UklGRg==", "file:///etc/passwd"),
        *("https://localhost/a.mp3", "https://telephony/a.mp3", "https://nas.local/a.mp3"),
        *("https://a.internal./a.mp3", "https://LOCALHOST./a.mp3", "https://sub.localhost/a"),
        *("https://127.0.0.1/a.mp3", "https://10.0.0.1/a.mp3", "https://192.168.1.2/a.mp3"),
        *("https://169.254.169.254/latest", "https://[::1]/a.mp3", "https://[fd00::1]/a.mp3"),
        *("https://[::ffff:127.0.0.1]/a", "https://0x7f.1/a.mp3", "https://2130706433/a.mp3"),
        *("https://127.1/a.mp3", "https://0/a.mp3", "https://example..com/a.mp3"),
        *("https://user:secret@example.com/a.mp3", "https://@example.com/a.mp3"),
        *("https://example.com:0/a.mp3", "https://example.com:99999/a.mp3"),
        *("https://example.com/a b.mp3", "https://example.com/a\n.mp3", "https://example.com\\@x/"),
        *("https://[::1/a.mp3", "https://example.com/" + "a" * LONGEST_ADDRESS),
    ],
)
def test_other_address_is_refused(url):
    assert not is_public_address(url)
