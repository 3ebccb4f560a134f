-- Admit events, dry runs and wake-ups to inboxes; the arrival is set here and never goes back.
-- KEYS 1 open, 2 clock, 3 offsets
-- ARGV prefix, sandbox '1' or '0', drained publisher or '', its expected offset, its new offset,
--      how many entries may wait in an inbox (0 without bound),
--      '' or, when one is traced, 55 characters for each item: its traceparent, or blanks,
--      n, n x (service, subject, arrival in ms (sandbox), 'jws', 'dry' or 'wake', bytes),
--      n, n x (event hash, answer), n, n x (event hash, position, outcome, code): told to the drained publisher
-- Per item: the inbox id, or 'clock <ms>' when a sandbox subject has seen a later arrival.
local prefix, sandbox, publisher = ARGV[1], ARGV[2] == '1', ARGV[3]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('GET', KEYS[1]) ~= run then return {'gate'} end
if publisher ~= '' then
  local have = redis.call('HGET', KEYS[3], 'in:' .. publisher) or '0-0'
  if have ~= ARGV[4] then return {'fenced', have} end
end
local most, traces, n = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
if most > 0 then
  local more = {}
  for i = 1, n do
    local service = ARGV[4 + 5 * i]
    more[service] = (more[service] or 0) + 1
  end
  for service, count in pairs(more) do
    local last = tonumber(redis.call('HGET', KEYS[3], 'last:' .. service) or '0')
    local done = redis.call('HGET', KEYS[3], 'inbox:' .. service) or '0-0'
    local waiting = last - tonumber(string.match(done, '^(%d+)'))
    if waiting + count > most then return {'full', service, waiting} end
  end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ids, at = {}, 9
for i = 1, n do
  local service, subject, kind = ARGV[at], ARGV[at + 1], ARGV[at + 3]
  local field, rx = service, now
  if sandbox then field, rx = subject, tonumber(ARGV[at + 2]) end
  local seen = tonumber(redis.call('HGET', KEYS[2], field) or '-1')
  if sandbox and kind ~= 'wake' and rx < seen then
    ids[i] = 'clock ' .. string.format('%.0f', seen)
  else
    if rx < seen then rx = seen end
    local text = string.format('%.0f', rx)
    if rx > seen and kind ~= 'dry' then redis.call('HSET', KEYS[2], field, text) end
    local id = redis.call('HINCRBY', KEYS[3], 'last:' .. service, 1) .. '-0'
    local trace = string.sub(traces, 55 * i - 54, 55 * i)
    if trace == '' or string.sub(trace, 1, 1) == ' ' then
      redis.call('XADD', prefix .. 'inbox:' .. service, id, 'rx', text, kind, ARGV[at + 4])
    else
      redis.call('XADD', prefix .. 'inbox:' .. service, id, 'rx', text, kind, ARGV[at + 4], 'traceparent', trace)
    end
    ids[i] = id
  end
  at = at + 5
end
if publisher ~= '' then
  local receipts = prefix .. 'receipts:' .. publisher
  n = tonumber(ARGV[at]); at = at + 1
  for i = 1, n do
    redis.call('XADD', receipts, 'MAXLEN', '~', 1000, '*', 'hash', ARGV[at], 'answer', ARGV[at + 1])
    at = at + 2
  end
  n = tonumber(ARGV[at]); at = at + 1
  for i = 1, n do
    redis.call('XADD', receipts, 'MAXLEN', '~', 1000, '*', 'hash', ARGV[at], 'position', ARGV[at + 1],
      'outcome', ARGV[at + 2], 'code', ARGV[at + 3])
    at = at + 4
  end
  redis.call('HSET', KEYS[3], 'in:' .. publisher, ARGV[5])
  redis.call('XTRIM', prefix .. 'in:' .. publisher, 'MINID', ARGV[5])
  redis.call('XDEL', prefix .. 'in:' .. publisher, ARGV[5])
end
return {'ok', ids}
