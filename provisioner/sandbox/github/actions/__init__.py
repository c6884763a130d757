"""Actions: workflows are planned here job by job, and each job is executed on its own, by act where it is installed.

expressions, evaluation, rewriting: the expression language. definition, matrix: a workflow file, checked.
graph, gates, groups: which job may start now. events: what starts a run. assignment, stand_ins: what one job is given.
execution, guard, runner: jobs as processes, a few at a time. The files ending in _routes are what REST shows of it all.
"""
