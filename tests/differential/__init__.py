"""Proof that the embedded control plane sends what real istiod sends, field by field."""
