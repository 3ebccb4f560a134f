"""The emulation-cluster ledger for publishers and auditors: signed events, a log, its proof."""
