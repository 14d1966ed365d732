"""State machines on AWS, or on anything that speaks as it does: written out with their roles, created and
updated, run there, and fetched back."""
