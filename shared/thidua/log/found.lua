-- Write positions 1..k of an empty log in one call and open its gate.
-- KEYS 1 log, 2 open, 3 heads, 4 chains, 5 offsets, 6 meta
-- ARGV prefix, origin, sandbox '1' or '0', chain, chain's head, n, n x (bytes, id key, subject)
for i = 1, 6 do
  if redis.call('EXISTS', KEYS[i]) == 1 then return {'used', KEYS[i]} end
end
local at = 7
for position = 1, tonumber(ARGV[6]) do
  redis.call('XADD', KEYS[1], position .. '-0', 'e', ARGV[at])
  local id = ARGV[at + 1]
  redis.call('HSET', ARGV[1] .. 'ids:' .. string.sub(id, 1, 3), string.sub(id, 4), position)
  redis.call('HSET', KEYS[3], ARGV[at + 2], position)
  at = at + 3
end
redis.call('HSET', KEYS[4], ARGV[4], ARGV[5])
redis.call('HSET', KEYS[6], 'origin', ARGV[2], 'sandbox', ARGV[3])
redis.call('SET', KEYS[2], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'))
return {'ok', tonumber(ARGV[6])}
