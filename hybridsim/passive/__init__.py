"""Bodies that nothing drives: tossed, dropped, sliding. Their contacts are what there is to find out."""
