-- Sticky Packet Lab for Wireshark and tshark, 4.0 and later: takes messages out of a
-- connection by any framing that `stickylab --framing` knows, one for each direction.
--
--   tshark -X lua_script:stickylab-framed.lua -d tcp.port==PORT,stickylab.framed \
--     -o 'stickylab.framed.framing:length-prefix,width=2,endian=big' \
--     -o 'stickylab.framed.reply:delimiter,delimiter=\r\n' -r run.pcapng
--
-- `framing` is that of the bytes towards PORT, `reply` that of the bytes that come from
-- there; both are `none` unless they are set. A file that the lab writes names both in its
-- first comment. Install it as stickylab.lua, which also knows handshakes and ready-ack.
--
-- A message whose end only the sender's silence marks (a JSON number, a delimiter that may
-- become a longer one) is shown when more bytes have come.

local framings = dofile(__DIR__ .. package.config:sub(1, 1) .. "stickylab-framings.lua")
local ESCAPES = { n = "\n", r = "\r", t = "\t", ["0"] = "\0", ["\\"] = "\\" }

-- What a setting's words mean: `hex:` and pairs of digits, or text with escapes.
local function meant(word)
  if word:match("^hex:[%x ]*$") then
    return (word:sub(5):gsub(" ", ""):gsub("%x%x", function(pair)
      return string.char(tonumber(pair, 16))
    end))
  end
  word = word:gsub("\\x(%x%x)", function(pair)
    local char = string.char(tonumber(pair, 16))
    return char == "\\" and "\\\\" or char
  end)
  return (word:gsub("\\(.)", ESCAPES))
end

local function byte_of(word)
  local number = tonumber(word)
  if number and number >= 0 and number < 256 then
    return number
  end
  local text = meant(word)
  return #text == 1 and text:byte() or nil
end

-- What a setting of this name may be; none: the word means nothing.
local function value(name, word, default)
  if name == "width" then
    return word == "varint" and word or word == "decimal" and word or tonumber(word)
  elseif name == "escape" or name == "start" or name == "end" or name == "pad" then
    return byte_of(word)
  elseif name == "separator" or name == "magic" then
    return meant(word)
  elseif type(default) == "boolean" and (word == "true" or word == "false") then
    return word == "true"
  elseif type(default) == "number" or name == "strip" then
    return tonumber(word)
  end
  return type(default) ~= "boolean" and word or name == "checksum-endian" and word or nil
end

-- The short form of a framing as a table of its settings; else why that can't be read.
local function parse(text)
  local name = text:match("^[^,]*")
  local framing = framings[name]
  if not framing then
    return nil, "no framing is called \"" .. name .. "\" here"
  end
  local set = { maximum = 1048576, resynchronise = false }
  for key, default in pairs(framing.defaults) do
    set[key] = default
  end
  local ends = {}
  for setting in text:sub(#name + 1):gmatch("[^,]+") do
    local key, word = setting:match("^([^=]+)=(.*)$")
    key = key and key:gsub("_", "-")
    if key == "delimiter" and name == "delimiter" then
      ends[#ends + 1] = meant(word)
    else
      local read
      if set[key or ""] ~= nil then
        read = value(key, word, set[key])
      end
      if read == nil then
        return nil, "\"" .. setting .. "\" sets nothing of " .. name
      end
      set[key] = read
    end
  end
  if #ends > 0 then
    set.delimiter = ends
  end
  -- Patterns for the bytes at which a decoder looks closer, and for an escaped one.
  local function pattern(byte)
    local char = string.char(byte)
    return char:match("%w") and char or "%" .. char
  end
  local begins = ""
  for _, byte in pairs({ set.escape, set.start, set["end"] }) do
    begins = byte and begins .. pattern(byte) or begins
  end
  for _, mark in ipairs(set.delimiter or {}) do
    begins = begins .. pattern(mark:byte())
  end
  set.begins = "[" .. begins .. "]"
  set.escaped = set.escape and pattern(set.escape) .. "(.)"
  set.decode, set.resume = framing.decode, framing.resume
  return set
end

local ID = "stickylab.framed"
local protocol = Proto(ID, "Sticky Packet Lab, any framing")
local fields = {
  frame = ProtoField.none(ID .. ".frame", "Frame"),
  header = ProtoField.bytes(ID .. ".header", "Header"),
  body = ProtoField.bytes(ID .. ".body", "Body"),
  message = ProtoField.bytes(ID .. ".message", "Message"),
  text = ProtoField.string(ID .. ".text", "Text"),
  trailer = ProtoField.bytes(ID .. ".trailer", "Trailer"),
  skipped = ProtoField.bytes(ID .. ".skipped", "Skipped"),
  refused = ProtoField.bytes(ID .. ".refused", "Not decoded"),
}
local mistake = ProtoExpert.new(ID .. ".mistake", "Not a frame", expert.group.MALFORMED, expert.severity.ERROR)
protocol.fields = fields
protocol.experts = { mistake }
protocol.prefs.framing = Pref.string("Framing", "none", "Of the bytes towards the server's port, as in stickylab --framing")
protocol.prefs.reply = Pref.string("Framing of replies", "none", "Of the bytes from the server's port")

local function read_preferences()
  local prefs, sets = protocol.prefs, {}
  for _, name in ipairs({ "framing", "reply" }) do
    local set, why = parse(prefs[name] == "" and "none" or prefs[name])
    sets[name] = set or { why = name .. ": " .. why }
  end
  return sets
end

local sets = read_preferences()
function protocol.prefs_changed()
  sets = read_preferences()
end

-- The number of the packet in which a direction of a connection was refused.
local refused = {}
function protocol.init()
  refused = {}
end

local segment_length = Field.new("tcp.len")

local function bytes_of(count)
  return count == 1 and "1 byte" or string.format("%d bytes", count)
end

-- A frame that begins `at` bytes from the front.
local function show(tree, buffer, at, frame)
  local words = "Frame of " .. bytes_of(frame.meaning and #frame.meaning or frame.length)
  local item = tree:add(fields.frame, buffer(at, frame.size)):set_text(words)
  if frame.header > 0 then
    item:add(fields.header, buffer(at, frame.header))
  end
  if frame.length > 0 then
    local body = buffer(at + frame.header, frame.length)
    item:add(fields.body, body)
    local meaning = body
    if frame.meaning then
      meaning = #frame.meaning > 0 and ByteArray.new(frame.meaning, true):tvb("Message")() or nil
    end
    if meaning then
      item:add(fields.message, meaning)
      item:add_packet_field(fields.text, meaning, ENC_UTF_8)
    end
  end
  local behind = frame.header + frame.length
  if frame.size > behind then
    item:add(fields.trailer, buffer(at + behind, frame.size - behind))
  end
  return words
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
  local set = packet.dst_port == server and sets.framing or sets.reply
  local way = table.concat({ tostring(packet.src), packet.src_port, tostring(packet.dst), packet.dst_port }, " ")
  local said, parts, tree = {}, {}, nil
  local function shown()
    tree = tree or root:add(protocol, buffer())
    return tree
  end
  -- What is to be shown, when all bytes have been looked at.
  local function note(words, field, range, why)
    parts[#parts + 1] = function()
      local item = shown():add(field, range)
      if why then
        item:add_proto_expert_info(mistake, why)
      end
      said[#said + 1] = words
    end
  end
  local bytes, at = buffer:raw(), 0
  while at < #bytes do
    local rest = buffer(at)
    if set.why or (refused[way] or packet.number) < packet.number then
      note(set.why and "Unknown framing" or "Behind what was refused", fields.refused, rest, set.why)
      break
    end
    local found = set.decode(bytes, at + 1, set)
    local next
    if found and not found.wrong then
      local first = at
      parts[#parts + 1] = function()
        said[#said + 1] = show(shown(), buffer, first, found)
      end
      next = at + found.size
    elseif found and set.resynchronise and set.resume then
      local begin = set.resume(bytes, at + 1, set, found)
      next = begin and begin - 1
      if next then
        note("Skipped " .. bytes_of(next - at), fields.skipped, buffer(at, next - at), found.wrong)
      end
    elseif found then
      refused[way] = refused[way] or packet.number
      note("Refused", fields.refused, rest, found.wrong)
      break
    end
    if not next then
      packet.desegment_offset = at
      packet.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
      -- What is missing belongs to bytes before the last segment: Wireshark gives all of them
      -- again with the next one, and what they have would be shown twice.
      local last = segment_length()
      if last and at <= #bytes - last.value then
        parts = {}
      end
      break
    end
    at = next
  end
  for _, part in ipairs(parts) do
    part()
  end
  if #said > 0 then
    packet.cols.protocol = "framed"
    packet.cols.info = table.concat(said, ", ")
  end
  return #bytes
end

DissectorTable.get("tcp.port"):add_for_decode_as(protocol)
