"""How a network becomes the text of a program; `engine.compile.source` is the way in."""
