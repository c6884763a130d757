"""Self-service provisioning of model platforms on Google Cloud."""
