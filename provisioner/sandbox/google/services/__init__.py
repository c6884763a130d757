"""One module per API (or part of one): the rules, as plain functions from a call to an answer."""
