"""
The archive's public formats: Merkle tree, tiles, signed notes, policies and proofs, for whoever checks a log.

Everything here follows published specifications (RFC 6962, RFC 9162, C2SP tlog-tiles, signed-note,
tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-policy), so that programs of others read the same files.
"""
