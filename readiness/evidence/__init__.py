"""What a run saw: the folder it leaves, the records in it, and the seal."""
