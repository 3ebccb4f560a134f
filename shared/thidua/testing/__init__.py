"""What a publisher or contributor needs to test against the log: stories, strategies, contract suites and real servers."""
