"""Uploaded sounds, as every caller of the provider hears them."""

import base64
import binascii
import os

from odoo.exceptions import ValidationError

from ...tools.sound_file import WAV, convert, get_type
from ...tools.wav import get_seconds


def make_playable(env, vals, field, name_field, is_music=False):
    """Return the values of a record, with its new sound converted if the provider cannot play it.

    :param dict vals: values to write
    :param str field: binary field with the sound
    :param str name_field: field with the name of the file
    :param bool is_music: whether the sound is played in pieces, which only a WAV file can be
    :raise ValidationError: the file is no sound, or cannot be converted
    :rtype: dict
    """
    if not vals.get(field):
        return vals
    try:
        content = base64.b64decode(vals[field])
    except (binascii.Error, ValueError):
        content = b""
    kind = get_type(content)
    if kind == WAV and get_seconds(content) if is_music else kind:
        return vals
    converted = convert(content)
    if not converted:
        raise ValidationError(
            env._(
                "This music cannot be played on the phone. Upload a WAV file (PCM, 16 bit). Other "
                "kinds of files are converted only if the Python library “av” is installed on the "
                "Odoo server."
            )
            if is_music
            else env._(
                "This sound cannot be played on the phone. Upload an MP3 file or a WAV file (PCM, "
                "16 bit). Other kinds of files are converted only if the Python library “av” is "
                "installed on the Odoo server."
            )
        )
    name = vals.get(name_field)
    return {
        **vals,
        field: base64.b64encode(converted),
        **({name_field: os.path.splitext(name)[0] + ".wav"} if name else {}),
    }
