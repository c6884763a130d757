"""Names the adapters: the only room that knows which implementation stands behind each port.

Import from the files: ``folders`` costs next to nothing, ``place`` and what builds on it bring the engine along.
"""
