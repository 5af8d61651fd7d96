"""Layers as functions, images as (N, C, H, W): every forward returns (out, cache), every backward takes the cache."""
