"""What is checked of the introduction to convolutional networks in PyTorch: images (N, C, H, W)."""
