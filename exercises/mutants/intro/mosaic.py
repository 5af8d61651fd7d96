"""Answers to filters side by side: right in several styles, wrong in the usual ways."""


def right_loops(weight, nrows, ncols):
    """One picture after the other put in its place."""
    ### BEGIN SOLUTION intro-filter-mosaic
    F, C, KH, KW = weight.shape
    mosaic = np.zeros((nrows * KH, ncols * KW))
    for f in range(F):
        row, col = f // ncols, f % ncols
        mosaic[row * KH : (row + 1) * KH, col * KW : (col + 1) * KW] = weight[f, 0]
    ### END SOLUTION
    return mosaic


def right_stacked(weight, nrows, ncols):
    """Rows of pictures joined, then the rows."""
    ### BEGIN SOLUTION intro-filter-mosaic
    rows = [np.hstack(list(weight[r * ncols : (r + 1) * ncols, 0])) for r in range(nrows)]
    mosaic = np.vstack(rows)
    ### END SOLUTION
    return mosaic


def right_einsum(weight, nrows, ncols):
    """Axes named and moved."""
    ### BEGIN SOLUTION intro-filter-mosaic
    kh, kw = weight.shape[2:]
    five = weight.reshape(nrows, ncols, 1, kh, kw)
    mosaic = np.einsum("rcxuv->rucv", five).reshape(nrows * kh, ncols * kw)
    ### END SOLUTION
    return mosaic


EDITS = [
    (
        "wrong_reshape_only",
        "reshaped without moving an axis",
        "reference",
        "grid.transpose(0, 2, 1, 3).reshape",
        "grid.reshape",
    ),
    (
        "wrong_original",
        "cut the filters' axis off by a reshape",
        "reference",
        "weight[:, 0].reshape(nrows, ncols, KH, KW)",
        "weight.reshape(KH, KW, nrows, ncols).transpose(2, 3, 0, 1)",
    ),
    (
        "wrong_by_columns",
        "filled the grid column by column",
        "right_loops",
        "row, col = f // ncols, f % ncols",
        "row, col = f % nrows, f // nrows",
    ),
    (
        "wrong_transposed",
        "swapped rows and columns of each filter",
        "right_loops",
        "= weight[f, 0]",
        "= weight[f, 0].T.reshape(KH, KW)",
    ),
    (
        "wrong_order",
        "moved the wrong axes",
        "reference",
        "grid.transpose(0, 2, 1, 3)",
        "grid.transpose(1, 2, 0, 3)",
    ),
    (
        "wrong_first_only",
        "showed the first filter everywhere",
        "right_loops",
        "= weight[f, 0]",
        "= weight[0, 0]",
    ),
    (
        "wrong_upside_down",
        "turned each filter upside down",
        "right_loops",
        "= weight[f, 0]",
        "= weight[f, 0, ::-1]",
    ),
    (
        "wrong_rows_for_columns",
        "divided by the number of rows",
        "right_loops",
        "row, col = f // ncols, f % ncols",
        "row, col = min(f // nrows, nrows - 1), f % ncols",
    ),
    (
        "wrong_not_joined",
        "returned the grid as it is",
        "reference",
        "grid.transpose(0, 2, 1, 3).reshape(nrows * KH, ncols * KW)",
        "grid",
    ),
]
