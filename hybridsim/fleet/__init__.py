"""Many individuals of one robot over time: what each did, what is known of it, and since when."""
