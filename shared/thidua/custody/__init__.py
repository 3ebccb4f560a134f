"""
What voters and trustees of a secret ballot keep on their own disk, and what they refuse to do with it.

Secrets lie under a passphrase (:mod:`thidua.custody.sealing`); what was done with them stands in a journal that is
written first, so that a killed process never does a second thing that excludes the first.
"""
