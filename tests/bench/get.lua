-- SPDX-License-Identifier: Apache-2.0
-- wrk as it is, with its numbers as JSON in the last line. With REFUSED only errors are right.

function done(summary, latency)
	local e = summary.errors
	local wrong = os.getenv("REFUSED") and summary.requests - e.status or e.status
	print(string.format(
		'{"requests":%d,"seconds":%.3f,"wrong":%d,"p50":%.3f,"p90":%.3f,"p99":%.3f,"max":%.3f}',
		summary.requests, summary.duration / 1e6,
		wrong + e.connect + e.read + e.write + e.timeout,
		latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
		latency:percentile(99) / 1e3, latency.max / 1e3))
end
