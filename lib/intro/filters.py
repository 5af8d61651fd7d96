"""The filters of a first convolution, and what they answer to an image, as arrays that can be shown.

PyTorch keeps the weights of a convolution as (F, C, KH, KW): filter, channel, row, column.
"""

from __future__ import annotations

import numpy as np
import torch

from lib.errors import ShapeError


def filter_mosaic(weight, nrows, ncols):
    """Lay filters side by side: one image, row by row, without gaps.

    Parameters
    ----------
    weight : ndarray, shape (F, 1, KH, KW)
        Filters of images with one channel.
    nrows, ncols : int
        Rows and columns of filters; ``nrows * ncols`` is F.

    Returns
    -------
    mosaic : ndarray, shape (nrows*KH, ncols*KW)
        Filter f stands in row ``f // ncols`` and column ``f % ncols`` of the mosaic, upright.

    Raises
    ------
    ShapeError
        If weight has another number of axes or channels, or the filters do not fill the grid.
    """
    weight = np.asarray(weight)
    if weight.ndim != 4 or weight.shape[1] != 1:
        msg = f"filter_mosaic: weight has shape {weight.shape}, wanted (F, 1, KH, KW)."
        raise ShapeError(msg)
    if nrows * ncols != len(weight):
        msg = f"filter_mosaic: {nrows} rows of {ncols} are no grid for {len(weight)} filters."
        raise ShapeError(msg)
    mosaic = None
    ### BEGIN SOLUTION intro-filter-mosaic
    _, _, KH, KW = weight.shape
    grid = weight[:, 0].reshape(nrows, ncols, KH, KW)
    # the rows of a filter must follow the row of the grid, not its column
    mosaic = grid.transpose(0, 2, 1, 3).reshape(nrows * KH, ncols * KW)
    ### END SOLUTION
    return mosaic


def filter_responses(conv, image):
    """Return what a convolution answers to one image: a map for each filter.

    Parameters
    ----------
    conv : nn.Conv2d
        For images of one channel.
    image : ndarray, shape (H, W), float32

    Returns
    -------
    responses : ndarray, shape (F, OH, OW)
        As the network computes them, bias included, before any ReLU.

    Raises
    ------
    ShapeError
        If image is not a single one without a channel axis.
    """
    image = np.asarray(image)
    if image.ndim != 2:
        msg = f"filter_responses: image has shape {image.shape}, wanted one image (H, W)."
        raise ShapeError(msg)
    responses = None
    ### BEGIN SOLUTION intro-filter-responses
    with torch.no_grad():
        batch = torch.from_numpy(image)[None, None]  # (1, 1, H, W)
        responses = conv(batch)[0].numpy()
    ### END SOLUTION
    return responses
