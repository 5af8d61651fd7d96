"""The course library: layers, networks, optimizers, data sets and checks that the notebooks build on."""
