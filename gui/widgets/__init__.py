"""Small widgets that know nothing of the application: import each from its own module."""
