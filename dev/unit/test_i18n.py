"""The files of translations follow the template: complete ones, and those with the needed texts."""

import polib
import pytest

import i18n

CLIENT = "code:addons/crm_telephony/static/src/shell/softphone_window.js"
SERVER = "code:addons/crm_telephony/models/account/telephony_account.py"
SPOKEN = "Thank you for your message. Goodbye."
LONG = (
    "This text is so long that a line of the file cannot contain the whole of it without a break."
)


def make_file(*entries):
    """Return a file of translations with (text, translation, place) entries."""
    file = polib.POFile()
    file.metadata = {"Language": "xx", "POT-Creation-Date": "2026-01-01 00:00+0000"}
    for text, translation, place in entries:
        file.append(
            polib.POEntry(msgid=text, msgstr=translation, occurrences=[(place, "0")], comment="c")
        )
    return file


@pytest.fixture
def merge(tmp_path):
    """Return a function that merges a template into a file and reads the file again."""

    def run(name, *entries):
        path = tmp_path / name
        make_file(*entries).save(str(path))
        template = make_file(
            ("Account", "", SERVER),
            ("Hang up", "", CLIENT),
            (LONG, "", CLIENT),
            (SPOKEN, "", SERVER),
            ("Number", "", SERVER),
        )
        missing = i18n.merge(template, path)
        return missing, polib.pofile(str(path)), path.read_text(encoding="utf-8")

    return run


def test_spoken_sentences_are_found_in_the_code():
    spoken = i18n.read_spoken()
    assert SPOKEN in spoken
    assert len(spoken) > 15


def test_a_new_needed_text_appears_without_a_translation(merge):
    missing, file, text = merge("fr.po", ("Number", "Numéro", SERVER))
    assert missing == 3
    assert {entry.msgid: entry.msgstr for entry in file} == {
        "Hang up": "",
        LONG: "",
        SPOKEN: "",
        # Every other text stays if it is translated.
        "Number": "Numéro",
    }
    assert "POT-Creation-Date" not in text
    assert max(map(len, text.splitlines())) < 79 + len(CLIENT)


def test_a_complete_language_gets_every_text(merge):
    missing, file, _text = merge("zh_CN.po", ("Number", "号码", SERVER))
    assert missing == 4
    assert [entry.msgid for entry in file] == ["Account", "Hang up", LONG, SPOKEN, "Number"]


def test_a_removed_text_goes_and_a_moved_one_follows(merge):
    _missing, file, text = merge(
        "fr.po", ("Gone", "Parti", CLIENT), ("Hang up", "Raccrocher", SERVER)
    )
    assert "Gone" not in text
    assert file.find("Hang up").msgstr == "Raccrocher"
    assert file.find("Hang up").occurrences == [(CLIENT, "0")]


def test_nothing_changes_without_a_change_of_texts(merge, tmp_path):
    _missing, file, text = merge("fr.po")
    again = merge("fr.po", *((e.msgid, e.msgstr, e.occurrences[0][0]) for e in file))[2]
    assert again == text
