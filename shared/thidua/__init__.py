"""The emulation-cluster ledger for publishers and auditors: signed events, an append-only log, and its verification."""
