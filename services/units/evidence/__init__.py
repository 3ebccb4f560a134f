"""Files of evidence beside the log: taken in pieces, looked through, kept by their hash, and announced."""
