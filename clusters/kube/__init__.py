"""A gateway in a Kubernetes cluster, whoever made the cluster."""
