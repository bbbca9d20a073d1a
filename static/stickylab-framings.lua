-- The framings of Sticky Packet Lab as decoders, for stickylab-framed.lua, which has to
-- stand beside this file. Loaded by itself it does nothing.

local bits = bit or bit32
local XOR, SHIFT = bits.bxor, bits.rshift
local MAX_LINE = 8192 -- bytes of a line of the chunked coding

local function wrong(at, why)
  return { wrong = why, at = at }
end

local function too_large(at, length, maximum)
  return wrong(at, string.format("%.0f is more than the maximum of %d bytes", length, maximum))
end

-- A number of bytes, the first the highest.
local function number(bytes, big)
  local value = 0
  for index = 1, #bytes do
    value = value * 256 + bytes:byte(big and index or #bytes + 1 - index)
  end
  return value
end

local function crc(bytes, polynomial, value)
  for index = 1, #bytes do
    value = XOR(value, bytes:byte(index))
    for _ = 1, 8 do
      local low = value % 2
      value = SHIFT(value, 1)
      value = low == 1 and XOR(value, polynomial) or value
    end
  end
  return value % 4294967296
end

local CHECKSUMS = {
  none = { 0 },
  sum8 = { 1, function(bytes)
    local sum = 0
    for index = 1, #bytes do
      sum = (sum + bytes:byte(index)) % 256
    end
    return sum
  end },
  xor8 = { 1, function(bytes)
    local value = 0
    for index = 1, #bytes do
      value = XOR(value, bytes:byte(index))
    end
    return value
  end },
  ["crc16-modbus"] = { 2, function(bytes)
    return crc(bytes, 0xa001, 0xffff)
  end },
  ["crc16-ccitt-false"] = { 2, function(bytes)
    local value = 0xffff
    for index = 1, #bytes do
      value = XOR(value, bytes:byte(index) * 256)
      for _ = 1, 8 do
        value = value >= 0x8000 and XOR(value * 2, 0x11021) or value * 2
      end
    end
    return value
  end },
  crc32 = { 4, function(bytes)
    return 4294967295 - crc(bytes, 0xedb88320, 4294967295)
  end },
}

-- Decoders: given all bytes that have come, where a frame begins among them (the first is
-- 1), and the settings, they give the frame, what is wrong, or nothing: more has to come.
-- `resume` gives where a frame may begin behind one that is wrong.

-- The number in a length field and the field's size.
local function length_of(bytes, at, set)
  if set.width == "varint" then
    local value, scale = 0, 1
    for size = 1, 10 do
      local byte = bytes:byte(at + size - 1)
      if not byte then
        return nil
      end
      value, scale = value + byte % 128 * scale, scale * 128
      if byte < 128 then
        return value, size
      end
    end
    return wrong(at, "the length is no varint: 10 bytes and none of them ends it")
  elseif set.width == "decimal" then
    local digits = at <= #bytes and bytes:match("^%d*", at) or ""
    if #digits > 20 then
      return too_large(at, tonumber(digits), set.maximum)
    end
    for index = 1, #set.separator do
      local byte = bytes:byte(at + #digits + index - 1)
      if not byte then
        return nil
      elseif #digits == 0 or byte ~= set.separator:byte(index) then
        return wrong(at + #digits + index - 1, "a length is digits")
      end
    end
    return tonumber(digits), #digits + #set.separator
  elseif #bytes < at + set.width - 1 then
    return nil
  end
  local value = number(bytes:sub(at, at + set.width - 1), set.endian == "big")
  local half = 256 ^ set.width / 2
  return set.signed and value >= half and value - 2 * half or value, set.width
end

local function length_prefix(bytes, from, set)
  local begun = bytes:sub(from, from + #set.magic - 1)
  if begun ~= set.magic:sub(1, #begun) then
    return wrong(from, "the frame does not begin with its magic")
  end
  local at = from + set.offset
  local length, width = length_of(bytes, at, set)
  if not width then
    return length
  end
  local is_fixed = type(set.width) == "number"
  local header = set.offset + width
  local strip = is_fixed and set.strip or header
  local own = is_fixed and set["counts-header"] and header or 0
  local body = length - own + set.adjustment
  if length < 0 then
    return wrong(at, string.format("the length %.0f is negative", length))
  elseif body < math.max(strip - header, 0) then
    return wrong(at, string.format("the length %.0f is less than what it counts", length))
  elseif body > set.maximum then
    return too_large(at, length, set.maximum)
  end
  local sum = CHECKSUMS[set.checksum]
  local trailer = set.trailer == 0 and sum[1] or set.trailer
  local size = header + body + trailer
  if #bytes - from + 1 < size then
    return nil
  end
  if sum[1] > 0 then
    local first = set.covers == "frame" and from or from + header
    local computed = sum[2](bytes:sub(first, from + header + body - 1))
    local last = from + size - 1
    local order = set["checksum-endian"] or set.endian
    local said = number(bytes:sub(last - sum[1] + 1, last), order == "big")
    if said ~= computed then
      return wrong(last - sum[1] + 1, string.format("the checksum 0x%02x should be 0x%02x", said, computed))
    end
  end
  strip = math.min(strip, header + body)
  return { size = size, header = strip, length = header + body - strip }
end

-- Where the message ends that begins at `from`: the delimiter's place and size, else how
-- far the search went. Escapes before it are counted.
local function end_of(bytes, from, set)
  local at, escapes = from, 0
  if not set.escape and #set.delimiter == 1 then
    local found = bytes:find(set.delimiter[1], from, true)
    local searched = math.max(from, #bytes - #set.delimiter[1] + 2)
    return found or searched, found and #set.delimiter[1], 0
  end
  while true do
    at = bytes:find(set.begins, at)
    if not at then
      return #bytes + 1, nil, escapes
    elseif bytes:byte(at) == set.escape then
      if at == #bytes then
        return at, nil, escapes
      end
      at, escapes = at + 2, escapes + 1
    else
      local longest, may_be_longer
      local rest = bytes:sub(at)
      for _, mark in ipairs(set.delimiter) do
        if rest:sub(1, #mark) == mark then
          longest = math.max(longest or 0, #mark)
        elseif #mark > #rest and mark:sub(1, #rest) == rest then
          may_be_longer = true
        end
      end
      if may_be_longer then
        return at, nil, escapes
      elseif longest then
        return at, longest, escapes
      end
      at = at + 1
    end
  end
end

local function delimited(bytes, from, set)
  local at, size, escapes = end_of(bytes, from, set)
  if at - from - escapes > set.maximum then
    return too_large(from, at - from - escapes, set.maximum)
  elseif not size then
    return nil
  end
  local kept = set.keep and size or 0
  local frame = { size = at - from + size, header = 0, length = at - from + kept }
  if escapes > 0 then
    local message = bytes:sub(from, at - 1):gsub(set.escaped, "%1")
    frame.meaning = message .. bytes:sub(at, at + kept - 1)
  end
  return frame
end

local function behind_delimiter(bytes, from, set)
  local at, size = end_of(bytes, from, set)
  return size and at + size
end

local SLIP = { [0xdc] = "end", [0xdd] = "escape", [0xde] = "start" }

local function marked(bytes, from, set)
  local at, header, count, is_within, is_escaped = from, 0, 0, false, false
  local pieces = {}
  local function keep(piece)
    pieces[#pieces + 1] = piece
    count = count + #piece
  end
  while at <= #bytes do
    local byte = bytes:byte(at)
    local is_mark = byte == set["end"] or byte == set.start
    local here = at
    if is_escaped then
      local one = set.escaping == "xor" and XOR(byte, 0x20) or set[SLIP[byte] or ""]
      if is_mark or not one then
        return wrong(at, string.format("0x%02x means nothing behind an escape", byte))
      end
      keep(string.char(one))
      is_escaped, at = false, at + 1
    elseif byte == set["end"] and is_within then
      local size = at - from - header
      local message = table.concat(pieces)
      return { size = at - from + 1, header = header, length = size, meaning = #message ~= size and message or nil }
    elseif is_mark and (is_within or set.start and byte ~= set.start) then
      return wrong(at, string.format("0x%02x is a mark, and out of place", byte))
    elseif is_mark then
      is_within, header, at = set.start ~= nil, header + 1, at + 1
    elseif set.start and not is_within then
      return wrong(at, string.format("0x%02x stands where a frame should start", byte))
    elseif byte == set.escape then
      is_escaped, is_within, at = true, true, at + 1
    else
      local next = bytes:find(set.begins, at) or #bytes + 1
      keep(bytes:sub(at, next - 1))
      is_within, at = true, next
    end
    if count > set.maximum then
      return too_large(here, count, set.maximum)
    end
  end
end

local function behind_mark(bytes, _, set, error)
  local at = bytes:find(string.char(set.start or set["end"]), error.at, true)
  return at and (set.start and at or at + 1)
end

local function cobs(bytes, from, set)
  local header = #bytes:match("^%z*", from)
  local first = from + header
  local zero = bytes:find("\0", first, true)
  local size = (zero or #bytes + 1) - first
  if size > set.maximum + math.floor(set.maximum / 254) + 1 then
    return too_large(first, set.maximum + 1, set.maximum)
  elseif not zero then
    return nil
  end
  local pieces, at = {}, first
  while at < zero do
    local code = bytes:byte(at)
    if at + code > zero then
      return wrong(at, string.format("0x%02x points out of its frame", code))
    end
    pieces[#pieces + 1] = bytes:sub(at + 1, at + code - 1)
    at = at + code
    if code < 255 and at < zero then
      pieces[#pieces + 1] = "\0"
    end
  end
  local message = table.concat(pieces)
  if #message > set.maximum then
    return too_large(first, set.maximum + 1, set.maximum)
  end
  return { size = header + size + 1, header = header, length = size, meaning = message }
end

local function behind_zero(bytes, from)
  local first = from + #bytes:match("^%z*", from)
  local zero = bytes:find("\0", first, true)
  return zero and zero + 1
end

-- Where a line ends that begins there.
local function line(bytes, from)
  local at = bytes:find("\n", from, true)
  if (at or #bytes + 1) - from > MAX_LINE then
    return too_large(from, MAX_LINE + 1, MAX_LINE)
  elseif at and (at == from or bytes:byte(at - 1) ~= 13) then
    return wrong(at, "a line ends with CR LF")
  end
  return at
end

local function chunked(bytes, from, set)
  local digits = bytes:match("^%x*", from)
  local size = tonumber(digits, 16) or 0
  if #digits > 16 or size > set.maximum then
    return too_large(from, size, set.maximum)
  end
  local behind = bytes:sub(from + #digits, from + #digits)
  if behind ~= "" and (#digits == 0 or not behind:match("[;\r \t]")) then
    return wrong(from + #digits, "a size is hexadecimal digits")
  end
  local at = line(bytes, from)
  if type(at) ~= "number" then
    return at
  end
  local header = at - from + 1
  if size == 0 then
    local first = at + 1
    repeat
      local start = at + 1
      at = line(bytes, start)
      if type(at) ~= "number" then
        return at
      elseif at - first + 1 > MAX_LINE and at - start ~= 1 then
        return too_large(first, MAX_LINE + 1, MAX_LINE)
      end
    until at - start == 1
    return { size = at - from + 1, header = header, length = 0 }
  end
  local ending = bytes:sub(from + header + size, from + header + size + 1)
  if ending ~= ("\r\n"):sub(1, #ending) then
    return wrong(from + header + size, "a chunk ends with CR LF")
  end
  return #ending == 2 and { size = header + size + 2, header = header, length = size } or nil
end

-- Brackets, texts and words are looked at, not the whole grammar.
local function json(bytes, from, set)
  local first = bytes:find("[^ \t\r\n]", from)
  local at, depth, ending = first, 0, nil
  while at and at <= #bytes and not ending do
    local char = bytes:sub(at, at)
    if depth == 0 and at > first and char:match('[%s"{%[]') then
      ending = at - 1
    elseif char == '"' then
      local quote = at
      repeat
        quote = bytes:find('["\\]', quote + 1)
        local is_escape = quote and bytes:byte(quote) == 92
        quote = is_escape and quote + 1 or quote
      until not quote or not is_escape
      at = quote or #bytes + 1
      ending = quote and depth == 0 and quote or nil
    elseif char:match("[{%[]") then
      depth = depth + 1
    elseif char:match("[}%]]") then
      depth = math.max(depth - 1, 0)
      ending = depth == 0 and at or nil
    end
    at = at + 1
  end
  if first and (ending or #bytes) - first + 1 > set.maximum then
    return too_large(first, set.maximum + 1, set.maximum)
  elseif not ending then
    return nil
  end
  local value = bytes:sub(first, ending)
  local is_word = value == "true" or value == "false" or value == "null" or value:match("^%-?%d")
  if not is_word and not value:match('^[{%["]') then
    return wrong(first, "the value is not JSON")
  end
  return { size = ending - from + 1, header = first - from, length = #value }
end

local function fixed_size(bytes, from, set)
  if #bytes - from + 1 < set.size then
    return nil
  end
  local length = set.size
  while length > 0 and bytes:byte(from + length - 1) == set.pad do
    length = length - 1
  end
  if length > set.maximum then
    return too_large(from, length, set.maximum)
  end
  return { size = set.size, header = 0, length = length }
end

local function none(bytes, from)
  return { size = #bytes - from + 1, header = 0, length = #bytes - from + 1 }
end

return {
  ["length-prefix"] = {
    decode = length_prefix,
    resume = function(bytes, from, set)
      return bytes:find(set.magic, from + 1, true)
    end,
    defaults = {
      offset = 0,
      width = 4,
      endian = "little",
      signed = true,
      ["counts-header"] = false,
      adjustment = 0,
      strip = false,
      separator = ":",
      magic = "",
      trailer = 0,
      checksum = "none",
      covers = "body",
      ["checksum-endian"] = false,
    },
  },
  delimiter = {
    decode = delimited,
    resume = behind_delimiter,
    defaults = { delimiter = { "\n" }, keep = false, escape = false },
  },
  marked = {
    decode = marked,
    resume = behind_mark,
    defaults = { start = false, ["end"] = 0xc0, escape = 0xdb, escaping = "slip" },
  },
  cobs = { decode = cobs, resume = behind_zero, defaults = {} },
  chunked = { decode = chunked, defaults = {} },
  json = { decode = json, defaults = {} },
  ["fixed-size"] = { decode = fixed_size, defaults = { size = 16, pad = 32 } },
  none = { decode = none, defaults = {} },
}
