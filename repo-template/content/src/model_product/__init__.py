"""A small, complete model product: contract, training, evaluation, batch scoring, service, drift, operations.

Replace the parts one at a time; the commands, the tests and the workflows stay as they are.
"""
