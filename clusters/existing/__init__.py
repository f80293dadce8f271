"""A gateway in a cluster that is somebody else's: what is not ours is looked at, never touched."""
