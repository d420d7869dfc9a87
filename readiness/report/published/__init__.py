"""What is committed of the runs of a store: its verdict, its page, and its line in the tables of all stores."""
