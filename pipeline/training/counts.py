"""Reviews as a sparse matrix of n-gram counts, with the same buckets that scoring uses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.models.feature_settings import FeatureSettings
from pipeline.models.features import featurize
from pipeline.progress import progress_bar

_CHUNK = 4096


def count_matrix(
    texts: Sequence[str], settings: FeatureSettings, minimum: int
) -> tuple[sparse.csr_matrix, NDArray[np.intp]]:
    """(Counts of n cleaned texts, float32, shape (n, columns); each column's bucket, ascending).

    Buckets that occur in fewer texts than `minimum` have no column. They are left out part by part,
    since they are most of all counts; the columns are sorted in each row.
    """
    frequencies = np.zeros(settings.bucket_count, dtype=np.int32)
    parts = []
    with progress_bar(len(texts), "Hashing n-grams") as bar:
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            parts.append(chunk_counts(chunk, settings))
            np.add.at(frequencies, parts[-1].indices, 1)
            bar.update(len(chunk))
    buckets = np.flatnonzero(frequencies >= minimum)
    numbers = np.full(settings.bucket_count, -1, dtype=np.int32)
    numbers[buckets] = np.arange(buckets.size, dtype=np.int32)
    for place, part in enumerate(parts):
        parts[place] = _keep_columns(part, numbers, buckets.size)
    return sparse.vstack(parts, format="csr"), buckets


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


def _keep_columns(
    counts: sparse.csr_matrix, numbers: NDArray[np.int32], columns: int
) -> sparse.csr_matrix:
    """Give each column its new number, drop those of -1; much quicker than scipy's own indexing."""
    found = numbers[counts.indices]
    kept = found >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    shape = (counts.shape[0], columns)
    return sparse.csr_matrix((counts.data[kept], found[kept], ends), shape=shape)
