"""Models whose information is known exactly: a channel, a Gaussian, a neuron, linear networks."""
