from email.message import EmailMessage

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extract import extract
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_ATTACHMENTS, MAX_MAIL_BYTES


def letter(text="Blue whales eat krill.", **headers):
    message = EmailMessage()
    for name, value in {"Subject": "Whales", "From": "Ada <ada@example.org>", "To": "bob@example.org", **headers}.items():
        message[name] = value
    message.set_content(text)
    return message


def read(folder, message):
    (folder / "upload").write_bytes(message if isinstance(message, bytes) else message.as_bytes())
    return extract(folder / "upload", Kind.EMAIL, 0)


def text_of(folder, message):
    return read(folder, message).pages[0].text


def test_a_mail_is_its_subject_its_headers_and_its_text(tmp_path):
    page = read(tmp_path, letter(Date="Fri, 16 Dec 2022 17:04:16 -0500")).pages[0]
    headers = "From: Ada <ada@example.org>\nTo: bob@example.org\nDate: Fri, 16 Dec 2022 17:04:16 -0500"
    assert page.text == f"Whales\n\n{headers}\n\nBlue whales eat krill."
    assert [block.kind for block in page.blocks] == [BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.PARAGRAPH]


def test_the_richer_of_two_versions_is_read_once(tmp_path):
    message = letter("Blue whales eat krill.")
    message.add_alternative("<p>Blue whales <b>eat</b> krill.</p><p hidden>secret</p>", subtype="html")
    text = text_of(tmp_path, message)
    assert (text.count("Blue whales eat krill."), "secret" in text) == (1, False)


def test_the_plain_version_is_read_where_the_other_says_hardly_anything(tmp_path):
    message = letter("A long text that the other version has left out, with all that matters.")
    message.add_alternative("<p>See text.</p>", subtype="html")
    assert "all that matters" in text_of(tmp_path, message)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "iso-2022-jp", "koi8-r"])
def test_each_charset_is_read(tmp_path, charset):
    text = {"iso-2022-jp": "日本語です", "koi8-r": "Привет, мир"}.get(charset, "Größe")
    message = EmailMessage()
    message["Subject"] = "Größe 日本"
    message.set_content(text, charset=charset)
    assert text_of(tmp_path, message) == f"Größe 日本\n\n{text}"


def test_a_message_saved_in_utf_16_is_read(tmp_path):
    assert "Blue whales eat krill." in text_of(tmp_path, letter().as_bytes().decode().encode("utf-16"))


def test_attachments_are_put_beside_the_mail_under_numbers(tmp_path):
    message = letter()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../../etc/évil\n.pdf")
    message.add_attachment("a,b\n", subtype="csv", filename="x" * 400 + ".csv")
    found = read(tmp_path, message)
    assert [(each.file, each.content_type, each.size_bytes) for each in found.attachments] == [
        ("attachment-001", "application/pdf", 8),
        ("attachment-002", "text/csv", 4),
    ]
    assert (found.attachments[0].name, len(found.attachments[1].name)) == ("évil .pdf", 120)
    assert found.attachments[1].name.endswith(".csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attachment-001", "attachment-002", "upload"]
    assert (tmp_path / "attachment-001").read_bytes() == b"%PDF-1.7"


def test_a_message_within_is_read_in_its_place_with_its_attachments(tmp_path):
    inner = letter("The inner text.", Subject="Inner")
    inner.replace_header("Subject", "Inner")
    inner.add_attachment(b"note", maintype="application", subtype="octet-stream", filename="a.txt")
    message = letter("See below.")
    message.add_attachment(inner)
    found = read(tmp_path, message)
    assert [found.pages[0].text.index(each) for each in ("See below.", "Inner", "The inner text.")] > [0]
    assert [each.name for each in found.attachments] == ["a.txt"]


def test_what_passes_a_limit_and_pictures_of_the_text_go_to_the_notes(tmp_path):
    message = letter()
    message.add_related(b"logo", maintype="image", subtype="png", cid="<logo>")
    message.make_mixed()
    for _ in range(MAX_ATTACHMENTS + 2):
        message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    found = read(tmp_path, message)
    assert len(found.attachments) == MAX_ATTACHMENTS
    assert found.notes == ("A picture within the text was left out.", "An attachment beyond the first 50 was left out (2).")


ENCRYPTED = [
    b"Subject: x\nContent-Type: multipart/encrypted; boundary=a\n\n--a\nContent-Type: application/pgp-encrypted\n\nV: 1\n--a--\n",
    b'Subject: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\n\nMIIB\n',
    b"Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
]


@pytest.mark.parametrize("content", ENCRYPTED)
def test_an_encrypted_mail_says_so(tmp_path, content):
    with pytest.raises(RejectedFileError, match="encrypted") as refusal:
        read(tmp_path, content)
    assert refusal.value.failure is FailureCode.ENCRYPTED


def test_a_mail_without_a_body_is_what_its_headers_say(tmp_path):
    assert text_of(tmp_path, b"From: a@example.org\nSubject: Only this\n\n") == "Only this\n\nFrom: a@example.org"


@pytest.mark.parametrize(
    "header", [b"To: " + b"(" * 5_000, b"Date: x\x00y", b"From: \xff\xfe <@>", b"To: =?utf-8?q?=FF?= <a@@b>,,;:"]
)
def test_headers_that_keep_to_no_standard_do_not_hide_the_text(tmp_path, header):
    assert "The text." in text_of(tmp_path, header + b"\nSubject: Odd\n\nThe text.")


def test_a_mail_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(RejectedFileError) as refusal:
        read(tmp_path, b"Subject: x\n\n" + b"x" * MAX_MAIL_BYTES)
    assert refusal.value.failure is FailureCode.TOO_LARGE


def test_a_mail_of_too_many_parts_is_refused(tmp_path):
    parts = b"--a\nContent-Type: text/plain\n\nx\n" * 501
    with pytest.raises(RejectedFileError, match="500 parts") as refusal:
        read(tmp_path, b"Content-Type: multipart/mixed; boundary=a\n\n" + parts + b"--a--\n")
    assert refusal.value.failure is FailureCode.TOO_LARGE
