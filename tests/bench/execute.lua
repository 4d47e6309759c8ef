-- SPDX-License-Identifier: Apache-2.0
--
-- wrk with one session per thread, so that no client waits for another's run.
-- SESSIONS, TOKEN, BODY (with ID for the session's) and WANT come from the environment; the last
-- line printed is JSON.

local threads = {}

function setup(thread)
	thread:set("number", #threads + 1)
	table.insert(threads, thread)
end

function init()
	local ids = {}
	for id in os.getenv("SESSIONS"):gmatch("%x+") do
		table.insert(ids, id)
	end
	wrong, example = 0, ""
	want = os.getenv("WANT")
	text = wrk.format("POST", "/execute", {
		["Content-Type"] = "application/json",
		["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
	}, (os.getenv("BODY"):gsub("ID", ids[(number - 1) % #ids + 1])))
end

function request()
	return text
end

function response(status, _, body)
	if status ~= 200 or not body:find(want, 1, true) then
		wrong = wrong + 1
		example = status .. " " .. body:sub(1, 200)
	end
end

function done(summary, latency)
	local all = 0
	for _, thread in ipairs(threads) do
		all = all + thread:get("wrong")
		if thread:get("wrong") > 0 then
			io.stderr:write("wrong answer: " .. thread:get("example") .. "\n")
		end
	end
	local e = summary.errors
	print(string.format(
		'{"requests":%d,"seconds":%.3f,"wrong":%d,"p50":%.3f,"p90":%.3f,"p99":%.3f,"max":%.3f}',
		summary.requests, summary.duration / 1e6,
		all + e.connect + e.read + e.write + e.timeout,
		latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
		latency:percentile(99) / 1e3, latency.max / 1e3))
end
