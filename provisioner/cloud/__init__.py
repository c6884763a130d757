"""Google Cloud for preflight, recognition and repair; Terraform does everything else.

``provisioner.cloud.google.connect`` opens the door; it is not imported here, because Google's clients take their time.
"""
