"""Problem 2: convolution, max pooling and the networks made of them."""
