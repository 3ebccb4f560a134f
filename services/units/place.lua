-- Note where the next entries of the log stand, unless that is noted already or earlier entries are not.
-- KEYS 1 the position up to which it is noted
-- ARGV prefix, the position after which, per next entry a line 'HASH PUBLISHER' with '-' for a service's own,
--      each ended by a line feed
-- The position up to which it is noted now.
local prefix, at = ARGV[1], tonumber(ARGV[2])
local noted = tonumber(redis.call('GET', KEYS[1]) or '0')
if noted ~= at then return noted end
for hash, publisher in string.gmatch(ARGV[3], '(%S+) (%S+)\n') do
  at = at + 1
  redis.call('HSET', prefix .. 'places:' .. string.sub(hash, 1, 2), string.sub(hash, 3, 22), at)
  if publisher ~= '-' then redis.call('XADD', prefix .. 'entries:' .. publisher, at .. '-0', 'e', '') end
end
redis.call('SET', KEYS[1], at)
return at
