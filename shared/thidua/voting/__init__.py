"""
The secret ballot's cryptography: what voters, trustees and auditors compute, without broker or database.

Formats and formulas are those of the Belenios specification 2.0, so that `belenios-tool` reads the same
archives. Chance enters as one function (``chance(n)`` is uniform in [0, n)); nothing here keeps a secret.
"""
