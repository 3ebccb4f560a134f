"""The ``thidua`` command: what a publisher or an auditor runs; the application adds its own commands."""
