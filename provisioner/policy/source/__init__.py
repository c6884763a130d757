"""Terraform source that nobody here wrote: read without running it, judged before any plan.

A plan runs code (external data sources, provisioners, provider binaries), so untrusted source is looked at first.
The reader is our own and strict: two distributions own the module name ``hcl2`` (python-hcl2 and the fork that
checkov brings), so only the fork is installed, which tells the lines of blocks alone and is slow to start. Whatever
this reader does not understand is a finding, never skipped.
"""
