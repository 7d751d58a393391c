"""Files at `POST /rows`: read as `predict` reads them, by a process that they cannot outgrow."""

import gzip
import io
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.rows import MOST_ROWS, RowsResponse

REVIEWS = "번호,리뷰\n1,정말 재밌게 봤어요\n2,시간이 아깝다\n"


@pytest.fixture
def client(handler: Handler) -> FlaskClient:
    return create_app(Models({"fast": handler})).test_client()


def ask(client: FlaskClient, content: bytes, query: str) -> tuple[int, Any]:
    response = client.post(f"/rows?{query}", data=content, content_type="application/octet-stream")
    return response.status_code, response.get_json()


@pytest.mark.parametrize("codec", ["utf-8-sig", "cp949"])
def test_a_file_of_korean_excel(client: FlaskClient, codec: str) -> None:
    status, answer = ask(client, REVIEWS.encode(codec), "name=리뷰.csv")
    assert status == 200
    assert (answer["columns"], answer["text_column"]) == (["번호", "리뷰"], "리뷰")
    assert answer["rows"] == [["1", "정말 재밌게 봤어요"], ["2", "시간이 아깝다"]]
    assert answer["texts"] == ["정말 재밌게 봤어요", "시간이 아깝다"]
    RowsResponse.model_validate(answer, strict=True)


def test_a_column_that_is_not_clear_is_asked_for(client: FlaskClient) -> None:
    content = "가,나\n1,재밌다 정말\n2,별로다 진짜\n".encode()
    status, answer = ask(client, content, "name=a.csv")
    assert (status, answer["text_column"], answer["texts"]) == (200, None, [])
    _, answer = ask(client, content, "name=a.csv&column=나")
    assert answer["texts"] == ["재밌다 정말", "별로다 진짜"]


def test_rows_that_cannot_be_read_are_named(client: FlaskClient) -> None:
    _, answer = ask(client, b'{"text": "a", "n": 1.50}\n{"text": 5}\n', "name=a.jsonl")
    assert answer["rows"] == [["a", "1.5"]]
    assert answer["rejects"] == [{"line": 2, "reason": "the review is 5, not a text"}]


def workbook(cells: str) -> bytes:
    """A spreadsheet of one sheet, by hand: no library writes what the tests need."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0"?>{text}')
    return packed.getvalue()


def inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_spreadsheet(client: FlaskClient) -> None:
    pytest.importorskip("python_calamine")
    cells = f'<row r="1">{inline("A1", "id")}{inline("B1", "text")}</row>'
    cells += f'<row r="2"><c r="A2"><v>5</v></c>{inline("B2", "재밌다")}</row>'
    status, answer = ask(client, workbook(cells), "name=a.xlsx")
    assert (status, answer["rows"]) == (200, [["5", "재밌다"]])


FAR = workbook(
    f'<row r="1">{inline("A1", "a")}</row><row r="1048576">{inline("XFD1048576", "b")}</row>'
)
BOMB = gzip.compress(b"text\n" + (b"a" * 9_000 + b"\n") * 1_000, 1)


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (FAR, "far.xlsx", 422, "file_refused"),
        (BOMB, "bomb.csv.gz", 422, "file_too_large"),
        (b"a\n" * (MOST_ROWS + 2), "long.txt", 422, "file_too_large"),
        (b"a", "a.csv&column=\x00%ED%A0%80", 422, "file_refused"),
    ],
)
def test_what_is_refused(
    client: FlaskClient, content: bytes, name: str, status: int, code: str
) -> None:
    """A kilobyte whose only cell is a sheet's last one ended the process that read it."""
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    found, answer = ask(client, content, f"name={name}")
    assert (found, answer["error"]["code"]) == (status, code)


def test_a_file_is_bytes(client: FlaskClient) -> None:
    assert client.post("/rows", data=b"a", content_type="text/csv").status_code == 415
