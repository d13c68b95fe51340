-- SPDX-License-Identifier: Apache-2.0
--
-- Sends random requests from the file BENCH_TARGETS. A line has method, path, token and body, separated by tabs. The requests are built
-- before the measurement starts, to save CPU time of the client.

local requests = {}

function init(args)
    math.randomseed(tonumber(os.getenv("BENCH_SEED") or "1"))
    for line in io.lines(os.getenv("BENCH_TARGETS")) do
        local method, path, token, body = line:match("^(%S+)\t(%S+)\t(%S*)\t?(.*)$")
        local headers = {}
        if token ~= "" then
            headers["Authorization"] = "Bearer " .. token
        end
        if body ~= "" then
            headers["Content-Type"] = "application/json"
        end
        requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
end

function request()
    return requests[math.random(#requests)]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("BENCH requests=%d us=%d bytes=%d failures=%d p50=%.0f p99=%.0f\n", summary.requests,
        summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
        latency:percentile(50), latency:percentile(99)))
end
