"""The real window, driven from end to end as a user would."""
