-- Admit events and wake-ups to inboxes; the arrival is set here and never goes back.
-- KEYS 1 open, 2 clock, 3 offsets
-- ARGV prefix, sandbox '1' or '0', drained publisher or '', its expected offset, its new offset,
--      n, n x (service, subject, arrival in ms (sandbox), 'jws' or 'wake', bytes)
-- Per item: the inbox id, or 'clock <ms>' when a sandbox subject has seen a later arrival.
local prefix, sandbox, publisher = ARGV[1], ARGV[2] == '1', ARGV[3]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('GET', KEYS[1]) ~= run then return {'gate'} end
if publisher ~= '' then
  local have = redis.call('HGET', KEYS[3], 'in:' .. publisher) or '0-0'
  if have ~= ARGV[4] then return {'fenced', have} end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ids, at = {}, 7
for i = 1, tonumber(ARGV[6]) do
  local service, subject, kind = ARGV[at], ARGV[at + 1], ARGV[at + 3]
  local field, rx = service, now
  if sandbox then field, rx = subject, tonumber(ARGV[at + 2]) end
  local seen = tonumber(redis.call('HGET', KEYS[2], field) or '-1')
  if sandbox and kind == 'jws' and rx < seen then
    ids[i] = 'clock ' .. string.format('%.0f', seen)
  else
    if rx < seen then rx = seen end
    local text = string.format('%.0f', rx)
    if rx > seen then redis.call('HSET', KEYS[2], field, text) end
    local id = redis.call('HINCRBY', KEYS[3], 'last:' .. service, 1) .. '-0'
    redis.call('XADD', prefix .. 'inbox:' .. service, id, 'rx', text, kind, ARGV[at + 4])
    ids[i] = id
  end
  at = at + 5
end
if publisher ~= '' then
  redis.call('HSET', KEYS[3], 'in:' .. publisher, ARGV[5])
  redis.call('XTRIM', prefix .. 'in:' .. publisher, 'MINID', ARGV[5])
  redis.call('XDEL', prefix .. 'in:' .. publisher, ARGV[5])
end
return {'ok', ids}
