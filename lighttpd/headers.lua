-- SPDX-License-Identifier: Apache-2.0
--
-- Runs before each answer leaves. The gateway's have all of this; lighttpd's own errors get it here.
local version = "0.1.0"
local answer, asked = lighty.r.resp_header, lighty.r.req_header
local status = lighty.r.req_item.http_status

if answer["X-Request-ID"] then
	return
end

local function random_id()
	local id = string.gsub("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx", "[xy]", function(c)
		local n = lighty.c.rand() % 16
		return string.format("%x", c == "x" and n or n % 4 + 8)
	end)
	return id
end

local id = asked["X-Request-ID"] or ""

if #id > 128 or not string.match(id, "^[%w._-]+$") then
	id = random_id()
end
answer["X-Request-ID"] = id
answer["X-Code-Execution-Version"] = version
answer["X-Code-Execution-Version-Tag"] = "v" .. version
answer["Cache-Control"] = "no-store"
answer["X-Content-Type-Options"] = "nosniff"
if status == 429 or status == 503 then
	answer["Retry-After"] = "1"
end
