"""How the network is trained: the form, suggested values, the learning-rate finder."""
