-- Append a judged batch: all checks first, then only writes that cannot fail (Lua has no rollback).
-- KEYS 1 log, 2 open, 3 heads, 4 chains, 5 offsets, 6 inbox, 7 answers, 8 said
-- ARGV prefix, service, expected offset, new offset, position followed to,
--      n, n x (subject, head), n, n x (chain, before, after),
--      n, n entries and n lines 'ID-KEY PUBLISHER HASH OUTCOME CODE SUBJECT…' with '-' for what is not there,
--      each of both ended by a line feed, which no entry has inside,
--      n, n x (number of the entry, erasable bytes),
--      n, n x (publisher, event hash, answer),
--      n, n x (number of the entry, traceparent): kept in a ring of 4096 beside the log
local prefix, service, at = ARGV[1], ARGV[2], 6
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('GET', KEYS[2]) ~= run then return {'gate'} end

local last = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = tonumber(string.match(info[i + 1], '^(%d+)')) end
  end
end
if last < tonumber(ARGV[5]) then return {'shrunk', last} end

local offset = redis.call('HGET', KEYS[5], 'inbox:' .. service) or '0-0'
if offset ~= ARGV[3] then return {'fenced', offset} end

local n = tonumber(ARGV[at]); at = at + 1
for i = 1, n do
  local have = redis.call('HGET', KEYS[3], ARGV[at]) or '0'
  if have ~= ARGV[at + 1] then return {'behind', ARGV[at], have} end
  at = at + 2
end
local chains_at = at
n = tonumber(ARGV[at]); at = at + 1
for i = 1, n do
  local have = redis.call('HGET', KEYS[4], ARGV[at]) or ''
  if have ~= ARGV[at + 1] then return {'chain', ARGV[at], have} end
  at = at + 3
end
n = tonumber(ARGV[at])
local entries, lines = ARGV[at + 1], ARGV[at + 2]
for id in string.gmatch(lines, '(%S+)[^\n]*\n') do
  if id ~= '-' and redis.call('HEXISTS', prefix .. 'ids:' .. string.sub(id, 1, 3), string.sub(id, 4)) == 1 then
    return {'id', id}
  end
end
local erasable_at = at + 3
local answers_at = erasable_at + 1 + 2 * tonumber(ARGV[erasable_at])

local heads, first, next_entry = {}, last + 1, string.gmatch(entries, '([^\n]*)\n')
for id, publisher, hash, outcome, code, subjects in string.gmatch(lines, '(%S+) (%S+) (%S+) (%S+) (%S+)([^\n]*)\n') do
  last = last + 1
  redis.call('XADD', KEYS[1], last .. '-0', 'e', next_entry())
  if id ~= '-' then redis.call('HSET', prefix .. 'ids:' .. string.sub(id, 1, 3), string.sub(id, 4), last) end
  if publisher ~= '-' then
    redis.call('XADD', prefix .. 'receipts:' .. publisher, 'MAXLEN', '~', 1000, '*', 'hash', hash,
      'position', last, 'outcome', outcome, 'code', code == '-' and '' or code)
  end
  for subject in string.gmatch(subjects, '%S+') do heads[subject] = last end
end
at = erasable_at + 1
for i = 1, tonumber(ARGV[erasable_at]) do
  redis.call('HSET', KEYS[8], first + tonumber(ARGV[at]), ARGV[at + 1]); at = at + 2
end
for subject, position in pairs(heads) do redis.call('HSET', KEYS[3], subject, position) end
at = chains_at + 1
for i = 1, tonumber(ARGV[chains_at]) do
  redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 2]); at = at + 3
end
at = answers_at + 1
for i = 1, tonumber(ARGV[answers_at]) do
  redis.call('XADD', KEYS[7], 'MAXLEN', '~', 10000, '*', 'hash', ARGV[at + 1], 'answer', ARGV[at + 2])
  if ARGV[at] ~= '' then
    redis.call('XADD', prefix .. 'receipts:' .. ARGV[at], 'MAXLEN', '~', 1000, '*', 'hash', ARGV[at + 1], 'answer', ARGV[at + 2])
  end
  at = at + 3
end
redis.call('HSET', KEYS[5], 'inbox:' .. service, ARGV[4])
local consumed = tonumber(string.match(ARGV[4], '^(%d+)'))
redis.call('XTRIM', KEYS[6], 'MINID', (consumed + 1) .. '-0')
-- Last, and whatever comes of it: an older access list may not allow it.
n = tonumber(ARGV[at]); at = at + 1
for i = 1, n do
  local position = first + tonumber(ARGV[at])
  redis.pcall('HSET', prefix .. 'traces', position % 4096, position .. ' ' .. ARGV[at + 1]); at = at + 2
end
return {'ok', first, last}
