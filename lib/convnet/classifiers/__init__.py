"""Networks made of the functional layers."""
