"""One family of metrics a file. Importing a file registers its metrics."""
