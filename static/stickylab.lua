-- Sticky Packet Lab for Wireshark and tshark, 4.0 and later: names the frames
-- of length-prefix, ready-ack and auth, and the steps of auth's handshake:
-- "auth" is the one by hmac-md5, "mutual" the one by mutual-sha256.
--
-- Install: copy this file into the folder that Wireshark's Help > About >
-- Folders calls "Personal Lua Plugins" (on Linux ~/.local/lib/wireshark/plugins)
-- and start Wireshark again. Or, for once:
--
--   tshark -X lua_script:stickylab.lua -r run.pcapng
--
-- The lab's own runs are on free ports. Tell which one the server had by
-- Analyze > Decode As, or by
--
--   tshark -X lua_script:stickylab.lua -d tcp.port==PORT,stickylab.auth -r run.pcapng
--
-- Where a length is not 4 bytes, signed, little-endian, that is told as well:
--
--   -o stickylab.auth.width:2 -o stickylab.auth.endian:big
--   -o stickylab.auth.signed:FALSE -o stickylab.auth.counts_header:TRUE
--
-- A file that the lab writes has all this in its first comment.
--
-- Of the two ports the one decoded for is the server's. TCP's preference
-- "Allow subdissector to reassemble TCP streams" has to be on, as it is unless
-- somebody turned it off.

local CHALLENGE = 32 -- bytes
local ANSWER = 16 -- bytes
local NONCE = 32 -- bytes
local PROOF = 32 -- bytes
local READY = "ready"
local DIGITS = 22 -- most characters of a length in ASCII, its line ending included

-- What is known of a connection when a packet's bytes begin. Packets are
-- dissected once in order, then again in any order: so each packet's beginning
-- is kept under its number. A connection is its two addresses: the first time
-- there may be no tree to ask for its number. So one that has both addresses
-- of an earlier one in the same file goes on where that one ended.
local Memory = {}
Memory.__index = Memory

function Memory.new()
  return setmetatable({ now = {}, before = {} }, Memory)
end

local function copy(state)
  local other = {}
  for key, value in pairs(state) do
    other[key] = value
  end
  return other
end

local function connection(packet)
  local from = tostring(packet.src) .. " " .. packet.src_port
  local to = tostring(packet.dst) .. " " .. packet.dst_port
  return from < to and from .. " " .. to or to .. " " .. from
end

-- The state before this packet: a copy of the caller's own.
function Memory:state(packet)
  if not self.before[packet.number] then
    self.before[packet.number] = copy(self.now[connection(packet)] or {})
  end
  return copy(self.before[packet.number])
end

-- The state behind this packet.
function Memory:keep(packet, state)
  if not packet.visited then
    self.now[connection(packet)] = state
  end
end

-- One of the lab's systems as a protocol. `towards_server` and
-- `towards_client` are given a Reader over the bytes of one direction.
local function system(name, title, port, towards_server, towards_client, has_prefix)
  local id = "stickylab." .. name
  local protocol = Proto(id, "Sticky Packet Lab, " .. title)
  local fields = {
    challenge = ProtoField.bytes(id .. ".challenge", "Challenge"),
    answer = ProtoField.bytes(id .. ".answer", "Answer"),
    nonce = ProtoField.bytes(id .. ".nonce", "Nonce of the client"),
    proof = ProtoField.bytes(id .. ".proof", "Proof"),
    length = ProtoField.int64(id .. ".length", "Length"),
    digits = ProtoField.string(id .. ".digits", "Digits of a length"),
    ready = ProtoField.string(id .. ".ready", "Ready"),
    body = ProtoField.bytes(id .. ".body", "Body"),
    text = ProtoField.string(id .. ".text", "Text"),
    reply = ProtoField.bytes(id .. ".reply", "Reply"),
    refused = ProtoField.bytes(id .. ".refused", "Not decoded"),
  }
  local group, severity = expert.group.MALFORMED, expert.severity.ERROR
  local mistakes = {
    negative = ProtoExpert.new(id .. ".negative", "The length is negative", group, severity),
    shorter = ProtoExpert.new(id .. ".shorter", "The length is less than its own field", group, severity),
    too_large = ProtoExpert.new(id .. ".too_large", "The length is larger than allowed", group, severity),
    no_digit = ProtoExpert.new(id .. ".no_digit", "A length is digits", group, severity),
    early = ProtoExpert.new(id .. ".early", "Bytes before the length was answered", group, severity),
    not_ready = ProtoExpert.new(id .. ".not_ready", "The answer to a length is \"ready\"", group, severity),
  }
  protocol.fields = fields
  protocol.experts = mistakes
  protocol.prefs.ports = Pref.range("TCP ports", port, "Ports of servers", 65535)
  protocol.prefs.maximum = Pref.uint("Largest length", 1048576, "What announces more is marked as an error")

  if has_prefix then
    local widths = { { 1, "1", 1 }, { 2, "2", 2 }, { 3, "4", 4 }, { 4, "8", 8 } }
    protocol.prefs.width = Pref.enum("Bytes of a length", 4, "Size of the length field", widths, false)
    local orders = { { 1, "little", 0 }, { 2, "big", 1 } }
    protocol.prefs.endian = Pref.enum("Byte order of a length", 0, "Which byte comes first", orders, false)
    protocol.prefs.signed = Pref.bool("Signed lengths", true, "Whether a length is in two's complement")
    protocol.prefs.counts_header = Pref.bool("Lengths count themselves", false, "Whether a length includes its own field")
  end

  local memory = Memory.new()
  function protocol.init()
    memory = Memory.new()
  end

  function protocol.dissector(buffer, packet, root)
    -- What a capture cut off can't be decoded.
    if buffer:len() == 0 or buffer:len() < buffer:reported_len() then
      return 0
    end
    local server = packet.match_uint
    if server ~= packet.src_port and server ~= packet.dst_port then
      server = math.min(packet.src_port, packet.dst_port)
    end
    local reader = {
      buffer = buffer,
      at = 0,
      packet = packet,
      root = root,
      protocol = protocol,
      fields = fields,
      mistakes = mistakes,
      -- No captured frame is longer, and sums with it stay exact.
      maximum = math.min(protocol.prefs.maximum, 0x7fffffff),
      prefs = protocol.prefs,
      said = {},
    }
    local state = memory:state(packet)
    if packet.dst_port == server then
      towards_server(reader, state)
    else
      towards_client(reader, state)
    end
    memory:keep(packet, state)
    if #reader.said > 0 then
      packet.cols.protocol = name
      packet.cols.info = table.concat(reader.said, ", ")
    end
    return buffer:len()
  end

  local tcp_ports = DissectorTable.get("tcp.port")
  local registered = protocol.prefs.ports
  tcp_ports:add(registered, protocol)
  tcp_ports:add_for_decode_as(protocol)
  function protocol.prefs_changed()
    if registered ~= protocol.prefs.ports then
      tcp_ports:remove(registered, protocol)
      registered = protocol.prefs.ports
      tcp_ports:add(registered, protocol)
    end
  end
end

-- Where to show something; there only if there is something to show, and not
-- where all waits for the next segment.
local function shown(reader)
  reader.tree = reader.tree or reader.root:add(reader.protocol, reader.buffer())
  return reader.tree
end

local function left(reader)
  return reader.buffer:len() - reader.at
end

-- Whether `count` bytes are there; if not, what is left waits for the next
-- segment.
local function has(reader, count)
  if left(reader) >= count then
    return true
  end
  reader.packet.desegment_offset = reader.at
  reader.packet.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
  return false
end

local function peek(reader, count)
  return reader.buffer(reader.at, count)
end

local function take(reader, count)
  local range = peek(reader, count)
  reader.at = reader.at + count
  return range
end

local function say(reader, words)
  reader.said[#reader.said + 1] = words
end

local function bytes(count)
  return count == 1 and "1 byte" or count .. " bytes"
end

-- From here on the other side refuses the stream: nothing behind it can be
-- decoded any more.
local function refuse(reader, state, mistake, tree)
  state.refused = true
  tree:add_proto_expert_info(reader.mistakes[mistake])
  if left(reader) > 0 then
    tree:add(reader.fields.refused, take(reader, left(reader)))
  end
  say(reader, "Refused")
end

-- Whether something before was refused; then what is left is not decoded.
local function is_refused(reader, state)
  if state.refused then
    shown(reader):add(reader.fields.refused, take(reader, left(reader)))
    say(reader, "Behind what was refused")
  end
  return state.refused
end

local function add_body(reader, tree, length)
  if length > 0 then
    local body = take(reader, length)
    tree:add(reader.fields.body, body)
    tree:add_packet_field(reader.fields.text, body, ENC_UTF_8)
  end
end

-- Raw bytes of the server, if it answers at all.
local function reply(reader)
  if left(reader) > 0 then
    say(reader, "Reply of " .. bytes(left(reader)))
    shown(reader):add(reader.fields.reply, take(reader, left(reader)))
  end
end

-- The number in a length field. Of 8 bytes it is a floating point number, exact
-- where it is no larger than allowed.
local function number(field, prefs)
  local width = field:len()
  local half = math.min(width, 4)
  local is_big = prefs.endian == 1
  local low = is_big and field(width - half, half):uint() or field(0, half):le_uint()
  if width < 8 then
    local range = 2 ^ (8 * width)
    return prefs.signed and low >= range / 2 and low - range or low
  end
  local high = is_big and field(0, 4):uint() or field(4, 4):le_uint()
  if prefs.signed and high >= 0x80000000 then
    high = high - 4294967296.0
  end
  return high * 4294967296.0 + low
end

-- The same number in digits, all of them exact.
local function digits(field, prefs)
  if field:len() < 8 then
    return string.format("%.0f", number(field, prefs))
  elseif prefs.signed then
    return tostring(prefs.endian == 1 and field:int64() or field:le_int64())
  end
  return tostring(prefs.endian == 1 and field:uint64() or field:le_uint64())
end

-- A number for a field: the nearest there is.
local function int64(value)
  local rest = value % 4294967296.0
  local high = math.floor((value - rest) / 4294967296.0)
  if high > 0x7fffffff then
    return Int64.max()
  end
  return Int64.new(math.floor(rest), high % 4294967296.0)
end

-- length-prefix: a length, then the body; again and again.
local function frames(reader, state)
  if is_refused(reader, state) then
    return
  end
  local header = reader.prefs.width
  local own = reader.prefs.counts_header and header or 0
  while left(reader) > 0 and has(reader, header) do
    local field = peek(reader, header)
    local value = number(field, reader.prefs)
    local mistake = value < 0 and "negative" or value < own and "shorter" or value - own > reader.maximum and "too_large"
    local length = mistake and 0 or math.floor(value) - own
    if not mistake and not has(reader, header + length) then
      return
    end
    local words = mistake and "Length of " .. digits(field, reader.prefs) or "Frame of " .. bytes(length)
    local size = mistake and left(reader) or header + length
    local tree = shown(reader):add(peek(reader, size), words)
    tree:add(reader.fields.length, take(reader, header), int64(value))
    say(reader, words)
    if mistake then
      return refuse(reader, state, mistake, tree)
    end
    add_body(reader, tree, length)
  end
end

system("length-prefix", "length in front", "8001", frames, reply, true)

-- auth: 32 random bytes from the server, 16 bytes HMAC-MD5 of them from the
-- client; then frames to the server, and replies without any framing.
local function answer(reader, state)
  if not state.answered then
    if not has(reader, ANSWER) then
      return
    end
    shown(reader):add(reader.fields.answer, take(reader, ANSWER))
    say(reader, "Handshake 2 of 2: answer")
    state.answered = true
  end
  frames(reader, state)
end

local function challenge(reader, state)
  if not state.challenged then
    if not has(reader, CHALLENGE) then
      return
    end
    shown(reader):add(reader.fields.challenge, take(reader, CHALLENGE))
    say(reader, "Handshake 1 of 2: challenge")
    state.challenged = true
  end
  reply(reader)
end

system("auth", "client authentication", "8080", answer, challenge, true)

-- mutual: 32 random bytes from the server; 32 of the client and its HMAC-SHA256
-- over both; the server's, over the same; then as auth. It has no port of its
-- own: a server of auth speaks it if it was told to.
local function client_proof(reader, state)
  if not state.answered then
    if not has(reader, NONCE + PROOF) then
      return
    end
    shown(reader):add(reader.fields.nonce, take(reader, NONCE))
    shown(reader):add(reader.fields.proof, take(reader, PROOF))
    say(reader, "Handshake 2 of 3: nonce and proof of the client")
    state.answered = true
  end
  frames(reader, state)
end

local function server_proof(reader, state)
  if not state.challenged then
    if not has(reader, CHALLENGE) then
      return
    end
    shown(reader):add(reader.fields.challenge, take(reader, CHALLENGE))
    say(reader, "Handshake 1 of 3: challenge")
    state.challenged = true
  end
  if not state.proved and left(reader) > 0 then
    if not has(reader, PROOF) then
      return
    end
    shown(reader):add(reader.fields.proof, take(reader, PROOF))
    say(reader, "Handshake 3 of 3: proof of the server")
    state.proved = true
  end
  reply(reader)
end

system("mutual", "mutual authentication", "", client_proof, server_proof, true)

-- What is wrong with the bytes that came as a length, if anything.
local function wrong_length(field, maximum)
  if field:match("^%-%d") then
    return "negative"
  elseif not field:match("^%-?$") and not field:match("^%d") then
    return "no_digit"
  elseif not field:match("^%-?%d*\r?\n?$") then
    return "early"
  elseif #field > DIGITS or (tonumber(field:match("%d+")) or 0) > maximum then
    return "too_large"
  end
end

-- ready-ack: the length in ASCII, alone. Only the server's "ready" tells that
-- the number is complete; then that many bytes.
local function lengths(reader, state)
  if is_refused(reader, state) then
    return
  end
  while left(reader) > 0 do
    if state.length then
      if not has(reader, state.length) then
        return
      end
      local words = "Message of " .. bytes(state.length)
      add_body(reader, shown(reader):add(peek(reader, state.length), words), state.length)
      say(reader, words)
      state.length = nil
    else
      state.digits = (state.digits or "") .. peek(reader, left(reader)):raw()
      local mistake = wrong_length(state.digits, reader.maximum)
      if mistake then
        return refuse(reader, state, mistake, shown(reader))
      end
      say(reader, "Length " .. state.digits:match("^%-?%d*"))
      shown(reader):add(reader.fields.digits, take(reader, left(reader)))
    end
  end
end

local function ready(reader, state)
  if not state.digits then
    return reply(reader)
  end
  local start = peek(reader, math.min(left(reader), #READY)):raw()
  if start ~= READY:sub(1, #start) then
    return refuse(reader, state, "not_ready", shown(reader))
  elseif not has(reader, #READY) then
    return
  end
  local length = tonumber(state.digits:match("%d+"))
  shown(reader):add(reader.fields.ready, take(reader, #READY))
  shown(reader):add(reader.fields.length, int64(length)):set_generated()
  say(reader, "Ready for " .. bytes(length))
  state.digits = nil
  -- A body of no bytes is complete already.
  state.length = length > 0 and length or nil
  reply(reader)
end

system("ready-ack", "ask first", "8000", lengths, ready)
