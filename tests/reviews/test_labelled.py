from pathlib import Path

import pytest

from pipeline.errors import InvalidInput
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import TEST, TRAIN, find_split
from tests.support.paths import SAMPLE


def test_reads_the_sample() -> None:
    reviews = read_reviews(SAMPLE)
    assert len(reviews) >= 600
    assert sum(reviews.labels) * 2 == len(reviews)
    assert len(set(reviews.texts)) == len(reviews)


def test_reads_the_published_corpus_as_published(nsmc: Path) -> None:
    for file, empty in ((TRAIN, 5), (TEST, 3)):
        reviews = read_reviews(nsmc / file.name)
        assert (len(reviews), reviews.sha256) == (file.rows, file.sha256)
        assert reviews.texts.count("") == empty


def test_na_and_null_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "reviews.tsv"
    path.write_text("id\tdocument\tlabel\n1\tNA\t0\n2\tnull\t1\n3\t\t1\n", encoding="utf-8")
    assert read_reviews(path).texts == ["NA", "null", ""]


def test_quotes_are_those_of_the_csv_module(tmp_path: Path) -> None:
    path = tmp_path / "reviews.tsv"
    path.write_text('document\tlabel\n"그는 ""최고""\t라고"\t1\n', encoding="utf-8")
    assert read_reviews(path).texts == ['그는 "최고"\t라고']


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no reviews with labels"),
        (b"id\ttext\n1\tgood\n", "no column label; it has id, text.*--label-column"),
        (b"id\tmemo\n1\tgood\n", "no column document, text, review.*--column"),
        (b"document\trating\ngood\t5\n", "ratings in the column 'rating'.*--rating-scale 5"),
        (b"document\tlabel\tclass\ngood\t1\t1\n", "label and class may hold the labels"),
        (b"document\tlabel\n", "no reviews"),
        (b"document\tlabel\ngood\t1\nbad\t2\n", "'2' .1 rows. in the column 'label'"),
        (b"document\tlabel\ngood\n", "line 2"),
        ("document\tlabel\n좋다\t1\n재밌다\t1\n".encode("cp949"), "not UTF-8.*--encoding cp949"),
    ],
)
def test_what_is_no_labelled_file_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "reviews.tsv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=says):
        read_reviews(path)


def test_a_folder_without_the_corpus_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="sentiment data"):
        find_split(tmp_path)
