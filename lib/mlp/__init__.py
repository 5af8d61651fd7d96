"""Fully connected networks: layers, models, the training loop."""
