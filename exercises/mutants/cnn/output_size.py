"""Answers to the output size of a convolution: right in several styles, wrong in the usual ways."""


def right_formula(self, input_size):
    """Wrote the formula down, height and width by index."""
    ### BEGIN SOLUTION conv-output-size
    batch = input_size[0]
    height = (input_size[1] - self.kernel_size + 2 * self.padding) // self.stride + 1
    width = (input_size[2] - self.kernel_size + 2 * self.padding) // self.stride + 1
    output_size = [batch, height, width, self.number_filters]
    ### END SOLUTION
    return output_size


def right_floor(self, input_size):
    """Divided with / and rounded down, and returned a tuple."""
    ### BEGIN SOLUTION conv-output-size
    import math

    N, H, W, C = input_size
    out_h = math.floor((H + 2 * self.padding - self.kernel_size) / self.stride) + 1
    out_w = math.floor((W + 2 * self.padding - self.kernel_size) / self.stride) + 1
    output_size = (N, out_h, out_w, self.number_filters)
    ### END SOLUTION
    return output_size


def right_counting(self, input_size):
    """Counted the places where a window may begin."""
    ### BEGIN SOLUTION conv-output-size
    places = [
        len(range(0, pixels + 2 * self.padding - self.kernel_size + 1, self.stride))
        for pixels in input_size[1:3]
    ]
    output_size = [input_size[0], *places, self.number_filters]
    ### END SOLUTION
    return output_size


def right_numpy(self, input_size):
    """Computed both axes at once with an array, and returned integers of NumPy."""
    ### BEGIN SOLUTION conv-output-size
    pixels = np.array(input_size[1:3]) + 2 * self.padding
    windows = (pixels - self.kernel_size) // self.stride + 1
    output_size = [input_size[0], windows[0], windows[1], self.number_filters]
    ### END SOLUTION
    return output_size


def wrong_ceil(self, input_size):
    """Rounded up: counts a window that sticks out."""
    ### BEGIN SOLUTION conv-output-size
    import math

    N, H, W, C = input_size
    k, s, p = self.kernel_size, self.stride, self.padding
    output_size = [
        N,
        math.ceil((H + 2 * p - k) / s) + 1,
        math.ceil((W + 2 * p - k) / s) + 1,
        self.number_filters,
    ]
    ### END SOLUTION
    return output_size


def wrong_rounded_too_late(self, input_size):
    """Added one before dividing, as if a window were one pixel."""
    ### BEGIN SOLUTION conv-output-size
    N, H, W, C = input_size
    k, s, p = self.kernel_size, self.stride, self.padding
    output_size = [N, (H + 2 * p - k + 1) // s, (W + 2 * p - k + 1) // s, self.number_filters]
    ### END SOLUTION
    return output_size


EDITS = [
    (
        "wrong_true_division",
        "divided with /: floating-point numbers come out",
        "right_formula",
        "(input_size[1] - self.kernel_size + 2 * self.padding) // self.stride",
        "(input_size[1] - self.kernel_size + 2 * self.padding) / self.stride",
    ),
    (
        "wrong_one_too_few",
        "forgot the first window of each row and column",
        "right_numpy",
        "(pixels - self.kernel_size) // self.stride + 1",
        "(pixels - self.kernel_size) // self.stride",
    ),
    (
        "wrong_padding_on_one_side",
        "added the padding once",
        "right_numpy",
        "+ 2 * self.padding",
        "+ self.padding",
    ),
    ("wrong_padding_left_out", "forgot the padding", "right_numpy", " + 2 * self.padding", ""),
    (
        "wrong_square",
        "took the height for both axes",
        "right_formula",
        "width = (input_size[2]",
        "width = (input_size[1]",
    ),
    (
        "wrong_stride_left_out",
        "took the stride for 1",
        "right_numpy",
        "(pixels - self.kernel_size) // self.stride + 1",
        "pixels - self.kernel_size + 1",
    ),
    (
        "wrong_input_channels",
        "kept the channels of the input",
        "right_formula",
        "width, self.number_filters]",
        "width, input_size[3]]",
    ),
    (
        "wrong_channels_first",
        "put the filters behind the batch",
        "right_formula",
        "[batch, height, width, self.number_filters]",
        "[batch, self.number_filters, height, width]",
    ),
    (
        "wrong_without_batch",
        "left the number of images out",
        "right_formula",
        "[batch, height, width, self.number_filters]",
        "[height, width, self.number_filters]",
    ),
    (
        "wrong_swapped",
        "swapped height and width",
        "right_formula",
        "[batch, height, width, self.number_filters]",
        "[batch, width, height, self.number_filters]",
    ),
    (
        "wrong_not_assigned",
        "computed it and did not assign it",
        "right_formula",
        "output_size = [batch",
        "size = [batch",
    ),
]
