"""What is checked of the convolution course: classes for images (N, H, W, C)."""
