"""The window of Atelier. Qt lives only here; everything it does is done by `engine`."""
