"""Reviews as a sparse matrix of n-gram counts, with the same buckets that scoring uses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.models.feature_settings import FeatureSettings
from pipeline.models.features import featurize
from pipeline.progress import progress_bar

_CHUNK = 4096


def count_matrix(texts: Sequence[str], settings: FeatureSettings) -> sparse.csr_matrix:
    """Counts of n cleaned texts, float32, shape (n, buckets), columns sorted in each row."""
    with progress_bar(len(texts), "Hashing n-grams") as bar:
        parts = []
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            parts.append(chunk_counts(chunk, settings))
            bar.update(len(chunk))
    return sparse.vstack(parts, format="csr")


def chunk_counts(texts: Sequence[str], settings: FeatureSettings) -> sparse.csr_matrix:
    """Counts of n ≥ 1 cleaned texts, computed in one batch, shape (n, buckets)."""
    stride = settings.bucket_count
    batch = featurize(texts, settings)
    reviews = np.tile(np.arange(len(texts), dtype=np.int64), len(batch.views))
    rows = reviews.repeat(batch.ends - batch.starts)
    cells = []
    for first, buckets in batch.buckets():
        is_something = buckets != settings.nothing - first
        cells.append((rows[: buckets.size] * stride + first + buckets)[is_something])
    occupied, counts = np.unique(np.concatenate(cells), return_counts=True)
    row_ends = np.searchsorted(occupied, np.arange(len(texts) + 1) * stride)
    return sparse.csr_matrix(
        (counts.astype(np.float32), (occupied % stride).astype(np.int32), row_ends),
        shape=(len(texts), stride),
    )


def frequent_columns(counts: sparse.csr_matrix, minimum: int) -> NDArray[np.intp]:
    """Columns that occur in at least `minimum` rows."""
    return np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= minimum)


def keep_columns(counts: sparse.csr_matrix, columns: NDArray[np.intp]) -> sparse.csr_matrix:
    """Keep these columns, which must ascend; many times quicker than scipy's own indexing."""
    number = np.full(counts.shape[1], -1, dtype=np.int32)
    number[columns] = np.arange(columns.size, dtype=np.int32)
    numbers = number[counts.indices]
    kept = numbers >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    shape = (counts.shape[0], columns.size)
    return sparse.csr_matrix((counts.data[kept], numbers[kept], ends), shape=shape)
