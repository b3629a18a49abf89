"""Many models: all runs found under some folders as one table and one page."""
