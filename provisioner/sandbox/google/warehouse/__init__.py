"""BigQuery without HTTP: datasets, tables, their schemas and who may see them."""
