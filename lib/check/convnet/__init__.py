"""What is checked of the functional course: layers as functions, images (N, C, H, W), networks with a loss."""
