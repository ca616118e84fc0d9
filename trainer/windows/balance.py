"""Choose windows so that no label and no corpus outweighs the others."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.windows.window_table import WindowTable


def fair_shares(available: Mapping[str, int], total: int) -> dict[str, int]:
    """Deal out places: equal shares, and what one cannot fill goes to the others.

    Parameters
    ----------
    available : mapping of str to int
        How much each one could fill.
    total : int
        Places there are.

    Returns
    -------
    dict of str to int
        None above what is available; together ``min(total, sum(available))``.
    """
    shares: dict[str, int] = {}
    left = total
    by_size = sorted(available, key=lambda name: (available[name], name))
    for position, name in enumerate(by_size):
        shares[name] = min(available[name], left // (len(by_size) - position))
        left -= shares[name]
    return shares


def balanced_rows(table: WindowTable, max_rows: int, seed: int) -> NDArray[np.int64]:
    """Draw rows: each label the same share, and within a label each corpus.

    Parameters
    ----------
    table : WindowTable
        What there is to draw from.
    max_rows : int
        Upper bound; all rows are given where there are no more.
    seed : int
        Decides which.

    Returns
    -------
    ndarray, shape (at most max_rows,), int64
        Ascending, without repetition.
    """
    if len(table) <= max_rows:
        return np.arange(len(table))
    generator = np.random.default_rng(seed)
    labels = {str(target): table.targets == target for target in np.unique(table.targets)}
    per_label = fair_shares({name: int(mask.sum()) for name, mask in labels.items()}, max_rows)
    chosen: list[NDArray[np.int64]] = []
    for label, of_label in labels.items():
        cells = {
            str(c): np.flatnonzero(of_label & (table.corpora == c))
            for c in np.unique(table.corpora[of_label])
        }
        per_corpus = fair_shares({name: len(rows) for name, rows in cells.items()}, per_label[label])
        chosen += [generator.permutation(rows)[: per_corpus[name]] for name, rows in cells.items()]
    return np.sort(np.concatenate(chosen))
