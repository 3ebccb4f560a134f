"""What an auditor does with the entries alone: judge them again and compare."""
