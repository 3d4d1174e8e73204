import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.encoding import decode, encoding_of, is_binary
from shared.ingest.limits import MAX_TEXT_BYTES
from tests.unit.ingest.samples import FILES

GERMAN = "Der Fluß fließt über die Brücke nach Köln. Größe und Äpfel sind schön."
RUSSIAN = "Привет, мир! Это русский текст в старой кодировке, и сегодня хорошая погода для прогулки."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_german_is_read_in_every_encoding_it_is_saved_in(encoding):
    assert decode(GERMAN.encode(encoding)).removeprefix("\ufeff") == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("这是一个中文文本\uff0c用旧编码保存。今天天气很好\uff0c我们去公园散步。", "gb18030"),
        ("こんにちは世界。これは日本語のテキストです。今日は天気がいいですね。", "shift_jis"),
        ("こんにちは世界。これは日本語のテキストです。", "iso2022_jp"),
    ],
)
def test_old_encodings_are_recognised_by_their_text(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("namn;ort\nBjörn;Malmö\n", "cp1252"),
        ("name,price\ncoffee,£3\ntea,€2\n", "cp1252"),
        ("Zürich–Basel in 53 Minuten, 20°", "cp1252"),  # noqa: RUF001 - Its own letters.
        ("El niño comió mañana una piña en España.", "mac-roman"),
        ("automatisches Einrücken neuer Zeilen", "mac-roman"),
        ("Zażółć gęślą jaźń.", "iso8859-2"),
        ("imię;miasto\nPaweł;Wrocław\nMałgorzata;Poznań\n", "cp1250"),
        ("Erdő, mező, őszi szőlő és tűz.", "cp1250"),
        ("имя;город\nИван;Москва\nОльга;Казань\n", "koi8-r"),  # noqa: RUF001 - Its own letters.
        ("ВНИМАНИЕ! НЕ ВХОДИТЬ!", "cp866"),  # noqa: RUF001 - Its own letters.
        ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.", "cp1253"),  # noqa: RUF001 - Its own letters.
        ("ad;şehir\nAyşe;İzmir\nÇağrı;Muğla\n", "cp1254"),  # noqa: RUF001 - Its own letters.
        ("שלום עולם, היום מזג האוויר יפה מאוד.", "cp1255"),
        ("مرحبا بالعالم، الطقس جميل اليوم في المدينة.", "cp1256"),
        ("こんにちは世界。今日は天気がいいですね。", "euc-jp"),
        ("안녕하세요 세계, 오늘 날씨가 좋네요.", "euc-kr"),
        ("這是一個中文文本,今天天氣很好。", "big5"),
    ],
)
def test_a_sentence_is_read_in_the_encoding_in_which_its_words_are_words(tmp_path, text, encoding):
    path = tmp_path / "a"
    path.write_bytes(text.encode(encoding))
    assert decode(path.read_bytes()) == path.read_bytes().decode(encoding_of(path)) == text


def test_the_charset_a_file_names_decides_where_it_is_not_utf_8():
    assert decode("Łódź żółw".encode("iso8859-2"), "iso-8859-2") == "Łódź żółw"


@pytest.mark.parametrize("declared", ["iso-8859-1", "no-such-charset"])
def test_valid_utf_8_stands_against_a_wrong_declaration(declared):
    assert decode(GERMAN.encode(), declared) == GERMAN


def test_a_byte_order_mark_stands_against_everything():
    assert decode(codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), "utf-8") == GERMAN


def test_western_is_taken_where_it_fits_as_well_as_the_best():
    assert decode("naïve café “quotes” — résumé".encode("cp1252")) == "naïve café “quotes” — résumé"


def test_public_files_in_odd_encodings_are_read():
    assert "äöüß" in decode((FILES / "umlauts-non-utf8.md").read_bytes())
    assert "Hamburgers are delicious" in decode((FILES / "fake-text-utf-16-le.txt").read_bytes())


def test_binary_data_is_refused():
    with pytest.raises(RejectedFileError) as refusal:
        decode(bytes(range(32)) * 8)
    assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE


def test_more_bytes_than_the_limit_are_refused_before_they_are_decoded():
    with pytest.raises(RejectedFileError) as refusal:
        decode(b"a" * (MAX_TEXT_BYTES + 1))
    assert refusal.value.failure is FailureCode.TOO_LARGE


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1))
def test_utf_8_is_read_exactly(text):
    assert is_binary(text.encode()) is False
    assert decode(b"x" + text.encode()) == "x" + text


@given(st.binary(max_size=400))
def test_any_bytes_end_as_text_or_as_a_refusal(content):
    try:
        outcome = decode(content)
    except RejectedFileError as refusal:
        outcome = refusal.message
    assert isinstance(outcome, str)
