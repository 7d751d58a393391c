"""Small spreadsheets and JSON documents that hold much."""

import gzip
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

MIB = 2**20

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATION = '<Relationship Id="r{}" Type="' + _OFFICE + '/{}" Target="{}"/>'
_RELATIONS = f'<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'


def write_workbook(path: Path, rows: Iterable[str], texts: Iterable[str]) -> None:
    """An .xlsx of rows as they are in its XML, whose cells share these texts."""
    parts = {
        "[Content_Types].xml": [
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>'
        ],
        "_rels/.rels": [
            _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.xml"))
        ],
        "xl/_rels/workbook.xml.rels": [
            _RELATIONS.format(
                _RELATION.format(1, "worksheet", "worksheets/sheet1.xml")
                + _RELATION.format(2, "sharedStrings", "sharedStrings.xml")
            )
        ],
        "xl/workbook.xml": [
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
        ],
        "xl/sharedStrings.xml": [
            f'<sst xmlns="{_MAIN}">',
            *(f"<si><t>{text}</t></si>" for text in texts),
            "</sst>",
        ],
        "xl/worksheets/sheet1.xml": [
            f'<worksheet xmlns="{_MAIN}"><sheetData>',
            *rows,
            "</sheetData></worksheet>",
        ],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w") as part:
                for some in content:
                    part.write(some.encode())


def cell(place: str, text: int) -> str:
    """A row with one cell, which has the text of this number."""
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{row}"><c r="{place}" t="s"><v>{text}</v></c></row>'


def far_cells(path: Path) -> None:
    """A sheet whose first cell and whose last are all that it has."""
    write_workbook(path, [cell("A1", 0), cell("XFD1048576", 1)], ["text", "x"])


def _shared(path: Path) -> None:
    rows = (cell(f"A{row}", 1) for row in range(2, 20_002))
    write_workbook(path, [cell("A1", 0), *rows], ["text", "x" * 70_000])


def _long(path: Path) -> None:
    write_workbook(path, [cell("A1", 0), cell("A2", 1)], ["text", "x" * 600 * MIB])


def _many(path: Path) -> None:
    write_workbook(path, ["<row/>" * 200_000] * 100, ["text"])


def _bomb(*parts: tuple[bytes, int]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            for content, times in parts:
                for _ in range(times):
                    file.write(content)

    return write


BOMBS: dict[str, Callable[[Path], None]] = {
    "two cells far from each other.xlsx": far_cells,
    "a text of 70 kB in 20,000 cells.xlsx": _shared,
    "a text of 600 MB.xlsx": _long,
    "20 million empty rows.xlsx": _many,
    "a workbook that does not end.xlsx.gz": _bomb((b"PK\x03\x04" + bytes(MIB), 600)),
    "a row of zeros.json.gz": _bomb((b'[{"text":"a","x":[', 1), (b"0," * MIB, 500), (b"0]}]", 1)),
    "a row of lists.json.gz": _bomb((b'[{"text":"a","x":[', 1), (b"[]," * MIB, 5), (b"0]}]", 1)),
    "a row of 2 GB.json.gz": _bomb((b'[{"text":"', 1), (b"a" * MIB, 2000), (b'"}]', 1)),
    "columns of lists.json.gz": _bomb((b'{"text":[', 1), (b"[]," * MIB, 20), (b"0]}", 1)),
    "columns of 2 GB.json.gz": _bomb((b'{"text":["', 1), (b"a" * MIB, 2000), (b'"]}', 1)),
    "500 MB of brackets.json.gz": _bomb((b"[" * MIB, 500)),
    "500 MB of spaces.json.gz": _bomb((b"[", 1), (b" " * MIB, 500), (b'{"text":"a"}]', 1)),
}
