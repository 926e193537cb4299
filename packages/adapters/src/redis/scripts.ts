import { script } from "./link.ts";

/*
 * Each script is one step on the server: nobody sees half of it. A connection may show several sessions, so the pod's
 * hash holds them joined by commas, which no session's id contains.
 */

/** Keys: the pod's hash, then the set of each pair's session. Values: pod, time to live, then pairs of connection and session. */
export const registerScript = script(`
for i = 2, #KEYS do
  local connection, session = ARGV[2 * i - 1], ARGV[2 * i]
  redis.call('SADD', KEYS[i], ARGV[1] .. ':' .. connection)
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
  local held = redis.call('HGET', KEYS[1], connection)
  if not held then
    redis.call('HSET', KEYS[1], connection, session)
  elseif not string.find(',' .. held .. ',', ',' .. session .. ',', 1, true) then
    redis.call('HSET', KEYS[1], connection, held .. ',' .. session)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return #KEYS - 1
`);

/** Keys: the pod's hash, then the set of each pair's session. Values: pod, then pairs of connection and session. */
export const deregisterScript = script(`
for i = 2, #KEYS do
  local connection, session = ARGV[2 * i - 2], ARGV[2 * i - 1]
  redis.call('SREM', KEYS[i], ARGV[1] .. ':' .. connection)
  local held = redis.call('HGET', KEYS[1], connection)
  if held then
    local left = {}
    for other in string.gmatch(held, '[^,]+') do
      if other ~= session then left[#left + 1] = other end
    end
    if #left == 0 then
      redis.call('HDEL', KEYS[1], connection)
    else
      redis.call('HSET', KEYS[1], connection, table.concat(left, ','))
    end
  end
end
return #KEYS - 1
`);

/** Removes what a pod left, unless its heart beats. Keys: heartbeat, the pod's hash, then the set of each connection. Values: pod, then connections. */
export const deadPodScript = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 3, #KEYS do
  redis.call('SREM', KEYS[i], ARGV[1] .. ':' .. ARGV[i - 1])
  redis.call('HDEL', KEYS[2], ARGV[i - 1])
end
return 1
`);

/** Removes members of a session whose pod's heart does not beat. Keys: the set, then the heartbeat of each member. Values: members. */
export const deadMembersScript = script(`
local removed = 0
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then removed = removed + redis.call('SREM', KEYS[1], ARGV[i - 1]) end
end
return removed
`);

/** Keeps a session's meta unless it was dropped just now. Key: its hash. Values: time to live, then fields and values in turn. */
export const keepMetaScript = script(`
if redis.call('HEXISTS', KEYS[1], 'dropped') == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`);

/** Leaves the note that they were dropped in place of sessions' meta. Keys: their hashes. Value: how long the note stays. */
export const dropMetaScript = script(`
for i = 1, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('HSET', KEYS[i], 'dropped', '1')
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
end
return #KEYS
`);
