"""Networks that come from elsewhere, drawn with our layers as far as they map."""
